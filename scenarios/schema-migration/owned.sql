-- A migration job works with a live credential: the table that it creates belongs to that credential. No default
-- privileges apply to it, so the job grants SELECT itself.
DO $$
DECLARE
    credential text;
BEGIN
    SELECT member.rolname INTO STRICT credential
        FROM pg_roles AS member
        JOIN pg_auth_members AS membership ON membership.member = member.oid
        WHERE membership.roleid = 'delphi_migrators'::regrole
            AND member.rolvaliduntil BETWEEN now() + interval '7 seconds' AND now() + interval '1 minute'
        ORDER BY member.rolvaliduntil DESC LIMIT 1;
    EXECUTE format('SET LOCAL ROLE %I', credential);
    CREATE TABLE alert_notes (alert_id bigint NOT NULL, note text NOT NULL);
    GRANT SELECT ON alert_notes TO delphi_readers;
    RESET ROLE;
END
$$;
