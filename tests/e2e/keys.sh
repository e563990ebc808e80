# What the scenarios of the widened key share: the tables that it is in. Sourced after lib.sh.

rows=${rows-20000}

# The tables as the book knows them; the lab's have bigint keys already.
integer_tables() {
    sql "SET client_min_messages = error; DROP TABLE users, orders; SET ROLE app;
        CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE orders (id bigserial PRIMARY KEY, user_id integer NOT NULL REFERENCES users, total numeric(12,2) NOT NULL);
        CREATE INDEX orders_user_id_idx ON orders (user_id);
        INSERT INTO users (email) SELECT 'user' || n FROM generate_series(1, $rows) n;
        INSERT INTO orders (user_id, total) SELECT 1 + n * 7919 % $rows, n / 100.0 FROM generate_series(1, $rows) n"
}
