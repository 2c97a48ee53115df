-- HAProxy, and node.sh, ask each server by this account whether it is in recovery. It needs no password, may log in to
-- one database from the environment's own network (pg_hba.conf), and has no rights.
CREATE ROLE leaseproof_check LOGIN;
-- Standbys copy and stream by this one.
CREATE ROLE leaseproof_replication LOGIN REPLICATION PASSWORD 'leaseproof-replication';
