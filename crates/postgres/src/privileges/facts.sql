
-- Each row is one fact of the role `subject` (0 is PUBLIC), or one that needs no subject: `part` says what kind of fact,
-- and which of the other columns count. Nothing is reported once more for each role that it reaches by inheritance.
SELECT 'role' AS part, r.oid AS subject, r.rolname::text AS name, NULL AS kind, NULL AS schema, NULL AS col,
       NULL::oid AS class, NULL::oid AS id, NULL::oid AS owner, NULL AS trait, NULL AS privilege,
       ARRAY[r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolinherit,
             r.oid < 16384 AND starts_with(r.rolname::text, 'pg_')] AS flags,
       r.rolconnlimit::bigint AS number, NULL::oid[] AS roles, current_database()::text AS database
FROM pg_roles r
WHERE r.oid IN (SELECT oid FROM member_of)

UNION ALL -- whose power an object would be used with, and whom policies name
SELECT 'name', r.oid, r.rolname::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ARRAY[r.rolsuper], NULL, NULL, NULL
FROM pg_roles r
WHERE r.oid IN (SELECT owner FROM object WHERE trait IN ('definer', 'owner_view') AND NOT system)
   OR r.oid IN (SELECT unnest(polroles) FROM pg_policy)

UNION ALL -- flags: admin, inherits, sets, implicit
SELECT 'edge', e.member, NULL, NULL, NULL, NULL, NULL, e.grp, NULL, NULL, NULL,
       ARRAY[e.admin, e.inherits, e.sets, e.implicit], NULL, NULL, NULL
FROM edge e
WHERE e.member IN (SELECT oid FROM member_of)

UNION ALL
SELECT 'setting', s.setrole, split_part(line, '=', 1), NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       substr(line, strpos(line, '=') + 1), NULL, NULL, NULL, d.datname::text
FROM pg_db_role_setting s
CROSS JOIN LATERAL unnest(s.setconfig) line
LEFT JOIN pg_database d ON d.oid = s.setdatabase
WHERE s.setrole IN (SELECT oid FROM wanted)

UNION ALL -- flags: grantable. What the system's schemas owe their owner is reported in one line of 'system_owned'. What a
          -- predefined role was given with the cluster or an extension belongs to that role.
SELECT CASE WHEN e.grantee <> e.owner
             AND (e.grantee, e.class, e.id, e.sub, e.privilege, e.grantable) IN (
                 SELECT grantee, class, id, sub, privilege, grantable FROM initial)
            THEN 'predefined' ELSE 'held' END,
       e.grantee, e.name, e.kind, e.schema, e.col, e.class, e.id, e.owner, e.trait, e.privilege,
       ARRAY[e.grantable, e.system], NULL, NULL, NULL
FROM entry e
WHERE e.grantee <> 0 AND NOT (e.system AND e.grantee = e.owner)

UNION ALL -- what everybody has by default of the system's schemas is the same noise for each role
SELECT CASE WHEN p.initial THEN 'held_by_default' ELSE 'held' END, 0, p.name, p.kind, p.schema, p.col, p.class, p.id,
       p.owner, p.trait, p.privilege, ARRAY[p.grantable, p.system], NULL, NULL, NULL
FROM of_public p
WHERE NOT (p.system AND p.initial)

UNION ALL
SELECT 'predefined', r.oid, o.name, o.kind, o.schema, NULL, o.class, o.id, o.owner, o.trait, p.privilege,
       ARRAY[false, false], NULL, NULL, NULL
FROM predefined p
JOIN pg_roles r ON r.rolname = p.grp
JOIN object o ON o.kind = p.kind AND NOT o.system
WHERE r.oid IN (SELECT oid FROM reach)

UNION ALL -- privilege: what the ACL withholds from its owner, who can always give it back to itself
SELECT 'owned', o.owner, o.name, o.kind, o.schema, NULL, o.class, o.id, o.owner, o.trait,
       CASE WHEN o.acl IS NOT NULL THEN (
           SELECT string_agg(b.privilege_type, ', ' ORDER BY b.privilege_type)
           FROM aclexplode(o.builtin) b
           WHERE b.grantee = o.owner
             AND NOT EXISTS (
                 SELECT FROM aclexplode(o.acl) a
                 WHERE a.grantee = o.owner AND a.privilege_type = b.privilege_type)) END,
       NULL, NULL, NULL, NULL
