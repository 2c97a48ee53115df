#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use std::collections::BTreeSet;

use leaseproof_history::MadeThere;

use super::{Effect, Refused, Scope, read, renamed};

fn role(name: &str) -> MadeThere {
    MadeThere::Role { cluster: "target".to_owned(), name: name.to_owned() }
}

fn database(name: &str) -> MadeThere {
    MadeThere::Database { cluster: "target".to_owned(), name: name.to_owned() }
}

/// Reads a script in `shop`, which the setup made, or in another database.
fn effects_in(script: &str, place: &str) -> Result<Vec<Effect>, Refused> {
    let mut made = BTreeSet::from([database("shop"), role("Ada"), role("all")]);
    let mut scope =
        Scope { on: "target", database: place, made: &mut made, is_of_vault: false, has_own_account: false };
    let read = read(script, &mut scope)?;
    Ok(read.into_iter().map(|statement| statement.effect).collect())
}

fn effects(script: &str) -> Result<Vec<Effect>, Refused> {
    effects_in(script, "shop")
}

#[test]
fn what_goes_with_our_own_roles_and_databases_is_allowed() {
    for (script, expected) in [
        ("-- why\nCREATE TABLE t (id int DEFAULT 1, at timestamptz DEFAULT now())", Effect::Within),
        ("ALTER ROLE \"Ada\" CREATEDB", Effect::OnOurs),
        ("GRANT SELECT ON t TO \"Ada\", theirs", Effect::Within),
        ("GRANT pg_monitor TO \"Ada\"", Effect::OnOurs),
        ("GRANT \"Ada\" TO CURRENT_USER", Effect::OnOurs),
        ("GRANT \"all\" TO \"Ada\"", Effect::OnOurs),
        ("GRANT CONNECT ON DATABASE shop TO PUBLIC", Effect::OnOurs),
        ("ALTER DATABASE shop SET work_mem = '1MB'", Effect::OnOurs),
        ("ALTER DATABASE shop SET session_replication_role = replica", Effect::OnOurs),
        ("ALTER DATABASE shop SET role = \"Ada\"", Effect::OnOurs),
        ("ALTER ROLE \"Ada\" SET row_security = off", Effect::OnOurs),
        ("ALTER ROLE \"Ada\" SET search_path = pg_catalog, s", Effect::OnOurs),
        ("ALTER ROLE \"Ada\" SET log_statement = 'none'", Effect::OnOurs),
        ("ALTER ROLE \"Ada\" RESET ALL", Effect::OnOurs),
        ("ALTER ROLE \"Ada\" RESET session_replication_role", Effect::OnOurs),
        ("ALTER ROLE \"Ada\" IN DATABASE shop SET session_replication_role = replica", Effect::OnOurs),
        ("SET session_replication_role = replica; SET search_path = s, pg_catalog", Effect::Within),
        ("SELECT 1 AS a INTO u; CREATE TABLE v AS SELECT 1", Effect::Within),
        ("WITH x AS (DELETE FROM t RETURNING id) SELECT * FROM x", Effect::Within),
        ("ALTER DATABASE shop OWNER TO \"Ada\"", Effect::OnOurs),
        ("COMMENT ON ROLE \"Ada\" IS 'x'", Effect::OnOurs),
        ("ALTER GROUP \"all\" ADD USER \"Ada\"", Effect::OnOurs),
        ("ALTER GROUP pg_monitor ADD USER \"Ada\"", Effect::OnOurs),
        ("ALTER GROUP \"Ada\" ADD USER CURRENT_USER", Effect::OnOurs),
        ("CREATE VIEW v AS SELECT datname FROM pg_database OFFSET 0; CREATE VIEW w AS SELECT * FROM t", Effect::Within),
        ("ALTER DEFAULT PRIVILEGES FOR ROLE theirs GRANT SELECT ON TABLES TO \"Ada\"", Effect::Within),
        ("ALTER TABLE t OWNER TO theirs", Effect::Within),
        ("ALTER TABLE t RENAME TO u", Effect::Within),
        ("ALTER TABLE t SET SCHEMA s", Effect::Within),
        ("CREATE SCHEMA s CREATE TABLE t (a int) GRANT SELECT ON t TO \"Ada\"", Effect::Within),
        ("INSERT INTO t SELECT 1", Effect::Within),
        ("SELECT setval(pg_get_serial_sequence('t', 'id'), 3)", Effect::Within),
        ("SET search_path = s; SET ROLE \"Ada\"; RESET ROLE", Effect::Within),
        (
            "CREATE FUNCTION f(\"begin\" int, atomic int, \"end\" int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            Effect::Within,
        ),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS begin; SELECT CASE WHEN true THEN 2 END; END",
            Effect::Within,
        ),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$",
            Effect::Within,
        ),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = pg_catalog, public AS 'SELECT 1'",
            Effect::Within,
        ),
        ("ALTER FUNCTION f() SET search_path = s", Effect::Within),
    ] {
        let all = effects(script).unwrap_or_else(|why| panic!("{script}: {why:?}"));
        assert!(all.iter().all(|effect| *effect == expected), "{script}: {all:?}");
    }
}

