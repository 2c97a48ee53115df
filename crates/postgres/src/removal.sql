-- Who granted the role something, on what. A column's privileges go with its table's.
WITH object AS (
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
           format('%I.%I', n.nspname, c.relname) AS name, c.relowner AS owner, c.relacl AS acl
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relacl IS NOT NULL
    UNION ALL
    SELECT 'TABLE', format('%I.%I', n.nspname, c.relname), c.relowner, a.attacl
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT 'SCHEMA', quote_ident(nspname), nspowner, nspacl FROM pg_catalog.pg_namespace
    UNION ALL
    SELECT 'DATABASE', quote_ident(datname), datdba, datacl FROM pg_catalog.pg_database
    UNION ALL
    SELECT 'ROUTINE', format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)),
           p.proowner, p.proacl
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.proacl IS NOT NULL
    UNION ALL
    SELECT 'TYPE', format('%I.%I', n.nspname, t.typname), t.typowner, t.typacl
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typacl IS NOT NULL
    UNION ALL
    SELECT 'LANGUAGE', quote_ident(lanname), lanowner, lanacl FROM pg_catalog.pg_language
    UNION ALL
    SELECT 'FOREIGN DATA WRAPPER', quote_ident(fdwname), fdwowner, fdwacl FROM pg_catalog.pg_foreign_data_wrapper
    UNION ALL
    SELECT 'FOREIGN SERVER', quote_ident(srvname), srvowner, srvacl FROM pg_catalog.pg_foreign_server
    UNION ALL
    SELECT 'LARGE OBJECT', oid::text, lomowner, lomacl FROM pg_catalog.pg_largeobject_metadata
    UNION ALL
    SELECT 'TABLESPACE', quote_ident(spcname), spcowner, spcacl FROM pg_catalog.pg_tablespace
{parameters})
SELECT g.rolname::text AS grantor, g.rolsuper AS superuser, g.oid = o.owner AS owner, o.kind AS kind,
       string_agg(DISTINCT o.name, ', ' ORDER BY o.name) AS names,
       g.rolname = current_user AS self,
       pg_catalog.pg_has_role(g.oid, '{set}') AS settable,
       pg_catalog.pg_has_role(g.oid, 'MEMBER WITH ADMIN OPTION') AS admin
FROM object o, pg_catalog.aclexplode(o.acl) a
JOIN pg_catalog.pg_roles g ON g.oid = a.grantor
WHERE a.grantee = $1::text::oid AND a.grantor <> a.grantee -- what its owner has goes to the next owner
GROUP BY g.oid, g.rolname, g.rolsuper, g.oid = o.owner, o.kind
ORDER BY 1, 4
