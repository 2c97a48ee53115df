CREATE DATABASE vault;
CREATE USER vaultadmin WITH PASSWORD 'supersecretpassword';
GRANT ALL PRIVILEGES ON DATABASE vault TO vaultadmin;
