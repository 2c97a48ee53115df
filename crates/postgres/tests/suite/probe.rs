//! Each privilege tried by a role that holds it and by one that does not, on every PostgreSQL that is found, and that
//! nothing is left of it.

use leaseproof_domain::{Grant, Object, ObjectKind, Privilege, ProbeOutcome};
use leaseproof_postgres::{Prober, Session};
use leaseproof_testkit::postgres::Cluster;

const ENVIRONMENT: &str = r#"
    CREATE ROLE nobody LOGIN;
    CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO PUBLIC;
    CREATE SCHEMA shut; CREATE TABLE shut.t (a int);
    CREATE TABLE app.t (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text NOT NULL, b int GENERATED ALWAYS AS (1 + 1) STORED
    );
    INSERT INTO app.t (a) VALUES ('kept');
    ALTER TABLE app.t ENABLE ROW LEVEL SECURITY;
    CREATE TABLE app."Mixed ""Case""" (a int);
    CREATE TABLE app.hooked (a int); CREATE TABLE app.ruled (a int);
    CREATE TABLE app.parts (a int) PARTITION BY RANGE (a);
    CREATE VIEW app.t_ids AS SELECT id, 1 AS one FROM app.t;
    CREATE SEQUENCE app.s;
    CREATE FUNCTION app.hook() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
    CREATE TRIGGER hook BEFORE INSERT ON app.hooked FOR EACH STATEMENT EXECUTE FUNCTION app.hook();
    CREATE RULE also AS ON INSERT TO app.ruled DO ALSO NOTIFY ran;
    CREATE FUNCTION app.f(int, text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
    CREATE FUNCTION app.fixed(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
    CREATE FUNCTION app.inlined(int) RETURNS int IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1 + 1';
    CREATE FUNCTION app.folded() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
    CREATE FUNCTION app.bare() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
    CREATE FUNCTION app.rows(int) RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
    CREATE FUNCTION app.many(VARIADIC int[]) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
    CREATE FUNCTION app.any(anyelement) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION app.final(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
    CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int, FINALFUNC = app.final, INITCOND = '0');
    CREATE PROCEDURE app.p(int, OUT int) LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
    CREATE PROCEDURE app.p0() LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran'; END $$;
    CREATE TYPE app.mood AS ENUM ('fine'); CREATE DOMAIN app.small AS int NOT NULL;
    REVOKE ALL ON ALL ROUTINES IN SCHEMA app FROM PUBLIC;
    REVOKE USAGE ON TYPE app.mood, app.small FROM PUBLIC;
    REVOKE USAGE ON LANGUAGE plpgsql, sql FROM PUBLIC;
    CREATE FOREIGN DATA WRAPPER wrapper; CREATE SERVER remote FOREIGN DATA WRAPPER wrapper;
    CREATE FOREIGN TABLE app.far (a int) SERVER remote;
    SELECT lo_create(4711);
    REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC;
"#;

/// What is granted, to be tried by a role that holds just that and by one that does not.
struct Case {
    grant: &'static str,
    privilege: Privilege,
    object: Object,
    holding: &'static str,
    lacking: &'static str,
    /// The major versions that this is so in.
    versions: std::ops::RangeInclusive<u32>,
    /// What the role needs besides.
    besides: &'static str,
}

fn case(grant: &'static str, privilege: Privilege, object: Object) -> Case {
    Case { grant, privilege, object, holding: "allowed", lacking: "refused", versions: 14..=99, besides: "" }
}

impl Case {
    fn shown(self, holding: &'static str, lacking: &'static str) -> Self {
        Self { holding, lacking, ..self }
    }

    fn unproved(self) -> Self {
        self.shown("unproved", "unproved")
    }

    fn since(self, since: u32) -> Self {
        Self { versions: since..=99, ..self }
    }

    fn until(self, until: u32) -> Self {
        Self { versions: 14..=until, ..self }
    }

    fn besides(self, besides: &'static str) -> Self {
        Self { besides, ..self }
    }
}

fn in_app(kind: ObjectKind, name: &str) -> Object {
    Object { kind, schema: Some("app".into()), name: name.into(), column: None }
}

fn shared(kind: ObjectKind, name: &str) -> Object {
    Object { kind, schema: None, name: name.into(), column: None }
}

fn column(name: &str) -> Object {
    Object { column: Some(name.into()), ..in_app(ObjectKind::Column, "t") }
}

fn cases() -> Vec<Case> {
    use ObjectKind as K;
    use Privilege as P;
    let table = |name| in_app(K::Table, name);
    let function = |name| in_app(K::Function, name);
    let mut cases = vec![
        case("SELECT ON app.t", P::Select, table("t")),
        case("INSERT ON app.t", P::Insert, table("t")),
        case("UPDATE ON app.t", P::Update, table("t")),
        case("DELETE ON app.t", P::Delete, table("t")),
        case("SELECT ON app.\"Mixed \"\"Case\"\"\"", P::Select, table("Mixed \"Case\"")),
        case("INSERT ON app.parts", P::Insert, table("parts")),
        case("SELECT ON app.t_ids", P::Select, table("t_ids")),
        case("DELETE ON app.t_ids", P::Delete, table("t_ids")).shown("unproved", "unproved"),
        case("INSERT ON app.hooked", P::Insert, table("hooked")).unproved(),
        case("INSERT ON app.ruled", P::Insert, table("ruled")).unproved(),
        case("INSERT ON app.far", P::Insert, table("far")).unproved(),
        case("TRUNCATE ON app.t", P::Truncate, table("t")).until(16),
        // From 17 on MAINTAIN allows the same lock.
        case("TRUNCATE ON app.t", P::Truncate, table("t")).shown("unproved", "refused").since(17),
        case("TRUNCATE, UPDATE ON app.t", P::Truncate, table("t")).shown("unproved", "refused"),
        case("REFERENCES ON app.t", P::References, table("t")).unproved(),
        case("TRIGGER ON app.t", P::Trigger, table("t")).unproved(),
        case("MAINTAIN ON app.t", P::Maintain, table("t")).shown("unproved", "refused").since(17),
        // One column is not the table, nor another column.
        case("SELECT (id) ON app.t", P::Select, table("t")).shown("refused", "refused"),
        case("INSERT (id) ON app.t", P::Insert, table("t")).shown("refused", "refused"),
        case("UPDATE (id) ON app.t", P::Update, table("t")).shown("refused", "refused"),
        case("SELECT (id) ON app.t", P::Select, column("a")).shown("refused", "refused"),
        case("SELECT (a) ON app.t", P::Select, column("a")),
        case("INSERT (a) ON app.t", P::Insert, column("a")),
        case("INSERT (id) ON app.t", P::Insert, column("id")),
        case("UPDATE (a) ON app.t", P::Update, column("a")),
        case("UPDATE (id) ON app.t", P::Update, column("id")),
        case("UPDATE (b) ON app.t", P::Update, column("b")),
        case("REFERENCES (a) ON app.t", P::References, column("a")).unproved(),
        case("USAGE ON SEQUENCE app.s", P::Usage, in_app(K::Sequence, "s")),
        case("SELECT ON SEQUENCE app.s", P::Select, in_app(K::Sequence, "s")),
        case("UPDATE ON SEQUENCE app.s", P::Update, in_app(K::Sequence, "s")),
        // What UPDATE and SELECT together allow is all that USAGE does, and nothing tells it from them.
        case("USAGE, SELECT ON SEQUENCE app.s", P::Usage, in_app(K::Sequence, "s")),
        case("USAGE, UPDATE ON SEQUENCE app.s", P::Usage, in_app(K::Sequence, "s")),
        case("SELECT ON SEQUENCE app.s", P::Usage, in_app(K::Sequence, "s")).shown("refused", "refused"),
        case("UPDATE ON SEQUENCE app.s", P::Usage, in_app(K::Sequence, "s")).shown("refused", "refused"),
        case("SELECT, UPDATE ON SEQUENCE app.s", P::Usage, in_app(K::Sequence, "s")).shown("unproved", "refused"),
        case("USAGE ON SCHEMA shut", P::Usage, shared(K::Schema, "shut")),
        case("CREATE ON SCHEMA shut", P::Create, shared(K::Schema, "shut")),
        case("CREATE ON DATABASE postgres", P::Create, shared(K::Database, "postgres")),
        case("TEMPORARY ON DATABASE postgres", P::Temporary, shared(K::Database, "postgres")),
        case("CONNECT ON DATABASE other", P::Connect, shared(K::Database, "other")),
        case("EXECUTE ON FUNCTION app.f", P::Execute, function("f(integer, text)")),
        case("EXECUTE ON FUNCTION app.fixed", P::Execute, function("fixed(integer)")),
        case("EXECUTE ON FUNCTION app.inlined", P::Execute, function("inlined(integer)")),
        case("EXECUTE ON FUNCTION app.folded", P::Execute, function("folded()")).unproved(),
        case("EXECUTE ON FUNCTION app.bare", P::Execute, function("bare()")),
        case("EXECUTE ON FUNCTION app.rows", P::Execute, function("rows(integer)")),
        case("EXECUTE ON FUNCTION app.many", P::Execute, function("many(integer[])")),
        case("EXECUTE ON FUNCTION app.any", P::Execute, function("any(anyelement)")).unproved(),
        case("EXECUTE ON FUNCTION app.hook", P::Execute, function("hook()")),
        case("EXECUTE ON FUNCTION app.total", P::Execute, function("total(integer)")),
        case("EXECUTE ON PROCEDURE app.p", P::Execute, function("p(integer)")),
        case("EXECUTE ON PROCEDURE app.p0", P::Execute, function("p0()")).unproved(),
        case("USAGE ON LANGUAGE plpgsql", P::Usage, shared(K::Language, "plpgsql")),
        case("USAGE ON LANGUAGE sql", P::Usage, shared(K::Language, "sql")),
        case("USAGE ON TYPE app.mood", P::Usage, in_app(K::Type, "mood")).shown("unproved", "unproved"),
        case("USAGE ON FOREIGN DATA WRAPPER wrapper", P::Usage, shared(K::ForeignDataWrapper, "wrapper")),
        case("USAGE ON FOREIGN SERVER remote", P::Usage, shared(K::ForeignServer, "remote")),
        case("SELECT ON LARGE OBJECT 4711", P::Select, shared(K::LargeObject, "4711")),
        // It is refused for want of SELECT as well.
        case("UPDATE ON LARGE OBJECT 4711", P::Update, shared(K::LargeObject, "4711")).shown("unproved", "unproved"),
        case("SELECT, UPDATE ON LARGE OBJECT 4711", P::Update, shared(K::LargeObject, "4711"))
            .shown("allowed", "unproved"),
        case("SELECT ON LARGE OBJECT 4711", P::Update, shared(K::LargeObject, "4711")).shown("refused", "unproved"),
        case("CREATE ON TABLESPACE pg_default", P::Create, shared(K::Tablespace, "pg_default")).unproved(),
        case("SET ON PARAMETER log_min_messages", P::Set, shared(K::Parameter, "log_min_messages")).since(15),
        case("SET ON PARAMETER work_mem", P::Set, shared(K::Parameter, "work_mem")).unproved().since(15),
        case("ALTER SYSTEM ON PARAMETER work_mem", P::AlterSystem, shared(K::Parameter, "work_mem"))
            .unproved()
            .since(15),
        case("SELECT ON shut.t", P::Select, Object { schema: Some("shut".into()), ..table("t") })
            .shown("blocked", "blocked"),
        case("SELECT ON app.t", P::Select, table("gone")).unproved(),
    ];
    // TEMPORARY is what these statements need, and not what they are to show.
    for (name, holding) in [("mood", "allowed"), ("small", "allowed")] {
        let grant = if name == "mood" { "USAGE ON TYPE app.mood" } else { "USAGE ON DOMAIN app.small" };
        let case = case(grant, P::Usage, in_app(K::Type, name)).shown(holding, "refused");
        cases.push(case.besides("TEMPORARY ON DATABASE postgres"));
    }
    cases
}

fn word(outcome: &ProbeOutcome) -> &'static str {
    match outcome {
        ProbeOutcome::Allowed => "allowed",
        ProbeOutcome::Refused { .. } => "refused",
        ProbeOutcome::Blocked { .. } => "blocked",
        ProbeOutcome::Unproved { .. } => "unproved",
        ProbeOutcome::Indeterminate { .. } => "indeterminate",
    }
}

leaseproof_testkit::on_each_version! { each_privilege_is_let_through_where_it_is_held_and_refused_where_it_is_not:
    each_privilege_is_let_through_where_it_is_held_on_14 = 14,
    each_privilege_is_let_through_where_it_is_held_on_15 = 15,
    each_privilege_is_let_through_where_it_is_held_on_16 = 16,
    each_privilege_is_let_through_where_it_is_held_on_17 = 17,
    each_privilege_is_let_through_where_it_is_held_on_18 = 18,
}

async fn each_privilege_is_let_through_where_it_is_held_and_refused_where_it_is_not(cluster: Cluster) {
    let admin = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    admin.script(ENVIRONMENT).await.unwrap();
    admin.script("CREATE DATABASE other").await.unwrap();
    admin.script("REVOKE ALL ON DATABASE other FROM PUBLIC").await.unwrap();
    let mut nobody = Prober::open(&cluster.login("postgres", "nobody")).await.unwrap();
    let major = nobody.facts().version / 10_000;
    let everybodys = |privilege| nobody.facts().initial.contains(&(privilege, shared(ObjectKind::Schema, "public")));
    assert!(everybodys(Privilege::Usage));
    assert_eq!(everybodys(Privilege::Create), major < 15, "PostgreSQL {major}");
    let before = traces(&admin).await;
    let mut wrong = Vec::new();
    for (place, case) in cases().into_iter().enumerate().filter(|(_, case)| case.versions.contains(&major)) {
        let role = format!("holder_{place}");
        let besides = |of: &str| match case.besides {
            "" => String::new(),
            more => format!("GRANT {more} TO {of};"),
        };
        let lacking = format!("lacker_{place}");
        let make = format!(
            "CREATE ROLE {role} LOGIN; CREATE ROLE {lacking} LOGIN; GRANT {} TO {role}; {} {}",
            case.grant,
            besides(&role),
            besides(&lacking)
        );
        admin.script(&make).await.unwrap();
        let grant = Grant { privilege: case.privilege, object: case.object.clone(), grantable: false };
        for (user, expected) in [(&role, case.holding), (&lacking, case.lacking)] {
            let mut prober = Prober::open(&cluster.login("postgres", user)).await.unwrap();
            let outcome = prober.probe(&grant).await;
            if word(&outcome) != expected {
                wrong.push(format!("{grant} with {} as {user}: {outcome:?}, not {expected}", case.grant));
            }
            prober.close().await;
        }
    }
    assert_eq!(nobody.probe(&cases()[0].of()).await, refused("permission denied for table t"));
    nobody.close().await;
    assert_eq!(traces(&admin).await, before, "something was left");
    assert!(wrong.is_empty(), "PostgreSQL {major}:\n{}", wrong.join("\n"));
}

impl Case {
    fn of(&self) -> Grant {
        Grant { privilege: self.privilege, object: self.object.clone(), grantable: false }
    }
}

fn refused(message: &str) -> ProbeOutcome {
    ProbeOutcome::Refused { sqlstate: "42501".into(), message: message.into() }
}

/// What probes could have changed: rows, the sequence, objects by the name that they use. Each is one row or none.
async fn traces(admin: &Session) -> Vec<u64> {
    let mut seen = Vec::new();
    for sql in [
        "SELECT FROM app.t",
        "SELECT FROM app.s WHERE NOT is_called AND last_value = 1",
        "SELECT FROM pg_class WHERE relname LIKE '%leaseproof%'",
        "SELECT FROM pg_namespace WHERE nspname LIKE '%leaseproof%'",
        "SELECT FROM pg_foreign_server",
        "SELECT FROM pg_user_mapping",
        "SELECT FROM pg_locks WHERE mode NOT LIKE 'AccessShare%' AND pid <> pg_backend_pid()
         AND locktype = 'relation'",
    ] {
        seen.push(admin.query(sql).await.unwrap());
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_table_shows_nothing_and_nobody_waits_for_long() {
    let cluster = Cluster::start().await;
    let admin = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    admin.script("CREATE TABLE t (a int); CREATE ROLE app LOGIN; GRANT SELECT ON t TO app").await.unwrap();
    let mut prober = Prober::open(&cluster.login("postgres", "app")).await.unwrap();
    admin.script("BEGIN; LOCK TABLE t").await.unwrap();
    let table = Object { schema: Some("public".into()), ..shared(ObjectKind::Table, "t") };
    let grant = Grant { privilege: Privilege::Select, object: table, grantable: false };
    match prober.probe(&grant).await {
        ProbeOutcome::Unproved { why } => assert!(why.starts_with("55P03"), "{why}"),
        other => panic!("{other:?}"),
    }
    admin.script("ROLLBACK").await.unwrap();
    prober.close().await;
    let mut prober = Prober::open(&cluster.login("postgres", "app")).await.unwrap();
    assert_eq!(prober.probe(&grant).await, ProbeOutcome::Allowed);
    admin.script("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'").await.unwrap();
    let update = Grant { privilege: Privilege::Update, ..grant };
    assert_eq!(word(&prober.probe(&update).await), "indeterminate");
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_probes_take_milliseconds() {
    let cluster = Cluster::start().await;
    let admin = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    let tables: String =
        (0..10).map(|n| format!("CREATE TABLE t{n} (a int, b text); GRANT SELECT ON t{n} TO app;")).collect();
    admin.script(&format!("CREATE ROLE app LOGIN; {tables}")).await.unwrap();
    let mut prober = Prober::open(&cluster.login("postgres", "app")).await.unwrap();
    let begun = std::time::Instant::now();
    let mut allowed = 0;
    for n in 0..10 {
        for privilege in [Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::Delete] {
            let table = Object { schema: Some("public".into()), ..shared(ObjectKind::Table, &format!("t{n}")) };
            let outcome = prober.probe(&Grant { privilege, object: table, grantable: false }).await;
            assert_ne!(word(&outcome), "unproved", "{outcome:?}");
            allowed += u32::from(outcome == ProbeOutcome::Allowed);
        }
    }
    let took = begun.elapsed();
    println!("forty probes: {took:?}");
    assert_eq!(allowed, 10);
    // About 10 ms on a machine that has nothing else to do.
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_refused_elsewhere_tells_of_connect_and_of_nothing_else() {
    let cluster = Cluster::start().await;
    let admin = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    admin.script("CREATE ROLE app LOGIN").await.unwrap();
    admin.script("CREATE DATABASE closed").await.unwrap();
    admin.script("REVOKE CONNECT ON DATABASE closed FROM PUBLIC").await.unwrap();
    let mut prober = Prober::open(&cluster.login("postgres", "app")).await.unwrap();
    for (database, privilege, expected) in [
        ("closed", Privilege::Connect, "refused"),
        ("closed", Privilege::Create, "unproved"),
        // 3D000: there is none of that name.
        ("absent", Privilege::Connect, "unproved"),
    ] {
        let grant = Grant { privilege, object: shared(ObjectKind::Database, database), grantable: false };
        let outcome = prober.probe(&grant).await;
        assert_eq!(word(&outcome), expected, "{grant}: {outcome:?}");
    }
    prober.close().await;
}