#[test]
fn whatever_reaches_beyond_is_refused() {
    for script in [
        "ALTER ROLE theirs CREATEDB",
        "ALTER ROLE ALL SET work_mem = '1MB'",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER ROLE ada CREATEDB",
        "ALTER ROLE \"Ada\" RENAME TO bob",
        "ALTER DATABASE shop RENAME TO store",
        "ALTER DATABASE shop OWNER TO theirs",
        "ALTER DATABASE theirs SET work_mem = '1MB'",
        "ALTER DATABASE shop IS_TEMPLATE true",
        "ALTER ROLE \"Ada\" SET allow_system_table_mods = on",
        "ALTER ROLE \"Ada\" SET session_replication_role = replica",
        "ALTER ROLE \"Ada\" IN DATABASE theirs SET session_replication_role = replica",
        "ALTER ROLE \"Ada\" SET event_triggers = off",
        "ALTER ROLE \"Ada\" SET lo_compat_privileges = on",
        "ALTER ROLE \"Ada\" SET session_preload_libraries = 'x'",
        "ALTER ROLE \"Ada\" SET local_preload_libraries = 'x'",
        "ALTER ROLE \"Ada\" SET zero_damaged_pages = on",
        "ALTER ROLE \"Ada\" SET role = theirs",
        "ALTER ROLE \"Ada\" SET standard_conforming_strings = off",
        "ALTER ROLE \"Ada\" SET search_path = s, pg_catalog",
        "ALTER ROLE \"Ada\" SET search_path = 's, pg_catalog'",
        "ALTER DATABASE shop SET allow_system_table_mods = on",
        "ALTER DATABASE shop SET \"Allow_System_Table_Mods\" = on",
        "ALTER DATABASE shop SET role = theirs",
        "ALTER DATABASE shop SET session_preload_libraries = 'x'",
        "ALTER DATABASE shop SET backslash_quote = on",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET allow_system_table_mods = on AS 'SELECT 1'",
        "CREATE DATABASE x OWNER theirs",
        "ALTER SYSTEM SET fsync = off",
        "ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE fast",
        "DROP DATABASE theirs",
        "DROP ROLE theirs",
        "DROP OWNED BY theirs",
        "REASSIGN OWNED BY \"Ada\" TO theirs",
        "GRANT pg_monitor TO theirs",
        "GRANT \"Ada\" TO theirs",
        "GRANT \"Ada\" TO theirs WITH ADMIN OPTION",
        "GRANT \"Ada\" TO \"all\", theirs",
        "REVOKE \"Ada\" FROM theirs",
        "CREATE ROLE x ROLE theirs",
        "CREATE ROLE x USER \"Ada\", theirs",
        "CREATE ROLE x ADMIN theirs",
        "CREATE GROUP x USER theirs",
        "CREATE USER x ROLE \"Ada\" ADMIN theirs",
        "ALTER GROUP theirs ADD USER another",
        "ALTER GROUP theirs DROP USER another",
        "ALTER GROUP \"Ada\" ADD USER \"all\", theirs",
        "ALTER GROUP \"Ada\" DROP USER theirs",
        "ALTER GROUP pg_monitor ADD USER CURRENT_USER",
        "DO $a$ BEGIN ALTER GROUP theirs ADD USER another; END $a$",
        "DO $a$ BEGIN EXECUTE format('ALTER GROUP %I ADD USER %I', 'Ada', r.rolname); END $a$",
        "CREATE ROLE \"<unknown>\"; DO $a$ BEGIN EXECUTE format('ALTER ROLE %I CREATEDB', current_setting('x')); END $a$",
        "CREATE VIEW v AS SELECT * FROM pg_authid",
        "CREATE SCHEMA s CREATE VIEW v AS TABLE pg_catalog.pg_database",
        "CREATE VIEW v AS SELECT * FROM information_schema.enabled_roles WHERE true",
        "SECURITY LABEL ON ROLE theirs IS 'x'",
        "REASSIGN OWNED BY theirs TO \"Ada\"",
        "GRANT pg_monitor TO CURRENT_USER",
        "GRANT CONNECT ON DATABASE theirs TO \"Ada\"",
        "GRANT SET ON PARAMETER work_mem TO \"Ada\"",
        "GRANT USAGE ON FOREIGN SERVER s TO \"Ada\"",
        "COMMENT ON ROLE theirs IS 'x'",
        "COMMENT ON DATABASE theirs IS 'x'",
        "SELECT pg_reload_conf()",
        "SELECT pg_catalog.pg_terminate_backend(1)",
        "INSERT INTO t SELECT set_config('role', 'theirs', false)",
        "CREATE TABLE t (a int DEFAULT pg_terminate_backend(1))",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "UPDATE pg_database SET datname = 'x'",
        "WITH x AS (DELETE FROM pg_catalog.pg_authid RETURNING 1) SELECT * FROM x",
        "DO LANGUAGE plpgsql $a$ BEGIN $$;$$ END $a$",
        "CALL f()",
        "PREPARE p AS SELECT 1; EXECUTE p",
        "EXPLAIN ANALYZE DELETE FROM t",
        "COPY t FROM PROGRAM 'id'",
        "COPY t TO '/tmp/x'",
        "LOAD 'x'",
        "LISTEN x",
        "VACUUM",
        "CREATE INDEX CONCURRENTLY ON t (id)",
        "CREATE TABLESPACE fast LOCATION '/x'",
        "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()",
        "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
        "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw",
        "CREATE FUNCTION f() RETURNS int LANGUAGE internal AS 'pg_terminate_backend'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x', 'y'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'ALTER ROLE theirs CREATEDB; SELECT 1'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT pg_terminate_backend(1)'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $x$ BEGIN PERFORM pg_terminate_backend(1); END $x$",
        "SET SESSION AUTHORIZATION theirs",
        "SET ROLE theirs",
        "SET standard_conforming_strings = off",
        "SET allow_system_table_mods = on",
        "SET track_counts = off",
        "SET LOCAL session_preload_libraries = 'x'",
        "ALTER FUNCTION f() SET role = theirs",
        "RESET ALL",
        "PREPARE TRANSACTION 'x'",
        "SELECT 1 \\gexec",
        "SELECT 'open",
    ] {
        assert!(effects(script).is_err(), "{script}");
    }
    for script in [
        "CREATE TABLE t (id int)",
        "GRANT SELECT ON t TO \"Ada\"",
        "INSERT INTO t VALUES (1)",
        "DROP TABLE t",
        "SET session_replication_role = replica",
        "SET search_path = theirs, pg_catalog",
        "SELECT 1 AS a INTO t",
        "CREATE TABLE t AS SELECT 1",
        "WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x",
        "EXPLAIN ANALYZE DELETE FROM t",
        "PREPARE p AS DELETE FROM t",
        "COPY t FROM '/tmp/x'",
    ] {
        assert!(effects_in(script, "postgres").is_err(), "{script}");
    }
}

