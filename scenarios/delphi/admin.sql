-- What the document grants to the account that Vault uses. It is the bootstrap superuser: none of it changes anything.
GRANT CREATE ON DATABASE delphi TO postgres;
GRANT ALL PRIVILEGES ON SCHEMA public TO postgres;
ALTER USER postgres CREATEROLE;
