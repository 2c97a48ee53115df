//! What a role may do and why, as PostgreSQL 14 to 18 say, for every kind of grant that the room reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use leaseproof_domain::{PrivilegeSet, RoleSeen, Username};
use leaseproof_postgres::{Error, Observer, Session};
use leaseproof_testkit::postgres::Cluster;
use leaseproof_testkit::postgres::versions::is_required;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const ENVIRONMENT: &str = r#"
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
    (
        "view",
        "CREATE ROLE %; GRANT SELECT ON app.v TO %",
        &["SELECT ON TABLE app.v: granted directly", "TABLE app.v reads its tables as its owner postgres, a superuser"],
    ),
    (
        "long_way",
        "CREATE ROLE long_a; CREATE ROLE long_b; CREATE ROLE short_z; CREATE ROLE short_y; CREATE ROLE far;
         GRANT TRIGGER ON t TO far; GRANT far TO long_b, short_z, short_y; GRANT long_b TO long_a;
         CREATE ROLE %; GRANT long_a, short_z, short_y TO %",
        &[
            "TRIGGER ON TABLE public.t: through membership of short_y → far",
            "member of far through another",
            "member of long_a",
            "member of long_b through another",
            "member of short_y",
            "member of short_z",
        ],
    ),
    (
        "heir_of_root",
        "CREATE ROLE rootlike SUPERUSER; CREATE ROLE %; GRANT rootlike TO %",
        &["may SET ROLE rootlike, which is SUPERUSER", "member of rootlike"],
    ),
    (
        "bypassing",
        "CREATE ROLE % BYPASSRLS; CREATE TABLE fenced (a int); ALTER TABLE fenced ENABLE ROW LEVEL SECURITY;
         GRANT SELECT (a) ON fenced TO %",
        &[
            "BYPASSRLS",
            "SELECT ON COLUMN public.fenced(a): granted directly",
            "row security of TABLE public.fenced does not bind it: it has BYPASSRLS",
        ],
    ),
    (
        "fenced_out",
        "CREATE ROLE %; GRANT INSERT ON fenced TO %",
        &["INSERT ON TABLE public.fenced: granted directly", "row security on TABLE public.fenced: no policy"],
    ),
    (
        "set_up",
        "CREATE ROLE % CONNECTION LIMIT 3; ALTER ROLE % SET search_path = app, public",
        &["CONNECTION LIMIT 3", "SET search_path = app, public"],
    ),
    (
        "optioned",
        "CREATE ROLE %; GRANT SELECT ON t TO % WITH GRANT OPTION",
        &["SELECT ON TABLE public.t WITH GRANT OPTION: granted directly"],
    ),
    (
        "member",
        "CREATE ROLE %; GRANT outer_group TO %",
        &[
            "SELECT ON TABLE app.orders: through membership of outer_group → inner_group",
            "member of inner_group through another",
            "member of outer_group",
        ],
    ),
    (
        "shut",
        "CREATE ROLE % NOINHERIT; GRANT shut_group TO % WITH ADMIN OPTION",
        &[
            "NOINHERIT",
            "may SET ROLE shut_group, whose privileges it does not have without asking",
            "member of shut_group with admin option, not inherited",
        ],
    ),
    (
        "owner",
        "CREATE ROLE %; CREATE SEQUENCE own; ALTER SEQUENCE own OWNER TO %",
        &[
            "SELECT ON SEQUENCE public.own WITH GRANT OPTION: as owner (itself)",
            "UPDATE ON SEQUENCE public.own WITH GRANT OPTION: as owner (itself)",
            "USAGE ON SEQUENCE public.own WITH GRANT OPTION: as owner (itself)",
            "owns SEQUENCE public.own (itself)",
        ],
    ),
    (
        "routine",
        "CREATE ROLE %; GRANT EXECUTE ON FUNCTION f() TO %",
        &["EXECUTE ON FUNCTION public.f(): granted directly"],
    ),
    (
        "default",
        "CREATE ROLE %; ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO %",
        &["SELECT ON each future TABLE in schema app created by postgres: granted directly"],
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
            "owns SCHEMA held_back (itself)",
        ],
    ),
    (
        "emptied",
        "CREATE ROLE %; CREATE SCHEMA empty; ALTER SCHEMA empty OWNER TO %; REVOKE ALL ON SCHEMA empty FROM %",
        &["owner (itself) of schema empty, whose ACL withholds CREATE, USAGE", "owns SCHEMA empty (itself)"],
    ),
    (
        "predefined",
        "CREATE ROLE % NOINHERIT; GRANT pg_read_all_data TO %",
        &[
            "NOINHERIT",
            "may SET ROLE pg_read_all_data, whose privileges it does not have without asking",
            "member of pg_read_all_data, not inherited",
            "the predefined role pg_read_all_data reads the system's catalogs too, with the password hashes of pg_authid",
        ],
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
        let inherit = if membership.inherit { "" } else { ", not inherited" };
        let set = if membership.set { "" } else { ", without SET" };
        format!("member of {}{through}{admin}{inherit}{set}", membership.group)
    }));
    lines.extend(set.settings.iter().map(ToString::to_string));
    lines.extend(set.owned.iter().map(|(object, owner)| format!("owns {object} ({owner})")));
    lines.extend(set.future.iter().map(|future| format!("{future}: {}", future.why)));
    lines.extend(set.escalations.iter().map(|escalation| escalation.what.clone()));
    lines.extend(set.row_security.iter().map(|table| {
        let policies: Vec<&str> = table.policies.iter().map(String::as_str).collect();
        let policies = if policies.is_empty() { "no policy".to_owned() } else { policies.join("; ") };
        format!("row security on {}{}: {policies}", table.table, if table.forced { " (forced)" } else { "" })
    }));
    lines.extend(set.beyond.iter().cloned());
    lines.extend(set.attributes.connection_limit.map(|limit| format!("CONNECTION LIMIT {limit}")));
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

