-- What the document's recovery leaves out: `vaultuser` can hand on only what it holds itself WITH GRANT OPTION.
GRANT USAGE ON SCHEMA public TO vaultuser WITH GRANT OPTION;
GRANT ALL PRIVILEGES ON
    domains, records, supermasters, comments, domainmetadata, cryptokeys, tsigkeys
    TO vaultuser WITH GRANT OPTION;
GRANT ALL PRIVILEGES ON SEQUENCE
    domains_id_seq, records_id_seq, comments_id_seq, domainmetadata_id_seq, cryptokeys_id_seq, tsigkeys_id_seq
    TO vaultuser WITH GRANT OPTION;
CREATE ROLE netdata WITH LOGIN;
