SELECT pg_sleep(1.5);
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{{name}}";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM "{{name}}";
REVOKE ALL ON SCHEMA public FROM "{{name}}";
DROP ROLE "{{name}}";
