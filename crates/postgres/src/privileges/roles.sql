-- What the roles $1 can do, and why. One statement, so one snapshot: nothing in it can contradict itself.
WITH RECURSIVE
wanted AS MATERIALIZED (
    SELECT * FROM pg_roles WHERE oid = ANY ($1::oid[])
),

-- A membership hands its group's privileges on where the member has INHERIT (before 16) or the membership itself has
-- the option (16 and later, where pg_auth_members has such columns: src/backend/utils/adt/acl.c). The database's owner
-- is a member of pg_database_owner (14 and later) that no catalog shows.
edge AS MATERIALIZED (
    SELECT m.member, m.roleid AS grp, m.admin_option AS admin,
           coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit) AS inherits,
           coalesce((to_jsonb(m) ->> 'set_option')::boolean, true) AS sets,
           false AS implicit
    FROM pg_auth_members m
    JOIN pg_roles r ON r.oid = m.member
    UNION ALL
    SELECT d.datdba, r.oid, false, true, true, true
    FROM pg_database d
    JOIN pg_roles r ON r.rolname = 'pg_database_owner'
    WHERE d.datname = current_database()
),
-- Every role that one of them is a member of, also where it would have to SET ROLE to it.
member_of (oid) AS (
    SELECT oid FROM wanted
    UNION
    SELECT e.grp FROM member_of m JOIN edge e ON e.member = m.oid
),
-- Themselves and every role whose privileges one of them has without SET ROLE. A superuser is asked nothing, and is
-- left out.
inherited (oid) AS (
    SELECT oid FROM wanted WHERE NOT rolsuper
    UNION
    SELECT e.grp FROM inherited i JOIN edge e ON e.member = i.oid WHERE e.inherits
),
reach AS MATERIALIZED (
    SELECT oid FROM inherited
),
