-- What the roles $1 hold, and why. One statement, so one snapshot: nothing in it can contradict itself.
--
-- Each row is one fact of one role: `part` says what kind of fact, and which of the other columns count.
WITH RECURSIVE
wanted AS MATERIALIZED (
    SELECT * FROM pg_roles WHERE oid = ANY ($1::oid[])
),

-- A membership hands its group's privileges on where the member has INHERIT (before 16) or the membership itself has
-- the option (16 and later, where pg_auth_members has such a column: src/backend/utils/adt/acl.c).
edge AS MATERIALIZED (
    SELECT m.member, m.roleid AS grp, m.admin_option AS admin,
           coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit) AS inherits
    FROM pg_auth_members m
    JOIN pg_roles r ON r.oid = m.member
),
-- Every role that it is a member of, also where it would have to SET ROLE to it.
member_of (role, oid) AS (
    SELECT oid, oid FROM wanted
    UNION
    SELECT m.role, e.grp FROM member_of m JOIN edge e ON e.member = m.oid
),
-- Itself and every role whose privileges it has without SET ROLE. A superuser is asked nothing, and is left out.
inherited (role, oid) AS (
    SELECT oid, oid FROM wanted WHERE NOT rolsuper
    UNION
    SELECT i.role, e.grp FROM inherited i JOIN edge e ON e.member = i.oid WHERE e.inherits
),
-- The database's owner is a member of pg_database_owner (14 and later) that no catalog shows.
-- Its own name is not told: credentials that hold the same have the same set.
reach AS MATERIALIZED (
    SELECT i.role, r.oid, CASE r.oid WHEN i.role THEN 'itself' ELSE r.rolname::text END AS name
    FROM inherited i
    JOIN pg_roles r ON r.oid = i.oid
    UNION
    SELECT i.role, r.oid, r.rolname::text
    FROM inherited i
    JOIN pg_database d ON d.datname = current_database() AND d.datdba = i.oid
    JOIN pg_roles r ON r.rolname = 'pg_database_owner'
),

-- What privileges can be held on. Temporary schemas belong to their sessions and are left out.
namespace AS MATERIALIZED (
    SELECT oid, nspname::text AS name, nspowner, nspacl,
           nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AS system
    FROM pg_namespace
    WHERE nspname !~ '^pg_(toast_)?temp_'
),
object AS MATERIALIZED (
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
           n.name AS schema, c.relname::text AS name, NULL::text AS col, n.system,
           'pg_class'::regclass::oid AS class, c.oid AS id, 0 AS sub, c.relowner AS owner, c.relacl AS acl,
           acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner) AS builtin
    FROM pg_class c
    JOIN namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'column', n.name, c.relname::text, a.attname::text, n.system,
           'pg_class'::regclass::oid, c.oid, a.attnum, c.relowner, a.attacl, '{}'::aclitem[]
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN namespace n ON n.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT 'schema', NULL, name, NULL, system,
           'pg_namespace'::regclass::oid, oid, 0, nspowner, nspacl, acldefault('n', nspowner)
    FROM namespace
    UNION ALL
    SELECT 'database', NULL, datname::text, NULL, false,
           'pg_database'::regclass::oid, oid, 0, datdba, datacl, acldefault('d', datdba)
    FROM pg_database
),
-- A NULL ACL is the built-in one, not an empty one. A long one is stored compressed, and aclexplode would unpack it
-- again for each row that it returns (with 300 grantees 30 ms instead of 5); the concatenation unpacks it once.
entry AS MATERIALIZED (
    SELECT o.kind, o.schema, o.name, o.col, o.system, o.class, o.id, o.sub, o.owner, o.builtin,
           x.grantee, x.privilege_type AS privilege, x.is_grantable AS grantable
    FROM object o
    CROSS JOIN LATERAL aclexplode(coalesce(o.acl, o.builtin) || '{}'::aclitem[]) x
    WHERE x.grantee = 0 OR x.grantee IN (SELECT oid FROM reach)
),

-- What PUBLIC was given when the cluster or an extension was made.
initial AS MATERIALIZED (
    SELECT p.classoid AS class, p.objoid AS id, p.objsubid AS sub, x.privilege_type AS privilege
    FROM pg_init_privs p
    CROSS JOIN LATERAL aclexplode(p.initprivs) x
    WHERE x.grantee = 0 AND p.classoid IN ('pg_class'::regclass, 'pg_namespace'::regclass)
),
of_public AS MATERIALIZED (
    SELECT e.*,
           (e.class, e.id, e.sub, e.privilege) IN (SELECT class, id, sub, privilege FROM initial)
           -- initdb makes information_schema after it has filled pg_init_privs; users' OIDs begin at 16384.
           OR (coalesce(e.schema, e.name) = 'information_schema' AND e.kind <> 'database' AND e.id < 16384
               AND e.privilege IN ('SELECT', 'USAGE')) AS initial
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
)