/// Each of these looked like one statement to something that only looks for words.
#[test]
fn a_statement_behind_another_one_is_not_overlooked() {
    for script in [
        "CREATE FUNCTION f(begin int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER ROLE theirs CREATEDB",
        "CREATE FUNCTION f(atomic int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER ROLE theirs CREATEDB",
        "CREATE FUNCTION f(\"end\" int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER ROLE theirs CREATEDB",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS begin; END; ALTER ROLE theirs CREATEDB",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $begin$ SELECT 1 $begin$; ALTER ROLE theirs CREATEDB",
        "SELECT 'a\\'; ALTER ROLE theirs CREATEDB --'",
        "SELECT U&'\\0027; '; ALTER ROLE theirs CREATEDB",
        "/* /* */ ; */ ALTER ROLE theirs CREATEDB",
        "CREATE TABLE \"a;--\" (a int); ALTER ROLE theirs CREATEDB",
    ] {
        let why = effects(script).unwrap_err();
        assert!(script[why.at..].contains("ALTER ROLE theirs"), "{script}: {why:?}");
        assert!(!why.why.contains("is no SQL"), "{script}: {why:?}");
    }
}

#[test]
fn names_are_those_of_the_catalog() {
    let made = |script: &str| effects_in(script, "postgres").unwrap().remove(0);
    for (script, name) in [
        ("CREATE USER Bob PASSWORD 'x'", "bob"),
        ("CREATE ROLE \"Bob\"", "Bob"),
        ("CREATE GROUP U&\"d\\0061t\\+000061\"", "data"),
        ("/* CREATE ROLE x */ CREATE ROLE \"a\"\"b\"", "a\"b"),
    ] {
        assert_eq!(made(script), Effect::MakesRole(role(name)), "{script}");
    }
    assert_eq!(made("CREATE DATABASE U&\"sh!006fp\" UESCAPE '!'"), Effect::MakesDatabase(database("shop")));
    let long = "x".repeat(70);
    assert_eq!(made(&format!("CREATE ROLE {long}")), Effect::MakesRole(role(&long[..63])));
}

