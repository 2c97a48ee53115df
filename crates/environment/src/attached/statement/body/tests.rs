#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use std::collections::BTreeSet;

use leaseproof_history::MadeThere;

use crate::attached::statement::{Effect, Scope, of_vault, read};

fn made() -> BTreeSet<MadeThere> {
    let cluster = || "target".to_owned();
    BTreeSet::from([
        MadeThere::Database { cluster: cluster(), name: "shop".to_owned() },
        MadeThere::Role { cluster: cluster(), name: "ours".to_owned() },
    ])
}

/// What a script of the setup's does together, in a database.
fn script(text: &str, database: &str) -> Result<Effect, String> {
    let mut made = made();
    let mut scope = Scope { on: "target", database, made: &mut made, is_of_vault: false, has_own_account: false };
    let read = read(text, &mut scope);
    Ok(read.map_err(|refused| refused.why)?.pop().map_or(Effect::Within, |statement| statement.effect))
}

/// The reason for which statements that Vault would run in a database are refused.
fn vault(text: &str, database: &str) -> Option<String> {
    let mut made = made();
    let scope = Scope { on: "target", database, made: &mut made, is_of_vault: true, has_own_account: true };
    of_vault(text, &scope).err().map(|(_, why)| why)
}

fn block(body: &str) -> String {
    format!("DO $body$ DECLARE r record; who text; n int; c CONSTANT text := 'ours'; BEGIN {body} END $body$")
}

fn function(body: &str) -> String {
    format!(
        "CREATE FUNCTION f(who text, n int) RETURNS int LANGUAGE plpgsql AS $body$ \
         DECLARE r record; c CONSTANT text := 'ours'; BEGIN {body} RETURN 1; END $body$"
    )
}

/// Statements that change what is not the setup's, and what is said of each.
const BEYOND: [(&str, &str); 31] = [
    ("ALTER ROLE theirs CREATEDB;", "`ALTER ROLE theirs`: it changes a role"),
    ("IF n > 0 THEN ALTER ROLE theirs CREATEDB; END IF;", "it changes a role"),
    ("BEGIN NULL; EXCEPTION WHEN others THEN DROP ROLE theirs; END;", "DROP ROLE theirs"),
    ("FOR r IN SELECT 1 LOOP GRANT ours TO theirs; END LOOP;", "would become a member"),
    ("DO $x$ BEGIN GRANT ours TO theirs; END $x$;", "would become a member"),
    ("EXECUTE 'ALTER ROLE theirs CREATEDB';", "EXECUTE: `ALTER ROLE theirs`: it changes a role"),
    ("EXECUTE 'ALTER ROLE ' || 'theirs' || ' CREATEDB';", "it changes a role"),
    ("EXECUTE format('GRANT ours TO %I', 'theirs');", "would become a member"),
    ("EXECUTE format('GRANT ours TO %I', who);", "would become a member"),
    ("EXECUTE format('ALTER ROLE %s CREATEDB', who);", "EXECUTE: the variable who is not known before it runs"),
    ("EXECUTE who;", "setup = \"theirs\""),
    ("EXECUTE r.statement;", "a field of a record is not known"),
    ("EXECUTE (SELECT string_agg('x', ';'));", "an expression is not known"),
    ("FOR r IN EXECUTE 'ALTER ROLE theirs CREATEDB' LOOP END LOOP;", "it changes a role"),
    ("EXECUTE 'DO ''BEGIN EXECUTE ''''ALTER ROLE theirs CREATEDB''''; END''';", "it changes a role"),
    ("EXECUTE 'COPY t TO PROGRAM ''id''';", "`COPY t TO`"),
    ("COPY t TO PROGRAM 'id';", "it may change more"),
    ("CALL p();", "it may change more"),
    ("ALTER SYSTEM SET fsync = off;", "it may change more"),
    ("COMMIT;", "must not begin or end a transaction"),
    ("EXECUTE 'COMMIT';", "must not begin or end a transaction"),
    ("PERFORM pg_reload_conf();", "pg_reload_conf()"),
    ("n := (SELECT count(pg_reload_conf()));", "pg_reload_conf()"),
    ("EXECUTE format('SELECT %I()', who);", "which function it calls is not known"),
    ("EXECUTE format('UPDATE %I SET a = 1', who);", "which table it changes is not known"),
    ("EXECUTE format('UPDATE %I.%I SET a = 1', who, who);", "which table it changes is not known"),
    ("EXECUTE format('DELETE FROM pg_catalog.%I', who);", "which table it changes is not known"),
    ("EXECUTE format('SET %I = 1', who);", "which setting it changes is not known"),
    (
        "EXECUTE format('ALTER ROLE %I CREATEDB', who);",
        "; a quoted part of it is not known before it runs: declare it CONSTANT with a literal",
    ),
    ("PERFORM pg_reload_conf /* x */ ();", "pg_reload_conf()"),
    ("SET allow_system_table_mods = on;", "with allow_system_table_mods"),
];

