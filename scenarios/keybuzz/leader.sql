-- On the leader, as its bootstrap superuser.
CREATE ROLE vault_admin WITH LOGIN PASSWORD 'keybuzz-superuser-password' SUPERUSER;
CREATE DATABASE keybuzz;
CREATE ROLE keybuzz_api NOLOGIN;
CREATE ROLE chatwoot NOLOGIN;
CREATE ROLE n8n NOLOGIN;
CREATE ROLE keybuzz_workers NOLOGIN;
