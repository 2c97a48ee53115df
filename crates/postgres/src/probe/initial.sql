-- What PUBLIC and the predefined roles were given when the cluster or an extension was made, outside the system's schemas.
-- grantee: NULL is PUBLIC.
SELECT r.rolname::text AS grantee,
       CASE
           WHEN s.oid IS NOT NULL THEN 'schema'
           WHEN f.oid IS NOT NULL THEN 'function'
           WHEN a.attname IS NOT NULL THEN 'column'
           WHEN c.relkind = 'S' THEN 'sequence'
           ELSE 'table'
       END AS kind,
       n.nspname::text AS schema,
       coalesce(s.nspname::text, c.relname::text, f.proname || '(' || oidvectortypes(f.proargtypes) || ')') AS name,
       a.attname::text AS column,
       x.privilege_type AS privilege
FROM pg_init_privs p
CROSS JOIN LATERAL aclexplode(p.initprivs) x
LEFT JOIN pg_roles r ON r.oid = x.grantee
LEFT JOIN pg_namespace s ON p.classoid = 'pg_namespace'::regclass AND s.oid = p.objoid
LEFT JOIN pg_class c ON p.classoid = 'pg_class'::regclass AND c.oid = p.objoid
LEFT JOIN pg_proc f ON p.classoid = 'pg_proc'::regclass AND f.oid = p.objoid
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.objsubid AND p.objsubid <> 0
LEFT JOIN pg_namespace n ON n.oid IN (c.relnamespace, f.pronamespace)
WHERE (x.grantee = 0 OR x.grantee <> 10 AND x.grantee < 16384)
  AND (s.oid IS NOT NULL OR c.oid IS NOT NULL OR f.oid IS NOT NULL)
  AND coalesce(s.nspname, n.nspname) NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