#[test]
fn a_statement_in_a_body_is_checked_like_one_outside_of_it() {
    for (body, words) in BEYOND {
        for text in [block(body), function(body)] {
            let why = script(&text, "shop").expect_err(&text);
            assert!(why.contains("line 1 of its body: ") && why.contains(words), "{text}: {why}");
        }
    }
    for (body, words) in BEYOND.iter().filter(|(body, _)| !body.contains("COMMIT")) {
        for text in [block(body), function(body)] {
            let why = vault(&text, "shop").unwrap_or_else(|| panic!("{text}"));
            assert!(why.contains(words) || words.contains("ROLE theirs"), "{text}: {why}");
        }
    }
    for body in ["CREATE ROLE x;", "EXECUTE 'CREATE DATABASE x';"] {
        let why = script(&block(body), "shop").unwrap_err();
        assert!(why.contains("create it by a statement of its own"), "{why}");
    }
    let why = script("DO $$\nBEGIN\n  NULL;\n  ALTER ROLE theirs CREATEDB;\nEND $$", "shop").unwrap_err();
    assert!(why.starts_with("line 4 of its body: "), "{why}");
}

#[test]
fn a_body_may_change_what_is_the_setups() {
    for (body, expected) in [
        ("", Effect::Within),
        ("INSERT INTO t VALUES (1); SELECT count(*) INTO n FROM t;", Effect::Within),
        ("ALTER ROLE ours CREATEDB;", Effect::OnOurs),
        ("EXECUTE format('ALTER ROLE %I CREATEDB', c);", Effect::OnOurs),
        ("EXECUTE 'GRANT SELECT ON t TO ' || quote_ident(c);", Effect::Within),
        ("EXECUTE format('CREATE TABLE %I PARTITION OF t FOR VALUES IN (%L)', 't_' || n, n);", Effect::Within),
        (
            "FOR r IN SELECT relname FROM pg_class LOOP EXECUTE format('GRANT SELECT ON %I TO ours', r.relname); END LOOP;",
            Effect::Within,
        ),
        ("EXECUTE 'SELECT $1' INTO n USING n;", Effect::Within),
        (
            "FOR r IN SELECT * FROM pg_tables LOOP EXECUTE format('ALTER TABLE %I.%I OWNER TO ours', r.schemaname, r.tablename); END LOOP;",
            Effect::Within,
        ),
        ("EXECUTE format('UPDATE app.%I SET a = 1', who);", Effect::Within),
        ("EXECUTE format('GRANT CONNECT ON DATABASE %I TO ours', current_database());", Effect::OnOurs),
        ("IF pg_has_role('ours', 'MEMBER') THEN PERFORM pg_notify('c', pg_get_userbyid(10)); END IF;", Effect::Within),
    ] {
        assert_eq!(script(&block(body), "shop"), Ok(expected), "{body}");
        script(&function(body), "shop").unwrap_or_else(|why| panic!("{body}: {why}"));
    }
}

