-- A role that is to be removed, and what the account that asks is allowed to do with it.
SELECT r.oid::text AS oid, r.rolsuper AS superuser, a.rolsuper AS by_superuser, a.rolcreaterole AS by_createrole, a.rolinherit AS by_inherit,
       a.rolname::text AS account, current_setting('server_version_num')::int AS version,
       pg_catalog.pg_has_role(r.oid, 'USAGE') AS has_privileges,
       pg_catalog.pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') AS admin,
       EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.roleid = r.oid AND m.admin_option
               AND pg_catalog.pg_has_role(m.member, 'USAGE')) AS grants_itself,
       (SELECT min(h.rolname::text) FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles h ON h.oid = m.member
        WHERE m.roleid = r.oid AND m.admin_option AND NOT h.rolsuper
          AND pg_catalog.pg_has_role(h.oid, 'MEMBER WITH ADMIN OPTION')) AS through,
       d.datname::text AS database, coalesce(d.datallowconn, true) AS open, s.dbid = 0 AS shared
FROM pg_catalog.pg_roles r
JOIN pg_catalog.pg_roles a ON a.rolname = current_user
LEFT JOIN (SELECT DISTINCT refobjid, dbid FROM pg_catalog.pg_shdepend
           WHERE refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND deptype <> 'p') s ON s.refobjid = r.oid
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
WHERE r.rolname = $1
ORDER BY d.datname
