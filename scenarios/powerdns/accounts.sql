-- Vault's own account: it makes roles, and hands on what it holds itself. It is no superuser.
CREATE ROLE vaultuser WITH LOGIN CREATEDB CREATEROLE PASSWORD 'vaultpass';
GRANT USAGE ON SCHEMA public TO vaultuser WITH GRANT OPTION;
GRANT ALL PRIVILEGES ON
    domains, records, supermasters, comments, domainmetadata, cryptokeys, tsigkeys
    TO vaultuser WITH GRANT OPTION;
GRANT ALL PRIVILEGES ON SEQUENCE
    domains_id_seq, records_id_seq, comments_id_seq, domainmetadata_id_seq, cryptokeys_id_seq, tsigkeys_id_seq
    TO vaultuser WITH GRANT OPTION;

-- The monitoring agent logs in as this role; without it PostgreSQL's log fills with refusals.
CREATE ROLE netdata WITH LOGIN;