#[test]
fn functions_of_every_signature_are_read() {
    for (signature, body) in [
        (
            "f() RETURNS trigger",
            "NEW.at := now(); IF TG_OP = 'INSERT' AND TG_ARGV[0] IS NULL THEN RETURN OLD; END IF; RETURN NEW;",
        ),
        ("f(a citext, b s.other, c t.a%TYPE) RETURNS mytype", "a := b.x; RETURN c;"),
        ("f(a int, VARIADIC b text[]) RETURNS SETOF orders", "RETURN QUERY SELECT * FROM orders; RETURN NEXT a;"),
        ("f(a int) RETURNS TABLE (b int)", "b := $1; RETURN NEXT; RETURN QUERY EXECUTE 'SELECT 1';"),
        ("f(a int, OUT b int, INOUT c text)", "b := a; RETURN;"),
        ("f(refcursor) RETURNS refcursor", "OPEN $1 FOR SELECT 1; RETURN $1;"),
        ("f(anyelement) RETURNS anyelement", "RETURN $1;"),
        ("f() RETURNS void", "RETURN;"),
        (
            "f(a uuid, b timestamptz, c numeric(3, 1), d jsonb[]) RETURNS uuid",
            "SELECT 1, 2, 3, 4 INTO a, b, c, d; RETURN a;",
        ),
    ] {
        let text =
            |more: &str| format!("CREATE FUNCTION {signature} LANGUAGE plpgsql AS $f$ BEGIN {more} {body} END $f$");
        script(&text(""), "shop").unwrap_or_else(|why| panic!("{signature}: {why}"));
        let why = script(&text("DROP ROLE theirs;"), "shop").expect_err(signature);
        assert!(why.contains("`DROP ROLE theirs`"), "{signature}: {why}");
    }
    for declared in [
        "r orders%ROWTYPE; a orders.id%TYPE := 1; b app.orders.id%TYPE; k app.kind NOT NULL DEFAULT 'x'; c citext;",
        "r app.orders%rowtype; a orders . id % TYPE /* x */ ; b app.pair; k hstore[] = '{}'; c CONSTANT citext := 'x';",
    ] {
        for text in [
            format!(
                "DO $f$ DECLARE {declared} BEGIN MORE SELECT * INTO r FROM orders; k := r.id; DECLARE d t%ROWTYPE; BEGIN d.x := a; END; END $f$"
            ),
            format!(
                "CREATE FUNCTION f(a int) RETURNS text LANGUAGE plpgsql AS $f$ DECLARE {declared} BEGIN MORE FOR r IN SELECT * FROM t LOOP b.y := r.x; END LOOP; RETURN c; END $f$"
            ),
        ] {
            script(&text.replace("MORE", ""), "shop").unwrap_or_else(|why| panic!("{text}: {why}"));
            let why = script(&text.replace("MORE", "\nDROP ROLE theirs;"), "shop").expect_err(&text);
            assert!(why.starts_with("line 2 of its body: `DROP ROLE theirs`"), "{text}: {why}");
        }
    }
    script("CREATE PROCEDURE p(a int) LANGUAGE plpgsql AS 'BEGIN RETURN; END'", "shop").unwrap();
}

