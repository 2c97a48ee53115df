SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}';
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{{name}}";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM "{{name}}";
REVOKE ALL ON SCHEMA public FROM "{{name}}";
DROP ROLE "{{name}}";
