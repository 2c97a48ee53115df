CREATE TABLE slow_commit (at timestamptz);
-- A commit that has begun goes on, also where its client cancels it.
CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM pg_sleep(0.6);
    EXCEPTION WHEN query_canceled THEN
        NULL;
    END;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON slow_commit
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_at_commit();
GRANT INSERT ON slow_commit TO vaultuser;