#[test]
fn a_function_has_no_more_rights_than_its_caller_and_hides_nothing() {
    for (text, words) in [
        (
            "CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
            "SECURITY DEFINER",
        ),
        ("ALTER FUNCTION f() SECURITY DEFINER", "SECURITY DEFINER"),
        ("ALTER ROUTINE f() SECURITY DEFINER", "SECURITY DEFINER"),
        ("ALTER FUNCTION f() SET role = theirs", "it takes a role that the setup does not create"),
        ("ALTER FUNCTION f() RESET ALL", "RESET ALL"),
        (
            "CREATE FUNCTION f() RETURNS int SET session_authorization = theirs LANGUAGE sql AS 'SELECT 1'",
            "session_authorization changes how, or as whom",
        ),
        ("CREATE FUNCTION current_database() RETURNS name LANGUAGE sql AS 'SELECT NULL'", "hides PostgreSQL's own"),
        ("CREATE FUNCTION format(text, name) RETURNS text LANGUAGE sql AS 'SELECT ''x'''", "hides PostgreSQL's own"),
        ("CREATE OPERATOR ! (RIGHTARG = int, FUNCTION = pg_terminate_backend)", "pg_terminate_backend()"),
        ("CREATE AGGREGATE a (int) (SFUNC = pg_catalog.pg_terminate_backend, STYPE = bool)", "pg_terminate_backend()"),
        ("CREATE CAST (int AS bool) WITH FUNCTION pg_terminate_backend(int)", "pg_terminate_backend()"),
        ("ALTER FUNCTION pg_terminate_backend(int, bigint) RENAME TO harmless", "pg_terminate_backend()"),
        ("SELECT ts_stat('SELECT pg_reload_conf()')", "ts_stat()"),
        ("SELECT * FROM crosstab('SELECT f()') AS t (a int)", "crosstab()"),
        ("DO LANGUAGE plpython3u 'x'", "leaseproof cannot read the language plpython3u"),
        ("DO 'BEGIN x y; END'", "its body cannot be read as PL/pgSQL"),
        ("DO 'DECLARE r t%ROWTYPE := pg_reload_conf(); BEGIN END'", "pg_reload_conf()"),
        ("DO 'BEGIN SELECT 1 AS declare; CALL a.b(); END'", "it may change more"),
        ("DO 'BEGIN SELECT 1 AS declare; PERFORM s.dblink_exec(''x''); END'", "dblink_exec()"),
        ("DO 'DECLARE c CONSTANT s.t := ''ours''; BEGIN EXECUTE format(''DROP ROLE %I'', c); END'", "DROP ROLE"),
        ("DO 'DECLARE r record := pg_reload_conf(); BEGIN END'", "pg_reload_conf()"),
        ("DO 'DECLARE r record := pg_reload_conf/**/(); BEGIN END'", "pg_reload_conf()"),
        ("DO E'DECLARE r record := pg_reload_conf -- x\n (); BEGIN END'", "pg_reload_conf()"),
    ] {
        let why = script(text, "shop").expect_err(text);
        assert!(why.contains(words), "{text}: {why}");
    }
}

