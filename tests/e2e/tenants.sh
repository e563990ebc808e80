# What the scenarios of the change over tenants share: six of them. Sourced after lib.sh.

tenants_up() {
    lab_up
    # Names that have to be quoted, in an order that is not that of their making.
    for tenant in tenant_c tenant_canary 'tenant_a b' 'tenant_d"d' "tenant_e'e" tenant_F; do
        psql -XqAt -v ON_ERROR_STOP=1 -v "tenant=$tenant" -h "$sockets" -U operator -d shop <<'END'
CREATE SCHEMA :"tenant" AUTHORIZATION app;
SET ROLE app;
CREATE TABLE :"tenant".invoices (id bigint PRIMARY KEY, issued_at timestamptz NOT NULL, total numeric NOT NULL);
INSERT INTO :"tenant".invoices SELECT n, now() - n * interval '1 hour', n FROM generate_series(1, 500) n;
END
    done
}