SELECT 'role' AS part, oid AS role, NULL AS kind, NULL AS schema, current_database()::text AS name, NULL AS col,
       NULL AS privilege, NULL::boolean AS flag, NULL AS why, NULL AS via,
       ARRAY[rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolinherit] AS attributes
FROM wanted

UNION ALL -- flag: whether it may hand the membership on
SELECT 'membership', m.role, NULL, NULL, g.rolname::text, NULL, NULL, bool_or(e.admin),
       CASE WHEN bool_or(e.member = m.role) THEN 'direct' END, NULL, NULL
FROM member_of m
JOIN edge e ON e.member = m.oid
JOIN pg_roles g ON g.oid = e.grp
GROUP BY m.role, g.rolname

UNION ALL -- flag: whether it may grant the privilege on; an owner always may, its ACL does not say so (aclmask in
          -- acl.c). What the system's schemas owe their owner is told in one line of `beyond`.
SELECT 'held', r.role, e.kind, e.schema, e.name, e.col, e.privilege, e.grantable OR r.oid = e.owner,
       CASE r.oid WHEN e.owner THEN 'owner' WHEN r.role THEN 'direct' ELSE 'member' END, r.name, NULL
FROM entry e
JOIN reach r ON r.oid = e.grantee
WHERE NOT (e.system AND r.oid = e.owner)

UNION ALL -- what everybody reads of the system's schemas is the same noise for each role
SELECT 'held', w.oid, p.kind, p.schema, p.name, p.col, p.privilege, p.grantable,
       CASE WHEN p.initial
              OR EXISTS (SELECT FROM aclexplode(p.builtin) b WHERE b.grantee = 0 AND b.privilege_type = p.privilege)
            THEN 'public_default' ELSE 'public' END, NULL, NULL
FROM of_public p
CROSS JOIN wanted w
WHERE NOT w.rolsuper AND NOT (p.system AND p.initial)

UNION ALL
SELECT 'held', r.role, o.kind, o.schema, o.name, NULL, p.privilege, false, 'member', r.name, NULL
FROM predefined p
JOIN reach r ON r.name = p.grp
JOIN object o ON o.kind = p.kind AND NOT o.system

UNION ALL -- an owner can always give itself what the ACL withholds from it
SELECT 'beyond', r.role, NULL, NULL, NULL, NULL, NULL, NULL,
       format('owner (%4$s) of %1$s %2$s, whose ACL withholds %3$s', o.kind,
              concat_ws('.', o.schema, o.name), string_agg(b.privilege_type, ', ' ORDER BY b.privilege_type), r.name),
       NULL, NULL
FROM object o
JOIN reach r ON r.oid = o.owner
CROSS JOIN LATERAL aclexplode(o.builtin) b
WHERE o.acl IS NOT NULL AND NOT o.system AND b.grantee = o.owner
  AND NOT EXISTS (
      SELECT FROM aclexplode(o.acl || '{}'::aclitem[]) a WHERE a.grantee = o.owner AND a.privilege_type = b.privilege_type)
GROUP BY r.role, r.name, o.kind, o.schema, o.name

UNION ALL
SELECT 'beyond', r.role, NULL, NULL, NULL, NULL, NULL, NULL,
       format('owner (%s) of %s objects in the system''s schemas', r.name, count(*)), NULL, NULL
FROM object o
JOIN reach r ON r.oid = o.owner
WHERE o.system AND o.kind <> 'column'
GROUP BY r.role, r.name

UNION ALL -- pg_shdepend is shared, so it tells of other databases too; their objects have no names from here
SELECT 'beyond', w.oid, NULL, NULL, NULL, NULL, NULL, NULL,
       CASE d.deptype WHEN 'o' THEN 'owner of ' WHEN 'r' THEN 'named in the ' ELSE 'privileges on ' END
       || CASE WHEN here.oid IS NULL
               THEN format('object %s of %s in database %s', d.objid, d.classid::regclass, quote_ident(db.datname))
               ELSE coalesce(pg_describe_object(d.classid, d.objid, d.objsubid), 'an object that is gone') END,
       NULL, NULL
FROM wanted w
JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = w.oid
LEFT JOIN pg_database db ON db.oid = d.dbid
LEFT JOIN pg_database here ON here.datname = current_database() AND d.dbid IN (0, here.oid)
WHERE here.oid IS NULL OR d.classid NOT IN ('pg_class'::regclass, 'pg_namespace'::regclass, 'pg_database'::regclass)
