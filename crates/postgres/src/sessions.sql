-- Client sessions by the OID of the role that logged in: a dropped role's session is still here, its usename NULL.
SELECT pid, usesysid AS oid, usename::text AS name, coalesce(application_name, '') AS application,
       (extract(epoch FROM backend_start) * 1000000)::bigint AS started, ssl AS encrypted
FROM pg_stat_activity LEFT JOIN pg_stat_ssl USING (pid)
WHERE backend_type = 'client backend' AND usesysid IS NOT NULL AND usename IS DISTINCT FROM $1
ORDER BY usesysid, pid