/// libpg_query shows no value with which a record begins.
#[test]
fn a_declaration_is_checked_wherever_its_block_begins() {
    for begin in [
        "DECLARE WHAT BEGIN END",
        "#variable_conflict use_column\nDECLARE WHAT BEGIN END",
        "#print_strict_params on\n#variable_conflict error DECLARE WHAT BEGIN END",
        "<<a>> DECLARE WHAT BEGIN END",
        "BEGIN DECLARE WHAT BEGIN END; END",
        "BEGIN <<a>> DECLARE WHAT BEGIN END; END",
        "BEGIN NULL; DECLARE WHAT BEGIN DECLARE n int; BEGIN END; END; END",
        "BEGIN BEGIN DECLARE WHAT BEGIN END; END; END",
        "BEGIN IF (true) THEN DECLARE WHAT BEGIN END; END IF; END",
        "BEGIN IF (CASE WHEN true THEN true END) THEN DECLARE WHAT BEGIN END; END IF; END",
        "BEGIN IF true THEN IF true THEN DECLARE WHAT BEGIN END; END IF; END IF; END",
        "BEGIN IF true THEN NULL; ELSIF true THEN DECLARE WHAT BEGIN END; END IF; END",
        "BEGIN IF true THEN NULL; elseif true THEN DECLARE WHAT BEGIN END; END IF; END",
        "BEGIN IF true THEN NULL; ELSE DECLARE WHAT BEGIN END; END IF; END",
        "BEGIN CASE 1 WHEN 1 THEN DECLARE WHAT BEGIN END; END CASE; END",
        "BEGIN CASE WHEN true THEN NULL; WHEN false THEN DECLARE WHAT BEGIN END; ELSE NULL; END CASE; END",
        "BEGIN LOOP DECLARE WHAT BEGIN EXIT; END; END LOOP; END",
        "BEGIN WHILE true loop DECLARE WHAT BEGIN EXIT; END; END LOOP; END",
        "BEGIN FOR i IN 1..2 LOOP declare WHAT BEGIN END; END LOOP; END",
        "DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP <<b>> DECLARE WHAT BEGIN END; END LOOP; END",
        "DECLARE n int; BEGIN FOREACH n IN ARRAY ARRAY[1] LOOP DECLARE WHAT BEGIN END; END LOOP; END",
        "BEGIN NULL; EXCEPTION WHEN unique_violation OR others THEN DECLARE WHAT BEGIN END; END",
    ] {
        for what in ["x record := theirs_own();", "n int; x t%ROWTYPE = theirs_own();", "x int := theirs_own();"] {
            let text = format!("DO $f$ {} $f$", begin.replace("WHAT", what));
            let why = vault(&text, "theirs").unwrap_or_else(|| panic!("{text}"));
            assert!(why.contains("theirs_own() may change more"), "{text}: {why}");
        }
        let text = format!("DO $f$ {} $f$", begin.replace("WHAT", "x record := now(); y theirs.kind := 'a';"));
        assert_eq!(vault(&text, "theirs"), None, "{text}");
    }
    // Elsewhere it is a name, and what follows it is no declaration.
    for body in [
        "PERFORM 1 AS declare;",
        "PERFORM CASE WHEN true THEN declare ELSE 2 END FROM (SELECT 1 AS declare) x;",
        "n := CASE WHEN true THEN declare END FROM (SELECT 1 AS declare) x;",
        "elsif := CASE WHEN true THEN declare END FROM (SELECT 1 AS declare) x;",
        "RETURN;",
    ] {
        let text = format!("DO $f$ DECLARE n int; elsif int; BEGIN {body} END $f$");
        assert_eq!(vault(&text, "shop"), None, "{text}");
    }
    let cursor = "DO $f$ BEGIN DECLARE k CURSOR FOR SELECT theirs_own(); BEGIN OPEN k; END; END $f$";
    assert!(vault(cursor, "theirs").unwrap().contains("theirs_own() may change more"));
}

/// A name of WITH hides a table of somebody else's only where PostgreSQL looks for it.
#[test]
fn a_with_query_is_known_where_postgresql_knows_it() {
    for query in [
        "WITH t AS (SELECT * FROM t) SELECT * FROM t",
        "WITH t AS NOT MATERIALIZED (TABLE t) SELECT 1",
        "WITH a AS (SELECT * FROM t), t AS (SELECT 1) SELECT * FROM a",
        "WITH a AS (SELECT 1), t AS (SELECT * FROM a, t) SELECT * FROM t",
        "WITH a AS (SELECT * FROM (SELECT * FROM t) x), t AS (SELECT 1) SELECT * FROM a",
        "SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t) x, t",
        "SELECT 1 FROM t WHERE EXISTS (WITH t AS (SELECT 1) SELECT FROM t)",
        "SELECT (WITH t AS (SELECT 1) SELECT 1 FROM t), (SELECT 1 FROM t)",
        "WITH a AS (WITH t AS (SELECT 1) SELECT * FROM t) SELECT * FROM t",
        "WITH a AS (WITH t AS (SELECT 1) SELECT * FROM t), b AS (SELECT * FROM t) SELECT 1",
        "(WITH t AS (SELECT 1) SELECT * FROM t) UNION SELECT * FROM t",
        "SELECT * FROM t UNION (WITH t AS (SELECT 1) SELECT * FROM t)",
        "WITH t AS (SELECT 1) SELECT * FROM public.t",
        "WITH RECURSIVE a AS (SELECT 1) SELECT * FROM t",
        "WITH RECURSIVE a AS (WITH t AS (SELECT * FROM t) SELECT 1) SELECT * FROM a",
    ] {
        let why = vault(query, "theirs").unwrap_or_else(|| panic!("{query}"));
        assert!(why.contains("it reads t, which may call functions of others"), "{query}: {why}");
        let in_body = vault(&block(&format!("FOR r IN {query} LOOP END LOOP;")), "theirs");
        assert!(in_body.is_some_and(|why| why.contains("it reads t, ")), "{query}");
        assert_eq!(vault(query, "shop"), None, "{query}");
    }
    for query in [
        "WITH t AS (SELECT 1) SELECT * FROM t",
        "WITH a AS (SELECT 1), t AS (SELECT * FROM a) SELECT * FROM t WHERE EXISTS (SELECT FROM a, t)",
        "WITH t AS (SELECT 1) SELECT * FROM (SELECT * FROM t) x",
        "WITH t AS (SELECT 1) SELECT * FROM t UNION SELECT * FROM (SELECT * FROM t) x",
        "WITH t AS (SELECT 1) SELECT * FROM (WITH t AS (SELECT * FROM t) SELECT * FROM t) x",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t",
        "WITH RECURSIVE a AS (SELECT * FROM t), t AS (SELECT 1) SELECT * FROM a",
        "WITH RECURSIVE a AS (WITH b AS (SELECT * FROM t) SELECT * FROM b), t AS (SELECT 1) SELECT * FROM a",
    ] {
        assert_eq!(vault(query, "theirs"), None, "{query}");
    }
    let (all, end) = (
        "WITH pg_stat_activity AS (SELECT pid, '{{name}}' AS usename FROM pg_catalog.pg_stat_activity) ",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'",
    );
    for text in [format!("{all}{end}"), format!("{all}SELECT ({end} LIMIT 1)"), format!("{all}, x AS ({end}) SELECT 1")]
    {
        let why = vault(&text, "theirs").unwrap_or_default();
        assert!(why.contains("may end the sessions of others"), "{text}: {why}");
    }
    let catalogs = format!("{all}{}", end.replace(" pg_stat_activity", " pg_catalog.pg_stat_activity"));
    assert_eq!(vault(&catalogs, "theirs"), None);
}

