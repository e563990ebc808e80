-- What a loader does with a check, in the words of the server itself: the test needs no JSON tool.
CREATE SCHEMA tester;

-- How a value lands in SQL, by the type of its param.
CREATE FUNCTION tester.landed(type text, value text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE type
        WHEN 'identifier' THEN '"' || replace(value, '"', '""') || '"'
        WHEN 'integer' THEN value::bigint::text
        WHEN 'boolean' THEN value::boolean::text
        ELSE '''' || replace(value, '''', '''''') || ''''
    END
$$;

CREATE FUNCTION tester.resolved(body json, given json) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text := body #>> '{sense,sql}';
    param record;
BEGIN
    FOR param IN SELECT key, value ->> 'type' AS type, coalesce(given ->> key, value ->> 'default') AS value
        FROM json_each(coalesce(body -> 'params', '{}')) LOOP
        IF param.value IS NULL THEN
            RAISE 'the test gives no value for %', param.key;
        END IF;
        said := replace(said, '${' || param.key || '}', tester.landed(param.type, param.value));
    END LOOP;
    FOR param IN SELECT key FROM json_each(given) WHERE body -> 'params' -> key IS NULL LOOP
        RAISE 'the test gives %, which is no param', param.key;
    END LOOP;
    RETURN said;
END $$;

-- What the answer is held against, as in "<= 0".
CREATE FUNCTION tester.expected(body json) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(body #>> '{sense,expect,is}', '=') || ' ' || coalesce(body #>> '{sense,expect,value}', 'true')
$$;

CREATE FUNCTION tester.names(text text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT DISTINCT m[1] FROM regexp_matches(text, '[$][{]([^}]*)[}]', 'g') AS m
$$;

-- The statements in the instructions: "Find them: SELECT ...; SELECT ...", a line of their own.
CREATE FUNCTION tester.statements(body json) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT unnest(string_to_array(m[1], '; '))
    FROM regexp_split_to_table(body ->> 'instructions', E'\n') AS line, regexp_matches(line, '(?:Find|The list|Read) ?[^:]*: (SELECT.*)$') AS m
$$;

-- The row of a check in the table, as far as the file says it.
CREATE FUNCTION tester.row_begins(name text, body json) RETURNS text LANGUAGE sql AS $$
    SELECT format('| `pg/%s` | %s | %s |', name, regexp_replace(body ->> 'title', '[$][{]([^}]*)[}]', '*\1*', 'g'),
        coalesce((SELECT string_agg(format('`%s`', key) || coalesce(' = ' || coalesce(nullif(value ->> 'default', ''),
            CASE WHEN value ->> 'default' = '' THEN '""' END), ''), ', ') FROM json_each(body -> 'params')), '–'))
$$;

-- What is wrong with a file.
CREATE FUNCTION tester.faults(name text, body json) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT name || ': ' || fault FROM (
        SELECT 'the keys are ' || keys FROM (SELECT string_agg(key, ' ') AS keys FROM json_each(body)) AS k
        WHERE keys !~ '^title instructions engine( params)? sense freshness$'
        UNION ALL SELECT 'engine' WHERE body ->> 'engine' <> 'postgresql'
        UNION ALL SELECT 'freshness' WHERE body ->> 'freshness' !~ '^[1-9][0-9]*[sm]$'
        UNION ALL SELECT 'sense has ' || key FROM json_each(body -> 'sense') WHERE key NOT IN ('sql', 'expect')
        -- a number of rows would count hidden ones as none
        UNION ALL SELECT 'expect has ' || key FROM json_each(body #> '{sense,expect}') WHERE key NOT IN ('value', 'is')
        UNION ALL SELECT 'only numbers are compared so' WHERE body #>> '{sense,expect,is}' NOT IN ('=', '!=')
        AND json_typeof(coalesce(body #> '{sense,expect,value}', '0')) <> 'number'
        UNION ALL SELECT 'param ' || key || ' has the type ' || coalesce(value ->> 'type', 'none')
        FROM json_each(body -> 'params')
        WHERE coalesce(value ->> 'type', '') NOT IN ('identifier', 'integer', 'text', 'boolean', 'duration')
        UNION ALL SELECT 'the SQL does not use ' || key FROM json_each(body -> 'params')
        WHERE key NOT IN (SELECT tester.names(body #>> '{sense,sql}'))
        UNION ALL SELECT 'no param ' || used FROM tester.names(body::text) AS used WHERE body -> 'params' -> used IS NULL
        UNION ALL SELECT 'not one statement that only reads' WHERE body #>> '{sense,sql}' !~ '^(SELECT|WITH) [^;]*$'
        UNION ALL SELECT 'a param touches other characters'
        WHERE body #>> '{sense,sql}' ~ '[^ (.:][$][{]|[}][^ ).:,]'
        UNION ALL SELECT 'a param inside a literal'
        WHERE regexp_replace(body #>> '{sense,sql}', $q$'[^']*'$q$, '', 'g') !~
            ('^([^$]*[$][{]){' || (length(body #>> '{sense,sql}') -
                length(replace(body #>> '{sense,sql}', '${', ' '))) || '}[^$]*$')
        UNION ALL SELECT 'the instructions say nothing' WHERE length(body ->> 'instructions') < 80
    ) AS found(fault)
$$;