#[test]
fn what_a_script_makes_is_known_to_its_later_statements() {
    let script = "CREATE ROLE new LOGIN; ALTER ROLE new CREATEDB; CREATE DATABASE store OWNER new; GRANT ALL ON DATABASE store TO new";
    let all = effects_in(script, "postgres").unwrap();
    assert_eq!(
        all,
        [Effect::MakesRole(role("new")), Effect::OnOurs, Effect::MakesDatabase(database("store")), Effect::OnOurs]
    );
    assert!(effects_in("ALTER ROLE new CREATEDB; CREATE ROLE new", "postgres").is_err());
}

#[test]
fn a_database_is_made_with_everything_but_its_name() {
    let text =
        "-- c\nCREATE DATABASE \"Shop\" WITH TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' CONNECTION LIMIT 5;";
    let renamed = renamed(text, "leaseproof-x").unwrap();
    assert_eq!(
        renamed,
        "CREATE DATABASE \"leaseproof-x\" TEMPLATE template0 ENCODING \"UTF8\" LC_COLLATE \"C\" CONNECTION LIMIT 5"
    );
    assert_eq!(super::renamed("CREATE ROLE x", "y"), None);
}

proptest::proptest! {
    #[test]
    fn whatever_is_read_neither_panics_nor_loses_a_statement(script in r#"[a-zA-Z'";$()\\*/ü\n -]{0,60}"#) {
        if let Ok(all) = effects(&script) {
            proptest::prop_assert_eq!(all.len(), pg_query::parse(&script, 0).unwrap().protobuf.stmts.len());
        }
    }
}
