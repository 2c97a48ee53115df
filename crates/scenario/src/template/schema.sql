CREATE TABLE orders (
    id     serial PRIMARY KEY,
    placed timestamptz NOT NULL DEFAULT now(),
    item   text NOT NULL
);

-- Vault's own account: it makes roles, and hands on what it holds itself. It is no superuser. Vault's revocation takes every
-- privilege on these objects from a credential; PostgreSQL would warn about each that the account cannot grant.
CREATE ROLE vaultadmin WITH LOGIN CREATEROLE PASSWORD 'change-this-password';
GRANT CONNECT ON DATABASE shop TO vaultadmin WITH GRANT OPTION;
GRANT USAGE ON SCHEMA public TO vaultadmin WITH GRANT OPTION;
GRANT ALL PRIVILEGES ON orders TO vaultadmin WITH GRANT OPTION;
GRANT ALL PRIVILEGES ON SEQUENCE orders_id_seq TO vaultadmin WITH GRANT OPTION;
