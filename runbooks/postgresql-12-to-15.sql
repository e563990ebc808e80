-- What the move brings along. It is made on the old server and comes to the new one with the schema, so that both are
-- fenced and opened by the same words.
CREATE SCHEMA mig;

-- Beats on the server that is open, and is read on the other one.
CREATE TABLE mig.heartbeat (
    id integer PRIMARY KEY, n bigint NOT NULL, at timestamptz NOT NULL, beating boolean NOT NULL, position pg_lsn);
INSERT INTO mig.heartbeat VALUES (1, 0, clock_timestamp(), false, NULL);

-- What a fence took, as the statements that give it back. It is replicated like everything else: each server looks at
-- its own rows only.
CREATE TABLE mig.taken (server bigint, statement text, PRIMARY KEY (server, statement));

CREATE FUNCTION mig.server() RETURNS bigint LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT system_identifier FROM pg_control_system()
$$;

-- Large objects can be written in read-only transactions up to 15: only without these functions they cannot.
CREATE FUNCTION mig.large_object_functions() RETURNS SETOF oid LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
       AND proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite', 'lo_truncate', 'lo_truncate64', 'lo_unlink')
$$;

CREATE FUNCTION mig.remember(application name, writers name, readers name, shop name) RETURNS void
LANGUAGE sql SET search_path = pg_catalog AS $$
    INSERT INTO mig.taken
    SELECT mig.server(), format('GRANT %s ON %s %s TO %I%s', string_agg(a.privilege_type, ', '),
           CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass, r.rolname,
           CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
      FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.relnamespace = quote_ident(shop)::regnamespace AND r.rolname IN (application, writers)
       AND CASE c.relkind WHEN 'S' THEN a.privilege_type IN ('USAGE', 'UPDATE')
                          ELSE a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE') END
     GROUP BY c.oid, c.relkind, r.rolname, a.is_grantable
    UNION ALL
    SELECT mig.server(), format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', p.oid::regprocedure)
      FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
     WHERE p.oid IN (SELECT mig.large_object_functions()) AND a.grantee = 0
    UNION ALL
    SELECT mig.server(), format('GRANT %I TO %I%s GRANTED BY %s', writers, application,
           CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' END, m.grantor::regrole)
      FROM pg_auth_members m
     WHERE m.roleid = quote_ident(writers)::regrole AND m.member = quote_ident(application)::regrole
    UNION ALL
    SELECT mig.server(), format('REVOKE %I FROM %I', readers, application)
     WHERE NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = quote_ident(readers)::regrole
                          AND m.member = quote_ident(application)::regrole)
    ON CONFLICT DO NOTHING
$$;

-- The application may read and no more, whatever it sets for itself, in sessions old and new. Who fenced already is
-- fenced, and what was remembered stays.
CREATE FUNCTION mig.fence(application name, writers name, readers name, shop name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    writing oid;
BEGIN
    PERFORM mig.remember(application, writers, readers, shop);
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA %I FROM %I, %I', shop, writers, application);
    EXECUTE format('REVOKE USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA %I FROM %I, %I', shop, writers, application);
    EXECUTE format('GRANT %I TO %I', readers, application);
    EXECUTE format('REVOKE %I FROM %I', writers, application);
    FOR writing IN SELECT mig.large_object_functions() LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', writing::regprocedure);
    END LOOP;
    EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
END
$$;

CREATE FUNCTION mig.unfence() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    given_back text;
BEGIN
    FOR given_back IN SELECT statement FROM mig.taken WHERE server = mig.server() ORDER BY statement LOOP
        EXECUTE given_back;
    END LOOP;
    DELETE FROM mig.taken WHERE server = mig.server();
    EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database());
END
$$;

CREATE FUNCTION mig.is_fenced() RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
                    WHERE d.datname = current_database() AND s.setrole = 0
                      AND 'default_transaction_read_only=on' = ANY (s.setconfig))
$$;

-- A transaction that had written before the fence can still commit behind it.
CREATE FUNCTION mig.open_writers() RETURNS bigint LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL
               AND backend_type = 'client backend' AND pid <> pg_backend_pid())
         + (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database())
$$;

-- To be executed on the other server: a thousand numbers ahead of here, and never backwards.
CREATE FUNCTION mig.sequences_ahead(shop name) RETURNS SETOF text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT 'SET TRANSACTION READ WRITE'
    UNION ALL
    SELECT CASE WHEN increment_by > 0
           THEN format('SELECT setval(%L, least(greatest(%s, coalesce(last_value, 0)), max_value)) FROM pg_sequences WHERE schemaname = %L AND sequencename = %L',
                       name, last_value + 1000 * increment_by, schemaname, sequencename)
           ELSE format('SELECT setval(%L, greatest(least(%s, coalesce(last_value, 0)), min_value)) FROM pg_sequences WHERE schemaname = %L AND sequencename = %L',
                       name, last_value + 1000 * increment_by, schemaname, sequencename) END
      FROM pg_sequences, format('%I.%I', schemaname, sequencename) AS name
     WHERE last_value IS NOT NULL AND schemaname = shop
$$;

CREATE FUNCTION mig.views_to_refresh(shop name) RETURNS SETOF text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT 'SET TRANSACTION READ WRITE'
    UNION ALL
    SELECT format('REFRESH MATERIALIZED VIEW %I.%I', schemaname, matviewname) FROM pg_matviews WHERE schemaname = shop
$$;
