//! What a role may do and why, as PostgreSQL 15 itself says, for every kind of grant that the room reads.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

mod support;

use leaseproof_domain::{PrivilegeSet, RoleSeen, Username};
use leaseproof_postgres::{Error, Observer, Session};
use support::Cluster;

const ESTATE: &str = r#"
    CREATE TABLE t (a int, b int);
    CREATE TABLE "Mixed Case" (a int);
    CREATE TABLE everybody (a int);
    CREATE SEQUENCE s;
    CREATE SCHEMA app;
    CREATE TABLE app.orders (a int);
    CREATE VIEW app.v AS SELECT 1 AS one;
    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE ROLE inner_group; CREATE ROLE outer_group; CREATE ROLE shut_group;
    GRANT inner_group TO outer_group;
    GRANT SELECT ON app.orders TO inner_group;
    GRANT DELETE ON t TO shut_group;
    GRANT TRUNCATE ON everybody TO PUBLIC;
"#;

/// A role's statements (`%` stands for its name) and every line that has to be read for it.
const CASES: &[(&str, &str, &[&str])] = &[
    ("nothing", "CREATE ROLE % LOGIN", &[]),
    (
        "table",
        "CREATE ROLE %; GRANT SELECT, INSERT ON t TO %",
        &["INSERT ON TABLE public.t: granted directly", "SELECT ON TABLE public.t: granted directly"],
    ),
    (
        "quoted",
        "CREATE ROLE %; GRANT SELECT ON \"Mixed Case\" TO %",
        &["SELECT ON TABLE public.Mixed Case: granted directly"],
    ),
    ("column", "CREATE ROLE %; GRANT UPDATE (b) ON t TO %", &["UPDATE ON COLUMN public.t(b): granted directly"]),
    ("sequence", "CREATE ROLE %; GRANT USAGE ON SEQUENCE s TO %", &["USAGE ON SEQUENCE public.s: granted directly"]),
    ("schema", "CREATE ROLE %; GRANT CREATE ON SCHEMA app TO %", &["CREATE ON SCHEMA app: granted directly"]),
    (
        "database",
        "CREATE ROLE %; GRANT CREATE ON DATABASE postgres TO %",
        &["CREATE ON DATABASE postgres: granted directly"],
    ),
    ("view", "CREATE ROLE %; GRANT SELECT ON app.v TO %", &["SELECT ON TABLE app.v: granted directly"]),
    (
        "optioned",
        "CREATE ROLE %; GRANT SELECT ON t TO % WITH GRANT OPTION",
        &["SELECT ON TABLE public.t WITH GRANT OPTION: granted directly"],
    ),
    (
        "member",
        "CREATE ROLE %; GRANT outer_group TO %",
        &[
            "SELECT ON TABLE app.orders: through membership of inner_group",
            "member of inner_group through another",
            "member of outer_group",
        ],
    ),
    (
        "shut",
        "CREATE ROLE % NOINHERIT; GRANT shut_group TO % WITH ADMIN OPTION",
        &["NOINHERIT", "member of shut_group with admin option"],
    ),
    (
        "owner",
        "CREATE ROLE %; CREATE SEQUENCE own; ALTER SEQUENCE own OWNER TO %",
        &[
            "SELECT ON SEQUENCE public.own WITH GRANT OPTION: as owner (itself)",
            "UPDATE ON SEQUENCE public.own WITH GRANT OPTION: as owner (itself)",
            "USAGE ON SEQUENCE public.own WITH GRANT OPTION: as owner (itself)",
        ],
    ),
    ("routine", "CREATE ROLE %; GRANT EXECUTE ON FUNCTION f() TO %", &["privileges on function public.f()"]),
    (
        "default",
        "CREATE ROLE %; ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO %",
        &["privileges on default privileges on new relations belonging to role postgres in schema app"],
    ),
    (
        "system",
        "CREATE ROLE %; GRANT SELECT ON pg_authid TO %",
        &["SELECT ON TABLE pg_catalog.pg_authid: granted directly"],
    ),
    (
        "policied",
        "CREATE ROLE %; CREATE POLICY only_ours ON t TO %",
        &["named in the policy only_ours on table public.t"],
    ),
    (
        "withheld",
        "CREATE ROLE %; CREATE SCHEMA held_back; ALTER SCHEMA held_back OWNER TO %; REVOKE CREATE ON SCHEMA held_back FROM %",
        &[
            "USAGE ON SCHEMA held_back WITH GRANT OPTION: as owner (itself)",
            "owner (itself) of schema held_back, whose ACL withholds CREATE",
        ],
    ),
    (
        "predefined",
        "CREATE ROLE % NOINHERIT; GRANT pg_read_all_data TO %",
        &["NOINHERIT", "member of pg_read_all_data"],
    ),
    ("maker", "CREATE ROLE % CREATEROLE", &["CREATEROLE"]),
    ("root", "CREATE ROLE % SUPERUSER; GRANT SELECT ON t TO %", &["SUPERUSER"]),
];

