-- $1: the name asked for.
SELECT oid,
       rolname::text AS name,
       CASE WHEN isfinite(rolvaliduntil) THEN (extract(epoch FROM rolvaliduntil) * 1000000)::bigint END AS valid_until,
       rolcanlogin AS login,
       NULL::boolean AS password
FROM pg_roles
WHERE rolname = $1::text::name
