CREATE TABLE things (id int);
CREATE ROLE vaultuser WITH LOGIN PASSWORD 'vaultuser-password' CREATEROLE;
GRANT SELECT ON things TO vaultuser WITH GRANT OPTION;