leaseproof_testkit::on_each_version! { every_privilege_is_read_with_its_reason:
    every_privilege_is_read_with_its_reason_on_14 = 14,
    every_privilege_is_read_with_its_reason_on_15 = 15,
    every_privilege_is_read_with_its_reason_on_16 = 16,
    every_privilege_is_read_with_its_reason_on_17 = 17,
    every_privilege_is_read_with_its_reason_on_18 = 18,
}

async fn every_privilege_is_read_with_its_reason(cluster: Cluster) {
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    session.script(ENVIRONMENT).await.unwrap();
    let observer = Observer::connect(cluster.login("postgres", "postgres")).await.unwrap();
    for (name, statements, expected) in CASES {
        session.script(&statements.replace('%', &format!("\"{name}\""))).await.unwrap();
        let oid = role(&observer, name).await.oid;
        let sets = observer.privileges(&[oid]).await.unwrap();
        let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        expected.sort();
        assert_eq!(lines(&sets[&oid]), expected, "{name}");
    }
    // What everybody has is read too, and distinguished: PostgreSQL's own doing, and somebody's.
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

#[test]
fn a_version_is_required_where_it_is_named_and_the_usual_one_always() {
    assert!(is_required(16, "14, 16") && is_required(14, "14,16"));
    assert!(!is_required(17, "14,16") && !is_required(14, ""));
    assert!(is_required(15, ""));
}

#[test]
#[should_panic(expected = "expected major versions such as 14,16; got \"all\"")]
fn a_word_that_is_no_version_is_an_error() {
    is_required(16, "14,all");
}

/// The privileges that are read for the role of the fixture, on the usual version whole, and on each other what differs from that.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_with_something_of_each_kind() {
    let usual = each_kind(&Cluster::start().await).await;
    insta::assert_snapshot!("each_kind", usual.join("\n"));
    for major in [14, 16, 17, 18] {
        let Some(cluster) = Cluster::of(major).await else { continue };
        let other = each_kind(&cluster).await;
        let gone = usual.iter().filter(|line| !other.contains(line)).map(|line| format!("- {line}"));
        let more = other.iter().filter(|line| !usual.contains(line)).map(|line| format!("+ {line}"));
        let delta: Vec<String> = gone.chain(more).collect();
        insta::assert_snapshot!(format!("each_kind_on_{major}"), delta.join("\n"));
    }
}

