-- An application's database, and Vault's own account on it: it makes roles, and hands on what it holds itself. It is
-- no superuser.
CREATE ROLE vault LOGIN CREATEROLE PASSWORD 'leaseproof-vault';
CREATE DATABASE shop;
\connect shop
CREATE TABLE orders (id serial PRIMARY KEY, what text NOT NULL, made timestamptz NOT NULL DEFAULT now());
INSERT INTO orders (what) VALUES ('tea'), ('cake');
GRANT ALL ON orders TO vault WITH GRANT OPTION;
GRANT ALL ON SEQUENCE orders_id_seq TO vault WITH GRANT OPTION;
