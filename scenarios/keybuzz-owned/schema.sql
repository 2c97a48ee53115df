-- The application's own schema, which its role may make tables in.
CREATE SCHEMA app;
GRANT USAGE, CREATE ON SCHEMA app TO keybuzz_api;