/// The set in lines, without what every role has here.
fn lines(set: &PrivilegeSet) -> Vec<String> {
    let ubiquitous = ["PUBLIC's built-in default", "TRUNCATE ON TABLE public.everybody: granted to PUBLIC"];
    let mut lines: Vec<String> = set.held.iter().map(|held| format!("{}: {}", held.grant, held.why)).collect();
    lines.retain(|line| !ubiquitous.iter().any(|part| line.contains(part)));
    lines.extend(set.memberships.iter().map(|membership| {
        let through = if membership.direct { "" } else { " through another" };
        let admin = if membership.admin { " with admin option" } else { "" };
        format!("member of {}{through}{admin}", membership.group)
    }));
    lines.extend(set.beyond.iter().cloned());
    let attributes = set.attributes.named();
    lines.extend(
        attributes
            .iter()
            .filter(|(name, set)| *set && !["LOGIN", "INHERIT"].contains(name))
            .map(|(name, _)| (*name).to_owned()),
    );
    if !set.attributes.inherit {
        lines.push("NOINHERIT".to_owned());
    }
    lines.sort();
    lines
}

async fn role(observer: &Observer, name: &str) -> RoleSeen {
    observer.role(&Username::new(name)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_privilege_is_read_with_its_reason() {
    let cluster = Cluster::start().await;
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    session.script(ESTATE).await.unwrap();
    let observer = Observer::connect(cluster.login("postgres", "postgres")).await.unwrap();
    for (name, statements, expected) in CASES {
        session.script(&statements.replace('%', &format!("\"{name}\""))).await.unwrap();
        let oid = role(&observer, name).await.oid;
        let sets = observer.privileges(&[oid]).await.unwrap();
        let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        expected.sort();
        assert_eq!(lines(&sets[&oid]), expected, "{name}");
    }
    // What everybody has is read too, and told apart: PostgreSQL's own doing, and somebody's.
    let oid = role(&observer, "nothing").await.oid;
    let set = &observer.privileges(&[oid]).await.unwrap()[&oid];
    let all: Vec<String> = set.held.iter().map(|held| format!("{}: {}", held.grant, held.why)).collect();
    for line in [
        "CONNECT ON DATABASE postgres: PUBLIC's built-in default",
        "TEMPORARY ON DATABASE postgres: PUBLIC's built-in default",
        "USAGE ON SCHEMA public: PUBLIC's built-in default",
        "TRUNCATE ON TABLE public.everybody: granted to PUBLIC",
    ] {
        assert!(all.contains(&line.to_owned()), "{line} is not in {all:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_in_another_database_are_told_as_beyond() {
    let cluster = Cluster::start().await;
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    session.script("CREATE DATABASE other").await.unwrap();
    session.script("CREATE ROLE far").await.unwrap();
    let other = Session::open(&cluster.login("other", "postgres")).await.unwrap();
    other.script("CREATE TABLE x (a int); GRANT SELECT ON x TO far").await.unwrap();
    let observer = Observer::connect(cluster.login("postgres", "postgres")).await.unwrap();
    let oid = role(&observer, "far").await.oid;
    let beyond = observer.privileges(&[oid]).await.unwrap()[&oid].beyond.clone();
    let line = beyond.first().expect("one line");
    assert!(line.starts_with("privileges on object ") && line.ends_with(" of pg_class in database other"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_gone_is_not_in_the_answer_and_a_lost_connection_is_made_again() {
    let cluster = Cluster::start().await;
    let observer = Observer::connect(cluster.login("postgres", "postgres")).await.unwrap();
    assert!(observer.privileges(&[4_000_000_000]).await.unwrap().is_empty());
    assert_eq!(observer.role(&Username::new("nobody-of-that-name")).await.unwrap(), None);
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'test'";
    assert_eq!(session.query(ended).await.unwrap(), 1);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(observer.version().await.unwrap() >= 150_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_carry_their_sqlstate_and_silence_is_indeterminate() {
    let cluster = Cluster::start().await;
    let refused = Session::open(&cluster.login("nowhere", "postgres")).await.unwrap_err();
    assert!(matches!(&refused, Error::Answer { sqlstate, .. } if sqlstate == "3D000"), "{refused}");
    let mut login = cluster.login("postgres", "postgres");
    login.timeout = std::time::Duration::from_millis(300);
    let session = Session::open(&login).await.unwrap();
    let wrong = session.query("SELEC 1").await.unwrap_err();
    assert!(matches!(&wrong, Error::Answer { sqlstate, position: Some(1), .. } if sqlstate == "42601"), "{wrong}");
    let late = session.query("SELECT pg_sleep(2)").await.unwrap_err();
    assert!(matches!(late, Error::NoAnswer { .. }), "{late}");
    login.port = 1;
    assert!(matches!(Session::open(&login).await.unwrap_err(), Error::NoAnswer { .. }));
}
