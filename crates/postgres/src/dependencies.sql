-- What depends on roles, by role, database and catalog. pg_shdepend is the whole cluster's, and one statement is one
-- snapshot: a row whose role is not there was left behind when the role went.
SELECT d.refobjid AS oid, r.rolname::text AS name, b.datname::text AS database, d.classid::regclass::text AS catalog,
       d.deptype::text AS kind, count(*) AS rows
FROM pg_shdepend d
LEFT JOIN pg_roles r ON r.oid = d.refobjid
LEFT JOIN pg_database b ON b.oid = d.dbid
WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid >= 16384
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 3, 4, 5
