    UNION ALL -- 15 and later. Nobody owns a parameter; the server takes the first superuser for its owner (aclchk.c).
    SELECT 'parameter', NULL, parname, NULL, false,
           'pg_parameter_acl'::regclass, oid, 0, 10::oid, paracl, acldefault('p', 10), NULL
    FROM pg_parameter_acl
