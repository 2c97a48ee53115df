-- $1: the observer's own account. Names that begin with pg_ are reserved for the predefined roles.
SELECT oid,
       rolname::text AS name,
       CASE WHEN isfinite(rolvaliduntil) THEN (extract(epoch FROM rolvaliduntil) * 1000000)::bigint END AS valid_until,
       rolcanlogin AS login,
       NULL::boolean AS password
FROM pg_roles
WHERE NOT starts_with(rolname::text, 'pg_') AND rolname::text <> $1::text
ORDER BY oid
