//! Random grants on every kind of object, and what PostgreSQL itself says of them: `has_…_privilege` for each role,
//! object and privilege, with and without grant option, has to be what is read.

use std::collections::BTreeSet;

use leaseproof_domain::{Object, ObjectKind, PrivilegeSet, Username};
use leaseproof_postgres::{Error, Observer, Session};
use leaseproof_testkit::postgres::Cluster;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SEED: u64 = 20_261_123;
const ROUNDS: usize = 4;
const STATEMENTS: usize = 50;

const ROLES: [&str; 6] = ["r_0", "r_1", "r_2", "r_3", "r_4", "r_5"];
const GROUPS: [&str; 5] = ["g_0", "g_1", "g_2", "g_3", "g_4"];

const ENVIRONMENT: &str = "
    CREATE SCHEMA app;
    CREATE TABLE app.t (a int, b int); CREATE TABLE app.p (a int) PARTITION BY LIST (a);
    CREATE VIEW app.v AS SELECT 1 AS one; CREATE MATERIALIZED VIEW app.m AS SELECT 1 AS one;
    CREATE SEQUENCE app.s; CREATE SEQUENCE app.q;
    CREATE FUNCTION app.f(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE app.g() LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE app.h(int) (SFUNC = int4pl, STYPE = int);
    CREATE TYPE app.mood AS ENUM ('calm'); CREATE DOMAIN app.positive AS int; CREATE TYPE app.pair AS (a int);
    CREATE TYPE app.span AS RANGE (SUBTYPE = int);
    CREATE TRUSTED LANGUAGE tongue HANDLER plpgsql_call_handler;
    CREATE FOREIGN DATA WRAPPER wrapper; CREATE SERVER away FOREIGN DATA WRAPPER wrapper;
    CREATE FOREIGN TABLE app.far (a int) SERVER away;
    SELECT lo_create(1600001), lo_create(1600002);
";

/// How GRANT names an object, the privileges it takes, the first version that has them, and whether it can be given
/// away to an owner that is no superuser.
const OBJECTS: &[(&str, &[&str], u32, bool)] = &[
    ("TABLE app.t", TABLE, 14, true),
    ("TABLE app.p", TABLE, 14, true),
    ("TABLE app.v", TABLE, 14, true),
    ("TABLE app.m", TABLE, 14, true),
    ("TABLE app.far", TABLE, 14, true),
    ("TABLE app.t", &["MAINTAIN"], 17, false),
    ("TABLE app.t", &["SELECT (a)", "INSERT (b)", "UPDATE (a)", "REFERENCES (b)"], 14, false),
    ("SEQUENCE app.s", &["USAGE", "SELECT", "UPDATE"], 14, true),
    ("SEQUENCE app.q", &["USAGE", "SELECT", "UPDATE"], 14, true),
    ("SCHEMA app", &["USAGE", "CREATE"], 14, true),
    ("SCHEMA public", &["USAGE", "CREATE"], 14, false),
    ("DATABASE postgres", &["CREATE", "CONNECT", "TEMPORARY"], 14, true),
    ("FUNCTION app.f(int, text)", &["EXECUTE"], 14, true),
    ("FUNCTION app.h(int)", &["EXECUTE"], 14, false),
    ("PROCEDURE app.g()", &["EXECUTE"], 14, true),
    ("TYPE app.mood", &["USAGE"], 14, true),
    ("TYPE app.pair", &["USAGE"], 14, true),
    ("TYPE app.span", &["USAGE"], 14, true),
    ("DOMAIN app.positive", &["USAGE"], 14, true),
    ("LANGUAGE tongue", &["USAGE"], 14, true),
    ("FOREIGN DATA WRAPPER wrapper", &["USAGE"], 14, false),
    ("FOREIGN SERVER away", &["USAGE"], 14, false),
    ("LARGE OBJECT 1600001", &["SELECT", "UPDATE"], 14, true),
    ("LARGE OBJECT 1600002", &["SELECT", "UPDATE"], 14, false),
    ("TABLESPACE pg_default", &["CREATE"], 14, false),
    ("PARAMETER work_mem", &["SET", "ALTER SYSTEM"], 15, false),
    ("PARAMETER log_statement", &["SET", "ALTER SYSTEM"], 15, false),
];

const TABLE: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

/// What a version's server is asked of each kind: the objects with their names, the privileges, and the function.
/// Columns are asked apart.
const ASKED: &[(u32, &str, &str, &str, &str)] = &[
    (14, "TABLE", RELATIONS, "SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER", "table"),
    (17, "TABLE", RELATIONS, "MAINTAIN", "table"),
    (
        14,
        "SEQUENCE",
        "SELECT oid, 'app.' || relname FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'S'",
        "USAGE,SELECT,UPDATE",
        "sequence",
    ),
    (
        14,
        "SCHEMA",
        "SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('app', 'public')",
        "USAGE,CREATE",
        "schema",
    ),
    (14, "DATABASE", "SELECT oid, datname FROM pg_database", "CREATE,CONNECT,TEMPORARY", "database"),
    (
        14,
        "FUNCTION",
        "SELECT oid, oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'app'::regnamespace",
        "EXECUTE",
        "function",
    ),
    (
        14,
        "TYPE",
        "SELECT oid, 'app.' || typname FROM pg_type WHERE typname IN ('mood', 'positive', 'pair', 'span')",
        "USAGE",
        "type",
    ),
    (14, "LANGUAGE", "SELECT oid, lanname FROM pg_language WHERE lanname = 'tongue'", "USAGE", "language"),
    (14, "FOREIGN DATA WRAPPER", "SELECT oid, fdwname FROM pg_foreign_data_wrapper", "USAGE", "foreign_data_wrapper"),
    (14, "FOREIGN SERVER", "SELECT oid, srvname FROM pg_foreign_server", "USAGE", "server"),
    (14, "TABLESPACE", "SELECT oid, spcname FROM pg_tablespace", "CREATE", "tablespace"),
    (15, "PARAMETER", "SELECT parname, parname FROM pg_parameter_acl", "SET,ALTER SYSTEM", "parameter"),
    (18, "LARGE OBJECT", "SELECT oid, oid::text FROM pg_largeobject_metadata", "SELECT,UPDATE", "largeobject"),
];

const RELATIONS: &str = "SELECT oid, 'app.' || relname FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')";

/// One statement that changes who can do what.
fn statement(random: &mut ChaCha8Rng, major: u32) -> String {
    let all: Vec<&str> = ROLES.iter().chain(&GROUPS).copied().collect();
    let grantee = *all.choose(random).unwrap();
    let objects: Vec<_> = OBJECTS.iter().filter(|(_, _, from, _)| *from <= major).collect();
    let (object, privileges, _, ownable) = objects.choose(random).unwrap();
    let privilege = privileges.choose(random).unwrap();
    match random.random_range(0..20) {
        0..10 => {
            let option = if random.random_bool(0.3) { " WITH GRANT OPTION" } else { "" };
            format!("GRANT {privilege} ON {object} TO {grantee}{option}")
        }
        10 | 11 => format!("GRANT {privilege} ON {object} TO PUBLIC"),
        12 => format!("REVOKE {privilege} ON {object} FROM PUBLIC CASCADE"),
        13 => format!("REVOKE {privilege} ON {object} FROM {grantee} CASCADE"),
        14 if *ownable => format!(
            "ALTER {} OWNER TO {grantee}",
            object
                .replace("TABLE app.v", "VIEW app.v")
                .replace("TABLE app.m", "MATERIALIZED VIEW app.m")
                .replace("TABLE app.far", "FOREIGN TABLE app.far")
        ),
        15 => {
            let predefined = if major >= 17 {
                &["pg_read_all_data", "pg_write_all_data", "pg_maintain"][..]
            } else {
                &["pg_read_all_data", "pg_write_all_data"]
            };
            format!("GRANT {} TO {grantee}", predefined.choose(random).unwrap())
        }
        16 => format!("ALTER ROLE {grantee} {}", ["INHERIT", "NOINHERIT"].choose(random).unwrap()),
        _ => {
            // Only ever to a later one, so that nobody becomes a member of itself.
            let group = random.random_range(0..GROUPS.len());
            let members: Vec<&str> = ROLES.iter().chain(&GROUPS[group + 1..]).copied().collect();
            let options = if major >= 16 {
                [" WITH INHERIT FALSE", " WITH SET FALSE", " WITH INHERIT TRUE", ""]
            } else {
                [" WITH ADMIN OPTION", "", "", ""]
            };
            format!("GRANT {} TO {}{}", GROUPS[group], members.choose(random).unwrap(), options.choose(random).unwrap())
        }
    }
}

async fn what_is_read_is_what_the_server_says(major: u32) {
    let Some(cluster) = Cluster::of(major).await else { return };
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    session.script(ENVIRONMENT).await.unwrap();
    for role in ROLES.iter().chain(&GROUPS) {
        session.script(&format!("CREATE ROLE {role}")).await.unwrap();
    }
    let observer = Observer::connect(cluster.login("postgres", "postgres")).await.unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut done = Vec::new();
    for _ in 0..ROUNDS {
        for _ in 0..STATEMENTS {
            let statement = statement(&mut random, major);
            session.script(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
            done.push(statement);
        }
        let mut oids = Vec::new();
        for name in ROLES {
            oids.push(observer.role(&Username::new(name)).await.unwrap().unwrap().oid);
        }
        let sets = observer.privileges(&oids).await.unwrap();
        for (name, oid) in ROLES.iter().zip(&oids) {
            let (read, said) = (read(&sets[oid], major), said(&session, name, major).await);
            assert!(said.len() > 10, "the server was asked: {said:?}");
            let more: Vec<_> = read.difference(&said).collect();
            let less: Vec<_> = said.difference(&read).collect();
            let done = done.join(";\n");
            assert!(
                more.is_empty() && less.is_empty(),
                "{name}: read too much {more:#?}, too little {less:#?}, after\n{done}"
            );
        }
    }
}

/// Answers come through an error's text, the only text that a session hands out.
async fn said(session: &Session, role: &str, major: u32) -> BTreeSet<String> {
    let mut parts: Vec<String> = ASKED
        .iter()
        .filter(|(from, ..)| *from <= major)
        .map(|(_, kind, objects, privileges, function)| {
            let has = format!("has_{function}_privilege('{role}', o.id, p");
            format!(
                "SELECT p || ' ON {kind} ' || o.name || g FROM ({objects}) o (id, name), \
                 unnest(string_to_array('{privileges}', ',')) p, unnest(ARRAY['', ' WITH GRANT OPTION']) g \
                 WHERE {has}) AND {has} || g)"
            )
        })
        .collect();
    let has = format!("has_column_privilege('{role}', c.oid, a.attnum, p");
    parts.push(format!(
        "SELECT p || ' ON COLUMN app.' || relname || '(' || attname || ')' || g \
         FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0, \
         unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p, unnest(ARRAY['', ' WITH GRANT OPTION']) g \
         WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') \
           AND {has}) AND {has} || g) AND NOT has_table_privilege('{role}', c.oid, p)"
    ));
    let lines = parts.join(" UNION ALL ");
    let ask = format!(
        "DO $ask$ BEGIN RAISE EXCEPTION '%', (SELECT string_agg(line, E'\\n') FROM ({lines}) f (line)); END $ask$"
    );
    let Error::Answer { message, sqlstate, .. } = session.script(&ask).await.unwrap_err() else { panic!() };
    assert_eq!(sqlstate, "P0001", "{message}");
    message.lines().map(|line| line.replace(',', ", ")).collect()
}

fn read(set: &PrivilegeSet, major: u32) -> BTreeSet<String> {
    let table_wide = |held: &leaseproof_domain::Grant| {
        let table = Object { kind: ObjectKind::Table, column: None, ..held.object.clone() };
        set.held.iter().any(|other| other.grant.object == table && other.grant.privilege == held.privilege)
    };
    let mut lines = BTreeSet::new();
    for held in set.held.iter().map(|held| &held.grant) {
        let silent = held.object.kind == ObjectKind::LargeObject && major < 18;
        if silent || (held.object.kind == ObjectKind::Column && table_wide(held)) {
            continue;
        }
        lines.insert(leaseproof_domain::Grant { grantable: false, ..held.clone() }.to_string());
        if held.grantable {
            lines.insert(held.to_string());
        }
    }
    lines
}

macro_rules! on_each_version {
    ($($name:ident = $major:literal),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                what_is_read_is_what_the_server_says($major).await;
            }
        )+
    };
}

on_each_version! {
    what_is_read_is_what_postgresql_14_says = 14,
    what_is_read_is_what_postgresql_15_says = 15,
    what_is_read_is_what_postgresql_16_says = 16,
    what_is_read_is_what_postgresql_17_says = 17,
    what_is_read_is_what_postgresql_18_says = 18,
}
