-- $1: the name asked for.
SELECT oid,
       rolname::text AS name,
       CASE WHEN isfinite(rolvaliduntil) THEN (extract(epoch FROM rolvaliduntil) * 1000000)::bigint END AS valid_until,
       rolcanlogin AS login
FROM pg_roles
WHERE rolname::text = $1::text