#[test]
fn vaults_blocks_change_only_the_credentials_role() {
    for database in ["shop", "theirs"] {
        for body in [
            "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';",
            "IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{{name}}') THEN GRANT ours TO \"{{name}}\"; END IF;",
            "EXECUTE format('DROP ROLE IF EXISTS %I', '{{name}}');",
            "EXECUTE 'DROP OWNED BY \"{{name}}\"';",
            "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ours') THEN CREATE ROLE ours; END IF;",
            "DECLARE k refcursor; BEGIN OPEN k FOR SELECT 1; FETCH k INTO n; MOVE k; CLOSE k; END;",
            "PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}' AND pid <> pg_backend_pid();",
            "FOR r IN SELECT nspname FROM pg_namespace LOOP EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', r.nspname, '{{name}}'); END LOOP;",
        ] {
            assert_eq!(vault(&block(body), database), None, "{body} in {database}");
        }
        for (body, words) in [
            ("EXECUTE format('DROP ROLE %I', 'theirs');", "neither the credential's nor one that the setup creates"),
            ("EXECUTE 'ALTER ROLE ' || quote_ident(who) || ' NOLOGIN';", "it changes a role"),
            ("PERFORM pg_terminate_backend(pid) FROM pg_stat_activity;", "may end the sessions of others"),
            ("PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'theirs';", "sessions of others"),
            (
                "PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}' OR true;",
                "sessions of others",
            ),
            ("EXECUTE 'CREATE ROLE everybody';", "the same for every credential"),
        ] {
            let why = vault(&block(body), database).unwrap_or_else(|| panic!("{body} in {database}"));
            assert!(why.contains(words), "{body} in {database}: {why}");
        }
    }
    for text in [
        "WITH x AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM x",
        "WITH x AS (INSERT INTO orders VALUES (1) RETURNING id) SELECT count(*) FROM x",
        "SELECT count(*) FROM (WITH x AS (UPDATE orders SET id = 1 RETURNING id) SELECT * FROM x) AS y",
        "SELECT 1 AS a INTO leftover",
        "SELECT 1 AS a INTO leftover UNION SELECT 2",
        "CREATE TABLE leftover AS SELECT 1",
        "EXPLAIN ANALYZE DELETE FROM orders",
        "DELETE FROM orders",
        "MERGE INTO orders o USING t ON o.id = t.id WHEN MATCHED THEN DELETE",
        "SET session_replication_role = replica",
    ] {
        let why = vault(text, "theirs").unwrap_or_else(|| panic!("{text}"));
        assert!(why.contains("the database theirs is not") || why.contains("lift triggers"), "{text}: {why}");
        // In a body, INTO names a variable.
        if !text.contains("INTO leftover") {
            let why = vault(&block(&format!("{text};")), "theirs").unwrap_or_else(|| panic!("{text}"));
            assert!(why.contains("line 1 of its body: "), "{text}: {why}");
        }
        assert_eq!(vault(text, "shop").is_some(), text.starts_with("EXPLAIN"), "{text}");
    }
    for setting in ["role = 'app_owner'", "search_path = app, pg_catalog", "standard_conforming_strings = off"] {
        assert_eq!(vault(&format!("ALTER ROLE \"{{{{name}}}}\" SET {setting}"), "theirs"), None, "{setting}");
        assert!(vault(&format!("ALTER ROLE ours SET {setting}"), "theirs").is_some(), "{setting}");
    }
    for query in [
        "FROM pg_stat_activity a, pg_stat_activity b WHERE b.usename = '{{name}}'",
        "FROM pg_stat_activity a JOIN pg_stat_activity b ON true WHERE b.usename = '{{name}}'",
        "FROM (SELECT pid, '{{name}}'::name AS usename FROM pg_stat_activity) x WHERE usename = '{{name}}'",
        "FROM pg_stat_activity a, (SELECT '{{name}}'::name AS usename) x WHERE x.usename = '{{name}}'",
        "FROM pg_stat_activity AS a (datid, datname, pid, leader, usesysid, x, usename) WHERE usename = '{{name}}'",
        "FROM theirs.pg_stat_activity WHERE usename = '{{name}}'",
    ] {
        let why = vault(&format!("SELECT pg_terminate_backend(pid) {query}"), "shop").unwrap_or_default();
        assert!(why.contains("may end the sessions of others"), "{query}: {why}");
    }
    for relation in ["pg_stat_activity", "pg_catalog.pg_stat_activity AS a"] {
        let own = format!("SELECT pg_terminate_backend(pid) FROM {relation} WHERE usename = '{{{{name}}}}'");
        assert_eq!(vault(&own, "theirs"), None, "{own}");
    }
    assert_eq!(vault("SELECT theirs_own('{{name}}')", "shop"), None);
    assert_eq!(vault("SELECT pg_catalog.md5('x'), extract(year FROM now()), trim('x')", "theirs"), None);
    let why = vault("SELECT theirs_own('{{name}}')", "theirs").unwrap_or_default();
    assert!(why.contains("leaseproof cannot read the functions in it"), "{why}");
    assert_eq!(vault("SELECT count(*)", "theirs"), None);
    let why = vault("SELECT audit.count(*)", "theirs").unwrap_or_default();
    assert!(why.contains("leaseproof cannot read the functions in it"), "{why}");
    for call in ["pg_notify('c', 'x')", "pg_catalog.pg_notify('c', 'x')"] {
        let why = vault(&format!("SELECT {call}"), "theirs").unwrap_or_default();
        assert!(why.contains("pg_notify() may reach the sessions of others"), "{why}");
    }
    let why = vault("SELECT pg_catalog.pg_reload_conf()", "theirs").unwrap_or_default();
    assert!(why.contains("pg_reload_conf()"), "{why}");
}

