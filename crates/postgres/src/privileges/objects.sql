
-- What privileges can be held on; what a kind's privileges are is the server's own word (acldefault). Temporary
-- schemas belong to their sessions and are left out. Of functions, types and languages that the system brings (users'
-- OIDs begin at 16384), PUBLIC has the built-in default and nobody more, unless an ACL says so: without one they are
-- left out.
namespace AS MATERIALIZED (
    SELECT oid, nspname::text AS name, nspowner, nspacl,
           nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AS system
    FROM pg_namespace
    WHERE nspname !~ '^pg_(toast_)?temp_'
),
relation AS MATERIALIZED (
    SELECT c.oid, n.name AS schema, c.relname::text AS name, n.system, c.relkind, c.relowner, c.relacl,
           -- security_invoker is of 15 and later
           CASE WHEN n.system THEN NULL
                WHEN c.relkind = 'v' AND (c.reloptions IS NULL OR NOT coalesce((
                    SELECT o.option_value::boolean
                    FROM pg_options_to_table(c.reloptions) o
                    WHERE o.option_name = 'security_invoker'), false)) THEN 'owner_view'
                WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'forced_row_security'
                WHEN c.relrowsecurity THEN 'row_security' END AS trait
    FROM pg_class c
    JOIN namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
),
object AS MATERIALIZED (
    SELECT CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
           schema, name, NULL::text AS col, system, 'pg_class'::regclass::oid AS class, oid AS id, 0 AS sub,
           relowner AS owner, relacl AS acl,
           acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) AS builtin, trait
    FROM relation
    WHERE NOT system OR relacl IS NOT NULL
    UNION ALL
    SELECT 'column', r.schema, r.name, a.attname::text, r.system,
           'pg_class'::regclass, r.oid, a.attnum, r.relowner, a.attacl, NULL, r.trait
    FROM pg_attribute a
    JOIN relation r ON r.oid = a.attrelid
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT 'schema', NULL, name, NULL, system,
           'pg_namespace'::regclass, oid, 0, nspowner, nspacl, acldefault('n', nspowner), NULL
    FROM namespace
    UNION ALL
    SELECT 'database', NULL, datname::text, NULL, false,
           'pg_database'::regclass, oid, 0, datdba, datacl, acldefault('d', datdba), NULL
    FROM pg_database
    UNION ALL -- functions, procedures, aggregates: distinguished by the types of their input arguments
    SELECT 'function', n.name,
           format('%s(%s)', p.proname, (
               SELECT string_agg(format_type(a.type, NULL), ', ' ORDER BY a.place)
               FROM unnest(p.proargtypes) WITH ORDINALITY a (type, place))),
           NULL, n.system,
           'pg_proc'::regclass, p.oid, 0, p.proowner, p.proacl, acldefault('f', p.proowner),
           CASE WHEN p.prosecdef THEN 'definer' END
    FROM pg_proc p
    JOIN namespace n ON n.oid = p.pronamespace
    WHERE p.oid >= 16384 OR p.proacl IS NOT NULL
    UNION ALL -- the row types of tables, arrays and multiranges follow another object; few have an ACL of their own
    SELECT 'type', n.name, t.typname::text, NULL, n.system,
           'pg_type'::regclass, t.oid, 0, t.typowner, t.typacl, acldefault('T', t.typowner), NULL
    FROM pg_type t
    JOIN namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typacl IS NOT NULL
       OR (t.oid >= 16384 AND t.typtype <> 'm' AND coalesce(c.relkind = 'c', true)
           AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid))
    UNION ALL
    SELECT 'language', NULL, lanname::text, NULL, oid < 16384,
           'pg_language'::regclass, oid, 0, lanowner, lanacl, acldefault('l', lanowner), NULL
    FROM pg_language
    WHERE oid >= 16384 OR lanacl IS NOT NULL
    UNION ALL
    SELECT 'foreign_data_wrapper', NULL, fdwname::text, NULL, false,
           'pg_foreign_data_wrapper'::regclass, oid, 0, fdwowner, fdwacl, acldefault('F', fdwowner), NULL
    FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT 'foreign_server', NULL, srvname::text, NULL, false,
           'pg_foreign_server'::regclass, oid, 0, srvowner, srvacl, acldefault('S', srvowner), NULL
    FROM pg_foreign_server
    UNION ALL
    SELECT 'large_object', NULL, oid::text, NULL, false,
           'pg_largeobject'::regclass, oid, 0, lomowner, lomacl, acldefault('L', lomowner), NULL
    FROM pg_largeobject_metadata
    UNION ALL
    SELECT 'tablespace', NULL, spcname::text, NULL, false,
           'pg_tablespace'::regclass, oid, 0, spcowner, spcacl, acldefault('t', spcowner), NULL
    FROM pg_tablespace
