//! How long reading takes on environments far larger than most. Not part of the usual test run: it prints figures, and they
//! mean something in a release build only: `cargo test --release -p leaseproof-postgres --test suite figures:: -- --ignored
//! --nocapture`.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::time::{Duration, Instant};

use leaseproof_domain::Username;
use leaseproof_postgres::{Observer, Session};
use leaseproof_testkit::postgres::Cluster;

/// Tables, with a sequence each, functions and types: 10,000 objects in 20 schemas.
const OBJECTS: &str = "
    DO $$ BEGIN
        FOR s IN 1..20 LOOP
            EXECUTE format('CREATE SCHEMA s%s', s);
            FOR o IN 1..150 LOOP
                EXECUTE format('CREATE TABLE s%s.t%s (id serial, a int)', s, o);
            END LOOP;
            FOR o IN 1..150 LOOP
                EXECUTE format('CREATE FUNCTION s%s.f%s(int, text) RETURNS int LANGUAGE sql AS ''SELECT 1''', s, o);
            END LOOP;
            FOR o IN 1..50 LOOP
                EXECUTE format('CREATE TYPE s%s.e%s AS ENUM (''a'')', s, o);
            END LOOP;
        END LOOP;
    END $$;
    CREATE ROLE one;
    GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA s1, s2, s3, s4, s5 TO one;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA s1, s2 TO one;
";

/// 10,000 roles, each in a group and with two privileges of its own; an ACL takes at most some hundreds of grantees, so
/// they are spread over 100 tables.
const ROLES: &str = "
    CREATE ROLE readers;
    CREATE TABLE common (a int); GRANT SELECT ON common TO readers;
    DO $$ BEGIN
        FOR t IN 0..99 LOOP EXECUTE format('CREATE TABLE of_%s (a int)', t); END LOOP;
        FOR r IN 0..9999 LOOP
            EXECUTE format('CREATE ROLE many_%s IN ROLE readers', r);
            EXECUTE format('GRANT SELECT, INSERT ON of_%s TO many_%s', r % 100, r);
        END LOOP;
    END $$;
";

async fn environment(script: &str) -> (Cluster, Observer) {
    let cluster = Cluster::start().await;
    let mut login = cluster.login("postgres", "postgres");
    login.timeout = Duration::from_secs(120);
    Session::open(&login).await.unwrap().script(script).await.unwrap();
    let observer = Observer::connect(login).await.unwrap();
    (cluster, observer)
}

/// The shortest and the longest of a few readings.
async fn timed(observer: &Observer, oids: &[u32], times: usize) -> (Duration, Duration) {
    let mut took = Vec::new();
    for _ in 0..times {
        let begun = Instant::now();
        assert_eq!(observer.privileges(oids).await.unwrap().len(), oids.len());
        took.push(begun.elapsed());
    }
    (*took.iter().min().unwrap(), *took.iter().max().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures; for release builds"]
async fn one_credential_among_ten_thousand_objects() {
    let (_cluster, observer) = environment(OBJECTS).await;
    let oid = observer.role(&Username::new("one")).await.unwrap().unwrap().oid;
    let (least, most) = timed(&observer, &[oid], 5).await;
    let held = observer.privileges(&[oid]).await.unwrap()[&oid].held.len();
    println!("one credential, 10,000 objects, {held} privileges: {least:?} to {most:?}");
    assert!(least < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures; for release builds"]
async fn ten_thousand_roles() {
    let (_cluster, observer) = environment(ROLES).await;
    let roles = observer.roles().await.unwrap();
    let oids: Vec<u32> =
        roles.iter().filter(|role| role.name.as_str().starts_with("many_")).map(|role| role.oid).collect();
    assert_eq!(oids.len(), 10_000);
    let (least, most) = timed(&observer, &oids, 3).await;
    println!("10,000 roles: {least:?} to {most:?}");
    assert!(least < Duration::from_secs(10));
}

/// What the watch asks while a run lasts: some dozens of new credentials on a small environment.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures; for release builds"]
async fn thirty_credentials_on_a_small_environment() {
    let script = "
        CREATE TABLE t (a int);
        DO $$ BEGIN
            FOR r IN 0..29 LOOP
                EXECUTE format('CREATE ROLE many_%s', r);
                EXECUTE format('GRANT SELECT, INSERT ON t TO many_%s', r);
            END LOOP;
        END $$;";
    let (_cluster, observer) = environment(script).await;
    let oids: Vec<u32> = observer
        .roles()
        .await
        .unwrap()
        .iter()
        .filter(|role| role.name.as_str().starts_with("many_"))
        .map(|role| role.oid)
        .collect();
    let (least, most) = timed(&observer, &oids, 40).await;
    println!("30 credentials, small environment: {least:?} to {most:?}");
}
