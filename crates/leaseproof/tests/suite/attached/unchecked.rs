//! PostgreSQL cannot be reached when the credentials of a run are to be checked: they are named until they are gone.

use std::time::Duration;

use leaseproof_postgres::Session;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::theirs::Theirs;
use super::under_way;
use crate::support::{on_one_line, text, wait};

/// The credentials of runs: OID and name of their roles.
const CREDENTIALS: &str = "SELECT string_agg(oid || ' ' || rolname, ',' ORDER BY oid) FROM pg_roles \
                           WHERE rolname ~ '^v-token-le-app-' AND rolname !~ 'aaaaaaaa'";

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_could_not_be_checked_are_named_until_they_are_gone() {
    let theirs = Theirs::start().await;
    let before = theirs.there().await;
    let root = &theirs.vault.client;
    let mut role = root.read("database/roles/app").await.unwrap().body["data"].clone();
    role["revocation_statements"] = json!(["SELECT 1/0"]);
    root.write("database/roles/app", &role).await.unwrap();
    let here = theirs.login("postgres").port;
    let relay = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let through = relay.local_addr().unwrap().port();
    let relaying = tokio::spawn(relay_to(relay, here));
    let at = |port: u16| format!("127.0.0.1:{port}/postgres");
    theirs.change(&at(here), &at(through));
    let short = ["--keep-going", "--set", "phase.steady.for=4s", "--set", "phase.steady.drain=2s"];
    let child = theirs.desk.start(&theirs.scenario, &theirs.run(&short));
    under_way(&theirs, "app", before.1).await;
    // The first of them has been observed.
    tokio::time::sleep(Duration::from_secs(1)).await;
    relaying.abort();
    let output = tokio::task::spawn_blocking(move || wait(child, Duration::from_secs(120))).await.unwrap();
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(5), "{shown}");
    let session = Session::open(&theirs.login("shop")).await.unwrap();
    let credentials = session.value(CREDENTIALS).await.unwrap().unwrap();
    let credentials: Vec<(&str, &str)> = credentials.split(',').filter_map(|one| one.split_once(' ')).collect();
    assert!(credentials.len() > 3, "{shown}");
    let names = |shown: &str, why: &str| {
        let lines: Vec<&str> = shown.lines().filter(|line| line.contains(why)).collect();
        for (_, role) in &credentials {
            let is_of = |line: &&&str| line.contains(role) && line.contains("lease database/creds/app/");
            assert_eq!(lines.iter().filter(is_of).count(), 1, "{role}: {shown}");
        }
        assert!(!shown.contains("\\n"), "{shown}");
    };
    let not_checked = "it was not checked whether it still exists";
    let (oid, first) = credentials[0];
    let observed = format!("role {first} (OID {oid}) of postgres.target, lease database/creds/app/");
    // The report breaks long lines.
    let words = on_one_line(&shown);
    assert!(words.contains(&observed) && words.contains("To remove each of these "), "{shown}");
    assert_eq!(words.matches(not_checked).count(), credentials.len(), "{shown}");

    let path = theirs.scenario.to_str().unwrap();
    let clean = |arguments: &[&str]| {
        let output = theirs.desk.output(["clean"].iter().chain(arguments));
        (output.status.code(), text(&output))
    };
    for arguments in [&["--dry-run"] as &[&str], &[]] {
        let (code, shown) = clean(arguments);
        assert_eq!(code, Some(1), "{shown}");
        names(&shown, not_checked);
        assert!(shown.contains(&observed) && shown.contains("\n  To remove each of these "), "{shown}");
        assert!(shown.contains("`leaseproof clean --attached SCENARIO` checks which of them still exist"), "{shown}");
    }
    for arguments in [&["--attached", path, "--dry-run"] as &[&str], &["--attached", path]] {
        let (code, shown) = clean(arguments);
        assert_eq!(code, Some(1), "{shown}");
        names(&shown, ": not reached: it is at ");
    }
    // From its history alone.
    let ledger = std::fs::read_dir(theirs.desk.path().join("state/leaseproof/ledgers")).unwrap().next().unwrap();
    let ledger = ledger.unwrap().path();
    let written = std::fs::read_to_string(&ledger).unwrap();
    let without: String = written.split_inclusive('\n').filter(|line| !line.contains("credential_unchecked")).collect();
    assert_eq!(written.lines().count() - without.lines().count(), credentials.len(), "{written}");
    std::fs::write(&ledger, without).unwrap();
    let (code, shown) = clean(&[]);
    assert_eq!(code, Some(1), "{shown}");
    names(&shown, not_checked);
    theirs.change(&at(through), &at(here));
    let (code, shown) = clean(&["--attached", path]);
    assert_eq!(code, Some(1), "{shown}");
    names(&shown, ": Vault could not revoke it");
    assert!(shown.contains("\n  To remove each of these "), "{shown}");
    // As the commands say.
    role["revocation_statements"] = json!([]);
    root.write("database/roles/app", &role).await.unwrap();
    for lease in root.leases("database", "app").await.unwrap() {
        root.write("sys/leases/revoke", &json!({ "lease_id": lease, "sync": true })).await.unwrap();
    }
    let (code, shown) = clean(&["--attached", path]);
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(shown.matches(": gone\n").count(), credentials.len(), "{shown}");
    theirs.desk.assert_nothing_left();
}

/// Forwards every connection to that port. It ends with its task.
async fn relay_to(listener: TcpListener, port: u16) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        connections.spawn(async move {
            if let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await {
                let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}