#[test]
fn a_statement_of_vault_ends_the_sessions_of_its_credential_only() {
    let own = "FROM pg_stat_activity WHERE usename = '{{name}}'";
    let others = [
        format!("SELECT 1 {own} AND pg_terminate_backend(pid)"),
        format!("SELECT 1 {own} AND (SELECT pg_terminate_backend(pid))"),
        format!("SELECT pid {own} GROUP BY pid HAVING pg_terminate_backend(pid)"),
        format!("SELECT pid {own} ORDER BY pg_terminate_backend(pid)"),
        format!("SELECT 1 {own} LIMIT pg_cancel_backend(4711)::int"),
        format!("SELECT pg_terminate_backend(4711) {own}"),
        format!("SELECT pg_terminate_backend(pid + 1) {own}"),
        format!("SELECT pg_terminate_backend(leader_pid) {own}"),
        format!("SELECT pg_terminate_backend(other.pid) {own}"),
        format!("SELECT pg_terminate_backend(pid, leader_pid) {own}"),
        format!("SELECT pg_terminate_backend(timeout => 1, pid => 4711) {own}"),
        format!("SELECT pg_terminate_backend(pid) {}", own.replace("usename =", "usename OPERATOR(public.=)")),
        format!("SELECT pg_terminate_backend(pid) {}", own.replace("usename =", "other.usename =")),
        format!("SELECT (SELECT pg_terminate_backend(pid) FROM pg_stat_activity LIMIT 1) {own}"),
        format!("SELECT pg_terminate_backend(pid) {own} UNION SELECT pg_terminate_backend(pid) FROM pg_stat_activity"),
    ];
    for text in others {
        for text in [text.clone(), block(&format!("PERFORM {};", text.trim_start_matches("SELECT ")))] {
            let why = vault(&text, "shop").unwrap_or_default();
            assert!(why.contains("may end the sessions of others"), "{text}: {why}");
        }
    }
    for text in [
        format!("SELECT pg_terminate_backend(pid) {own} AND pid <> pg_backend_pid()"),
        format!("SELECT pg_catalog.pg_terminate_backend(pg_stat_activity.pid, 5000) {own}"),
        format!("SELECT pg_cancel_backend(s.pid) {}", own.replace("WHERE ", "AS s WHERE s.")),
        format!("SELECT count(pg_terminate_backend(pid)) FILTER (WHERE pid > 0) {own}"),
        format!("WITH ended AS (SELECT pg_terminate_backend(pid) {own}) SELECT count(*) FROM ended"),
        format!("SELECT pg_terminate_backend(pid) {}", own.replace("usename =", "usename OPERATOR(pg_catalog.=)")),
    ] {
        assert_eq!(vault(&text, "theirs"), None, "{text}");
    }
}

