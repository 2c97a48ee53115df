),
-- A NULL ACL is the built-in one, not an empty one. A long one is stored compressed, and aclexplode would unpack it
-- again for each row that it returns (with 300 grantees 30 ms instead of 5); the concatenation unpacks it once. Of an
-- empty one it would make an array without dimensions, which aclexplode refuses.
entry AS MATERIALIZED (
    SELECT o.kind, o.schema, o.name, o.col, o.system, o.class, o.id, o.sub, o.owner, o.builtin, o.trait,
           x.grantee, x.privilege_type AS privilege, x.is_grantable AS grantable
    FROM object o
    CROSS JOIN LATERAL aclexplode(
        CASE WHEN cardinality(coalesce(o.acl, o.builtin)) > 0 THEN coalesce(o.acl, o.builtin) || '{}'::aclitem[] END) x
    WHERE x.grantee = 0 OR x.grantee IN (SELECT oid FROM reach)
),

-- What PUBLIC and the predefined roles were given when the cluster or an extension was made.
initial AS MATERIALIZED (
    SELECT p.classoid AS class, p.objoid AS id, p.objsubid AS sub, x.grantee, x.privilege_type AS privilege,
           x.is_grantable AS grantable
    FROM pg_init_privs p
    CROSS JOIN LATERAL aclexplode(p.initprivs) x
    WHERE x.grantee = 0
       OR x.grantee IN (SELECT oid FROM pg_roles WHERE oid < 16384 AND starts_with(rolname::text, 'pg_'))
),
of_public AS MATERIALIZED (
    SELECT e.*,
           (e.class, e.id, e.sub, e.privilege) IN (SELECT class, id, sub, privilege FROM initial WHERE grantee = 0)
           -- initdb makes information_schema after it has filled pg_init_privs; users' OIDs begin at 16384.
           OR (coalesce(e.schema, e.name) = 'information_schema' AND e.kind <> 'database' AND e.id < 16384
               AND e.privilege IN ('SELECT', 'USAGE'))
           OR EXISTS (SELECT FROM aclexplode(e.builtin) b WHERE b.grantee = 0 AND b.privilege_type = e.privilege)
           AS initial
    FROM entry e
    WHERE e.grantee = 0
),

-- What the predefined roles have without any ACL (pg_class_aclmask_ext and pg_namespace_aclmask_ext in aclchk.c).
predefined (grp, kind, privilege) AS (
    VALUES ('pg_read_all_data', 'table', 'SELECT'),
           ('pg_read_all_data', 'sequence', 'SELECT'),
           ('pg_read_all_data', 'schema', 'USAGE'),
           ('pg_write_all_data', 'table', 'INSERT'),
           ('pg_write_all_data', 'table', 'UPDATE'),
           ('pg_write_all_data', 'table', 'DELETE'),
           ('pg_write_all_data', 'sequence', 'UPDATE'),
           ('pg_write_all_data', 'schema', 'USAGE'),
           ('pg_maintain', 'table', 'MAINTAIN')
),

-- What stands in the system's schemas and one of the roles owns; `object` leaves most of it out. It is counted only
-- where there is something to count: where pg_shdepend tells of an owner, or for members of the first superuser, of
-- whom it never tells.
system_owned AS MATERIALIZED (
    SELECT owner, count(*) AS objects
    FROM (
        SELECT relowner AS owner FROM relation WHERE system
        UNION ALL SELECT nspowner FROM namespace WHERE system
        UNION ALL SELECT proowner FROM pg_proc p JOIN namespace n ON n.oid = p.pronamespace WHERE n.system
        UNION ALL SELECT lanowner FROM pg_language WHERE oid < 16384
    ) o
    WHERE owner IN (SELECT oid FROM reach)
      AND (EXISTS (SELECT FROM reach WHERE oid = 10)
           OR EXISTS (SELECT FROM pg_shdepend d JOIN reach r ON r.oid = d.refobjid
                      WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o'))
    GROUP BY owner
)
