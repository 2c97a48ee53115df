WITH user_schema AS (
    SELECT oid, nspname
    FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      AND nspname !~ '^pg_(toast_)?temp_'
),
relation AS (
    SELECT c.oid, c.relkind, n.nspname::text AS schema, c.relname::text AS name
    FROM pg_class c
    JOIN user_schema n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
)
SELECT 'schema' AS kind, NULL::text AS schema, nspname::text AS name, NULL::text AS col
FROM user_schema
UNION ALL
SELECT CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, schema, name, NULL
FROM relation
UNION ALL
SELECT 'column', r.schema, r.name, a.attname::text
FROM relation r
JOIN pg_attribute a ON a.attrelid = r.oid
WHERE r.relkind <> 'S' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL -- distinguished by the types of their input arguments, as privileges on them are read
SELECT 'function', n.nspname::text,
       format('%s(%s)', p.proname, (
           SELECT string_agg(format_type(a.type, NULL), ', ' ORDER BY a.place)
           FROM unnest(p.proargtypes) WITH ORDINALITY a (type, place))),
       NULL
FROM pg_proc p
JOIN user_schema n ON n.oid = p.pronamespace
UNION ALL
SELECT 'type', n.nspname::text, t.typname::text, NULL
FROM pg_type t
JOIN user_schema n ON n.oid = t.typnamespace
WHERE t.typtype <> 'm' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid)
UNION ALL
SELECT 'database', NULL, datname::text, NULL FROM pg_database
UNION ALL
SELECT 'language', NULL, lanname::text, NULL FROM pg_language
UNION ALL
SELECT 'foreign_data_wrapper', NULL, fdwname::text, NULL FROM pg_foreign_data_wrapper
UNION ALL
SELECT 'foreign_server', NULL, srvname::text, NULL FROM pg_foreign_server
UNION ALL
SELECT 'large_object', NULL, oid::text, NULL FROM pg_largeobject_metadata
UNION ALL
SELECT 'tablespace', NULL, spcname::text, NULL FROM pg_tablespace
ORDER BY 1, 2, 3, 4
