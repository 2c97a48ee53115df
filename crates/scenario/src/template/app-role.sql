CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';
GRANT USAGE ON SCHEMA public TO "{{name}}";
GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO "{{name}}";
GRANT USAGE, SELECT ON SEQUENCE orders_id_seq TO "{{name}}";
