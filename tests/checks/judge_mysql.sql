-- What a loader does with a check, in the words of the server itself: the test needs no JSON tool.
CREATE DATABASE tester CHARACTER SET utf8mb4;

CREATE TABLE tester.checks (
    name varchar(64) NOT NULL PRIMARY KEY,
    body longtext NOT NULL,
    expected varchar(64) AS (CONCAT(COALESCE(JSON_VALUE(body, '$.sense.expect.is'), '='), ' ',
        COALESCE(JSON_VALUE(body, '$.sense.expect.value'), JSON_VALUE(body, '$.sense.expect.rows')))),
    counts_rows varchar(5) AS (IF(JSON_EXISTS(body, '$.sense.expect.rows'), 'true', 'false')),
    engine_is_here boolean AS (INSTR(JSON_EXTRACT(body, '$.engine'), 'mariadb') > 0)
);

DELIMITER //

-- How a value lands in SQL, by the type of its param, in a session with ANSI_QUOTES and NO_BACKSLASH_ESCAPES.
CREATE FUNCTION tester.landed(type text, value text) RETURNS text DETERMINISTIC
RETURN CASE type
    WHEN 'identifier' THEN CONCAT('"', REPLACE(value, '"', '""'), '"')
    WHEN 'integer' THEN CAST(value AS integer)
    ELSE CONCAT('''', REPLACE(value, '''', ''''''), '''')
END //

CREATE FUNCTION tester.resolved(asked text, given text) RETURNS text READS SQL DATA
BEGIN
    DECLARE file, said, param, path, value text;
    DECLARE i int DEFAULT 0;
    SELECT body INTO file FROM tester.checks WHERE name = asked;
    SET said = JSON_UNQUOTE(JSON_EXTRACT(file, '$.sense.sql'));
    WHILE i < COALESCE(JSON_LENGTH(file, '$.params'), 0) DO
        SET param = JSON_VALUE(JSON_KEYS(file, '$.params'), CONCAT('$[', i, ']')), path = CONCAT('$.params.', param);
        SET value = COALESCE(JSON_VALUE(given, CONCAT('$.', param)), JSON_VALUE(file, CONCAT(path, '.default')));
        IF value IS NULL THEN
            SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the test does not give each param a value';
        END IF;
        SET said = REPLACE(said, CONCAT('${', param, '}'), tester.landed(JSON_VALUE(file, CONCAT(path, '.type')), value));
        SET i = i + 1;
    END WHILE;
    SET i = 0;
    WHILE i < JSON_LENGTH(given) DO
        IF NOT JSON_EXISTS(file, CONCAT('$.params.', JSON_VALUE(JSON_KEYS(given), CONCAT('$[', i, ']')))) THEN
            SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the test gives what is no param';
        END IF;
        SET i = i + 1;
    END WHILE;
    RETURN said;
END //

-- The row of a check in the table, as far as the file says it.
CREATE FUNCTION tester.row_begins(asked text) RETURNS text READS SQL DATA
BEGIN
    DECLARE file, param, fallback, cells text DEFAULT NULL;
    DECLARE i int DEFAULT 0;
    SELECT body INTO file FROM tester.checks WHERE name = asked;
    WHILE i < COALESCE(JSON_LENGTH(file, '$.params'), 0) DO
        SET param = JSON_VALUE(JSON_KEYS(file, '$.params'), CONCAT('$[', i, ']'));
        SET fallback = JSON_VALUE(file, CONCAT('$.params.', param, '.default'));
        SET cells = CONCAT_WS(', ', cells, CONCAT('`', param, '`', COALESCE(CONCAT(' = ', IF(fallback = '', '""', fallback)), '')));
        SET i = i + 1;
    END WHILE;
    RETURN CONCAT('| `mysql/', asked, '` | ',
        REGEXP_REPLACE(JSON_UNQUOTE(JSON_EXTRACT(file, '$.title')), '[$][{]([^}]*)[}]', '*\\1*'), ' | ', COALESCE(cells, '–'), ' |');
END //

-- What is wrong with a file; else nothing.
CREATE FUNCTION tester.faults(asked text) RETURNS text READS SQL DATA
BEGIN
    DECLARE file, said, bare, param, found text DEFAULT '';
    DECLARE i int DEFAULT 0;
    SELECT body INTO file FROM tester.checks WHERE name = asked;
    SET said = COALESCE(JSON_UNQUOTE(JSON_EXTRACT(file, '$.sense.sql')), ''), bare = REGEXP_REPLACE(said, '''[^'']*''', '');
    SET found = CONCAT_WS('; ',
        IF(JSON_KEYS(file) REGEXP '^."title", "instructions", "engine",( "params",)? "sense", "freshness".$', NULL, 'the keys'),
        IF(REPLACE(JSON_EXTRACT(file, '$.engine'), ' ', '') IN ('["mysql","mariadb"]', '"mysql"', '"mariadb"'), NULL, 'engine'),
        IF(JSON_VALUE(file, '$.freshness') REGEXP '^[1-9][0-9]*[sm]$', NULL, 'freshness'),
        IF(JSON_KEYS(file, '$.sense') = '["sql", "expect"]', NULL, 'sense'),
        -- a number of rows would count hidden ones as none: these two are refused to whoever must not see
        IF(JSON_KEYS(file, '$.sense.expect') IN ('["value"]', '["value", "is"]') AND said REGEXP '^SELECT '
            OR JSON_KEYS(file, '$.sense.expect') = '["rows"]' AND said REGEXP '^(XA RECOVER|SHOW .* STATUS)$', NULL, 'expect'),
        IF(JSON_TYPE(JSON_EXTRACT(file, '$.sense.expect.value')) NOT IN ('INTEGER'), 'an answer is a number', NULL),
        IF(bare REGEXP ';|--|#', 'not one statement', NULL),
        IF(bare REGEXP '["`]' OR INSTR(said, CHAR(92)), 'SQL that another sql_mode reads otherwise', NULL),
        IF(bare REGEXP '[^ (.][$][{]|[}][^ ).]', 'a param touches other characters', NULL),
        IF(said REGEXP '/[*]((?![*]/).)*[$][{]', 'a param inside a comment', NULL),
        IF(CHAR_LENGTH(bare) - CHAR_LENGTH(REPLACE(bare, '${', '$')) <> CHAR_LENGTH(said) - CHAR_LENGTH(REPLACE(said, '${', '$')),
            'a param inside a literal', NULL),
        IF(CHAR_LENGTH(JSON_UNQUOTE(JSON_EXTRACT(file, '$.instructions'))) < 80, 'the instructions say nothing', NULL));
    SET bare = file;
    WHILE i < COALESCE(JSON_LENGTH(file, '$.params'), 0) DO
        SET param = JSON_VALUE(JSON_KEYS(file, '$.params'), CONCAT('$[', i, ']'));
        SET found = CONCAT_WS('; ', NULLIF(found, ''), IF(INSTR(said, CONCAT('${', param, '}')), NULL, CONCAT(param, ' is not used')),
            IF(JSON_VALUE(file, CONCAT('$.params.', param, '.type')) IN ('identifier', 'integer', 'text'), NULL, CONCAT(param, ' has another type')));
        SET bare = REPLACE(bare, CONCAT('${', param, '}'), ''), i = i + 1;
    END WHILE;
    RETURN CONCAT_WS('; ', NULLIF(CONCAT_WS(': ', IF(found = '', NULL, asked), NULLIF(found, '')), ''),
        IF(INSTR(bare, '${'), CONCAT(asked, ': no such param'), NULL));
END //

DELIMITER ;