#[test]
fn no_variable_decides_whose_sessions_end() {
    let end = "PERFORM pg_terminate_backend(s.pid) FROM pg_stat_activity AS s WHERE s.usename = '{{name}}';";
    let conflict = format!("DO $b$ #variable_conflict use_variable\nDECLARE n int; BEGIN {end} END $b$");
    let why = vault(&conflict, "shop").unwrap_or_default();
    assert!(why.contains("#variable_conflict use_variable"), "{why}");
    for declared in [
        "DECLARE usename text := '{{name}}';",
        "DECLARE \"usename\" text := '{{name}}';",
        "DECLARE USENAME CONSTANT name := '{{name}}';",
        "DECLARE n int := 4711; pid ALIAS FOR n;",
        "DECLARE s record;",
        "DECLARE pg_stat_activity record;",
        "DECLARE k CURSOR (pid int) FOR SELECT 1;",
    ] {
        let text = format!("DO $b$ {declared} BEGIN {end} END $b$");
        let why = vault(&text, "shop").unwrap_or_default();
        assert!(why.contains("could be read in place of a column"), "{text}: {why}");
        let harmless = text.replace(end, "NULL;");
        assert_eq!(vault(&harmless, "shop"), None, "{harmless}");
    }
    let looped = format!("DO $b$ BEGIN FOR pid IN 1..9 LOOP {end} END LOOP; END $b$");
    assert!(vault(&looped, "shop").is_some_and(|why| why.contains("the variable pid")), "{looped}");
    let parameter = format!("CREATE FUNCTION f(pid int) RETURNS void LANGUAGE plpgsql AS $b$ BEGIN {end} END $b$");
    assert!(vault(&parameter, "shop").is_some_and(|why| why.contains("the variable pid")), "{parameter}");
    assert_eq!(vault(&block(end), "theirs"), None);
}
