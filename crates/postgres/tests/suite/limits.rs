//! However much a server sends, the memory that it takes here is bounded.

use std::time::Duration;

use leaseproof_domain::Outcome;
use leaseproof_postgres::Session;
use leaseproof_testkit::postgres::Cluster;

/// The most memory that this process ever held, in bytes (VmHWM; proc_pid_status(5)).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix("kB").unwrap().trim().parse::<u64>().unwrap() << 10
}

#[tokio::test]
async fn rows_are_counted_and_not_kept_and_a_value_has_a_limit() {
    let cluster = Cluster::start().await;
    let mut login = cluster.login("postgres", "postgres");
    login.timeout = Duration::from_secs(120);
    let session = Session::open(&login).await.unwrap();
    let before = peak();
    let rows = session.query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)").await.unwrap();
    assert_eq!(rows, 200_000, "200 MB");
    assert_eq!(session.value("SELECT repeat('y', 3) FROM generate_series(1, 100000)").await.unwrap().unwrap(), "yyy");
    assert_eq!(session.query("SELECT 1; SELECT 2 FROM generate_series(1, 7)").await.unwrap(), 7, "the last command's");

    let error = session.query("SELECT repeat('x', 200000000)").await.unwrap_err();
    assert!(error.to_string().contains("it sent a message of 2000000"), "{error}");
    assert!(matches!(error.outcome(), Outcome::Indeterminate { .. }));
    let grown = peak() - before;
    assert!(grown < 100 << 20, "{grown} bytes");

    let session = Session::open(&login).await.unwrap();
    let error = session.script("SELECT repeat('x', 70000000)").await.unwrap_err();
    assert!(error.to_string().contains("at most 67108864 are taken"), "{error}");
    assert_eq!(session.query("SELECT 1").await.unwrap_err(), error, "the session is of no more use");
}