async fn each_kind(cluster: &Cluster) -> Vec<String> {
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    session.script(include_str!("../fixtures/each_kind.sql")).await.unwrap();
    let observer = Observer::connect(cluster.login("postgres", "postgres")).await.unwrap();
    let oid = role(&observer, "each_kind").await.oid;
    lines(&observer.privileges(&[oid]).await.unwrap()[&oid])
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_in_another_database_are_reported_as_beyond() {
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
    // Who reads the other one too is not reported twice.
    let databases = observer.databases().await.unwrap();
    assert_eq!(databases, ["other", "postgres"]);
    assert!(observer.privileges_beside(&[oid], &databases).await.unwrap()[&oid].beyond.is_empty());
    let set = &observer.in_database("other").privileges_beside(&[oid], &databases).await.unwrap()[&oid];
    assert!(lines(set).contains(&"SELECT ON TABLE public.x: granted directly".to_owned()), "{set:#?}");
    assert!(set.beyond.is_empty() && set.database == "other");
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

/// A proxy to the server that hangs on demand, with the number of its connections.
async fn relay(server: u16) -> (u16, Arc<Notify>, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (hang, came) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let (reported, counted) = (Arc::clone(&hang), Arc::clone(&came));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let reported = Arc::clone(&reported);
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut client, &mut server) => {}
                    () = reported.notified() => std::future::pending().await,
                }
            });
        }
    });
    (port, hang, came)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_hangs_is_made_again_by_the_next_observation_and_not_at_once() {
    let cluster = Cluster::start().await;
    let mut login = cluster.login("postgres", "postgres");
    let (port, hang, came) = relay(login.port).await;
    (login.port, login.timeout) = (port, std::time::Duration::from_secs(1));
    let observer = Observer::connect(login).await.unwrap();
    observer.version().await.unwrap();
    hang.notify_waiters();
    let silence = observer.version().await.unwrap_err();
    assert!(matches!(silence, Error::NoAnswer { .. }), "{silence}");
    assert_eq!(came.load(Ordering::SeqCst), 1);
    observer.version().await.unwrap();
    assert_eq!(came.load(Ordering::SeqCst), 2);
}

/// From 16 on, a membership need neither be inherited nor let its holder become the group.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_hand_a_membership_on_may_grant_itself_what_it_does_not_inherit() {
    let Some(cluster) = Cluster::of(16).await else { return };
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    session.script("CREATE ROLE staff").await.unwrap();
    let observer = Observer::connect(cluster.login("postgres", "postgres")).await.unwrap();
    for (name, options, expected) in [
        (
            "keeper",
            "ADMIN TRUE, INHERIT FALSE, SET FALSE",
            Some("may grant itself staff, because it may grant that membership to others"),
        ),
        ("heir", "ADMIN TRUE, INHERIT TRUE, SET FALSE", None),
        ("bystander", "ADMIN FALSE, INHERIT FALSE, SET FALSE", None),
    ] {
        session.script(&format!("CREATE ROLE {name}; GRANT staff TO {name} WITH {options}")).await.unwrap();
        let oid = role(&observer, name).await.oid;
        let set = &observer.privileges(&[oid]).await.unwrap()[&oid];
        let ways: Vec<&str> = set.escalations.iter().map(|way| way.what.as_str()).collect();
        assert_eq!(ways, Vec::from_iter(expected), "{name}");
    }
}
