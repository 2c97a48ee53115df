SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       c.relkind::text AS kind,
       EXISTS (
           SELECT FROM pg_trigger t
           WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 1 = 0
       ) AS statement_triggers,
       EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1') AS rules,
       ARRAY (
           SELECT a.attname::text FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           ORDER BY a.attnum
       ) AS columns,
       ARRAY (
           SELECT CASE
                      WHEN a.attgenerated <> '' THEN 'generated'
                      WHEN a.attidentity = 'a' THEN 'identity'
                      WHEN c.relkind = 'v' AND NOT pg_column_is_updatable(c.oid, a.attnum, true) THEN 'fixed'
                      ELSE 'plain'
                  END
           FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           ORDER BY a.attnum
       ) AS sorts
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND n.nspname !~ '^pg_(toast_)?temp_'
