CREATE TABLE orders (
    id     serial PRIMARY KEY,
    placed timestamptz NOT NULL DEFAULT now(),
    item   text NOT NULL
);

-- Vault's own account: it makes roles, and hands on what it holds itself. It is no superuser.
CREATE ROLE vaultadmin WITH LOGIN CREATEROLE PASSWORD 'change-this-password';
GRANT USAGE ON SCHEMA public TO vaultadmin WITH GRANT OPTION;
GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO vaultadmin WITH GRANT OPTION;
GRANT USAGE, SELECT ON SEQUENCE orders_id_seq TO vaultadmin WITH GRANT OPTION;