FROM object o
WHERE NOT o.system AND o.kind NOT IN ('column', 'parameter') AND o.owner IN (SELECT oid FROM reach)

UNION ALL
SELECT 'system_owned', owner, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, objects, NULL, NULL
FROM system_owned

UNION ALL -- name: the creator's. A default for the whole database repeats what is built in, which is left out.
SELECT 'future', x.grantee, r.rolname::text, d.defaclobjtype::text, n.nspname::text, NULL, NULL, NULL, d.defaclrole, NULL,
       x.privilege_type, ARRAY[x.is_grantable], NULL, NULL, NULL
FROM pg_default_acl d
JOIN pg_roles r ON r.oid = d.defaclrole
LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
CROSS JOIN LATERAL aclexplode(d.defaclacl) x
WHERE x.grantee <> d.defaclrole
  AND (x.grantee IN (SELECT oid FROM reach)
       OR x.grantee = 0 AND (n.oid IS NOT NULL OR NOT EXISTS (
           SELECT FROM aclexplode(acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END,
                                             d.defaclrole)) b
           WHERE b.grantee = 0 AND b.privilege_type = x.privilege_type)))

UNION ALL -- flags: permissive; trait: for which command; id: the table; roles: 0 is PUBLIC
SELECT 'policy', NULL, p.polname::text, NULL, NULL, NULL, NULL, p.polrelid, NULL,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                     ELSE 'ALL' END,
       NULL, ARRAY[p.polpermissive], NULL, p.polroles, NULL
FROM pg_policy p
JOIN pg_class c ON c.oid = p.polrelid
WHERE c.relrowsecurity

UNION ALL -- subject: whom it logs in (0 is PUBLIC); name: the foreign server
SELECT 'mapping', u.umuser, u.srvname::text, NULL, NULL, NULL, NULL, u.srvid, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM pg_user_mappings u
WHERE u.umuser = 0 OR u.umuser IN (SELECT oid FROM member_of)

UNION ALL -- pg_shdepend is shared, so it tells of other databases too; their objects have no names from here.
          -- database: the other one
SELECT 'depends', d.refobjid,
       CASE d.deptype WHEN 'o' THEN 'owner of ' WHEN 'r' THEN 'named in the ' ELSE 'privileges on ' END
       || CASE WHEN here.oid IS NULL
               THEN format('object %s of %s in database %s', d.objid, d.classid::regclass, quote_ident(db.datname))
               ELSE coalesce(pg_describe_object(d.classid, d.objid, d.objsubid), 'an object that is gone') END,
       NULL, NULL, NULL, NULL, p.polrelid, NULL, NULL, NULL, NULL, NULL, NULL,
       CASE WHEN here.oid IS NULL THEN db.datname::text END
FROM pg_shdepend d
LEFT JOIN pg_database db ON db.oid = d.dbid
LEFT JOIN pg_database here ON here.datname = current_database() AND d.dbid IN (0, here.oid)
LEFT JOIN pg_policy p ON here.oid IS NOT NULL AND d.classid = 'pg_policy'::regclass AND p.oid = d.objid
WHERE d.refclassid = 'pg_authid'::regclass
  AND d.deptype <> 'p' -- before 15 there is a row for each role that cannot be dropped
  AND CASE WHEN here.oid IS NULL THEN d.refobjid IN (SELECT oid FROM wanted)
           ELSE (d.refobjid IN (SELECT oid FROM reach) OR d.refobjid IN (SELECT oid FROM wanted))
                -- What is reported above by its own name.
                AND d.classid NOT IN (
                    'pg_class'::regclass, 'pg_namespace'::regclass, 'pg_database'::regclass, 'pg_proc'::regclass,
                    'pg_type'::regclass, 'pg_language'::regclass, 'pg_foreign_data_wrapper'::regclass,
                    'pg_foreign_server'::regclass, 'pg_largeobject'::regclass, 'pg_tablespace'::regclass,
                    'pg_default_acl'::regclass, 'pg_user_mapping'::regclass, 'pg_auth_members'::regclass,
                    6243) -- pg_parameter_acl, which 14 has no name for
           END
