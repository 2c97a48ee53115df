//! Logs as servers write them, through the public door: what is kept holds no secret, and every line is counted.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use leaseproof_domain::{Event, Redactor, Secret, SecretSeen, Username};
use leaseproof_history::{History, NewRun, Recorder, Recording};
use leaseproof_vault::Client;
use leaseproof_watch::{Config, LogSource, Watch};
use tokio::sync::mpsc;

fn recorder(path: &Path) -> (Recorder, Recording) {
    let run = NewRun { run: "r".into(), scenario: "s".into(), seed: 1, leaseproof: "0".into() };
    Recorder::create(path, run).expect("a folder of the test's own")
}

fn config(folder: &Path, logs: Vec<LogSource>) -> Config {
    Config {
        clusters: Vec::new(),
        vault: Client::new("http://127.0.0.1:1", Duration::from_secs(1)).expect("an address of the right form"),
        roles: vec![("database".into(), "app".into())],
        usernames: Vec::new(),
        accounts: Vec::new(),
        vaults_own: std::collections::BTreeSet::new(),
        storage: Vec::new(),
        pace: Duration::from_millis(500),
        logs,
        audit: Some(folder.join("vault-audit.log")),
        logs_folder: folder.join("logs"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_scrubbed_although_its_line_comes_before_it_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history");
    let (recorder, recording) = recorder(&history);
    let redactor = Arc::new(Redactor::new());
    let (server, lines) = mpsc::channel(16);
    let source = LogSource { name: "postgres.target".into(), lines };
    let watch = Watch::start(config(folder.path(), vec![source]), &recorder, &redactor).await.unwrap();

    for line in
        ["LOG:  ready", "LOG:  the text is Leak-abcdefgh", "LOG:  statement: ALTER ROLE \"v-2\"", "\tPASSWORD 'Other'"]
    {
        server.send(line.as_bytes().to_vec()).await.unwrap();
    }
    let audit = concat!(
        r#"{"time":"2026-11-22T23:00:00Z","type":"request","request":{"id":"a","operation":"read","path":"sys/mounts"}}"#,
        "\n",
        r#"{"time":"2026-11-22T23:00:00Z","type":"response","request":{"id":"b","operation":"read","path":"database/creds/app"},"response":{"data":{"password":"Leak-abcdefgh"},"secret":{"lease_id":"database/creds/app/x"}}}"#,
        "\n",
    );
    std::fs::write(folder.path().join("vault-audit.log"), audit).unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let kept = folder.path().join("logs/postgres.target.log");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "", "nothing may be written before its passwords are known");
    redactor.add_password(Username::new("v-1"), Secret::new("Leak-abcdefgh"));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(
        std::fs::read_to_string(&kept).unwrap(),
        "LOG:  ready\nLOG:  the text is ***\nLOG:  statement: ALTER ROLE \"v-2\"\n\tPASSWORD '***'\n"
    );

    server.send(b"LOG:  shut down".to_vec()).await.unwrap();
    drop(server);
    watch.finish().await.unwrap();
    recording.close().unwrap();
    let kept_audit = std::fs::read_to_string(folder.path().join("logs/audit.log")).unwrap();
    assert!(kept_audit.contains("database/creds/app/x") && !kept_audit.contains("Leak"), "{kept_audit}");

    let events: Vec<Event> = History::open(&history).unwrap().collect();
    let secrets: Vec<(&str, u64, Option<&str>)> = events
        .iter()
        .filter_map(|event| match event {
            Event::SecretSeen(SecretSeen { source, line, username, .. }) => {
                Some((source.as_str(), *line, username.as_ref().map(Username::as_str)))
            }
            _ => None,
        })
        .collect();
    for expected in
        [("postgres.target", 2, Some("v-1")), ("postgres.target", 4, Some("v-2")), ("audit", 2, Some("v-1"))]
    {
        assert!(secrets.contains(&expected), "{expected:?} in {secrets:?}");
    }
    assert_eq!(secrets.len(), 3);
    let issues = events.iter().filter(|event| matches!(event, Event::Audit(entry) if entry.lease.is_some())).count();
    assert_eq!(issues, 1);
    let read: Vec<(&str, u64, bool)> = events
        .iter()
        .filter_map(|event| match event {
            Event::LogRead { source, lines, complete } => Some((source.as_str(), *lines, *complete)),
            _ => None,
        })
        .collect();
    assert_eq!(read, [("postgres.target", 5, true), ("audit", 2, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_never_ends_and_an_audit_log_that_never_comes_are_incomplete() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history");
    let (recorder, recording) = recorder(&history);
    let redactor = Arc::new(Redactor::new());
    let (server, lines) = mpsc::channel(16);
    let source = LogSource { name: "vault".into(), lines };
    let watch = Watch::start(config(folder.path(), vec![source]), &recorder, &redactor).await.unwrap();
    server.send(b"one".to_vec()).await.unwrap();
    watch.finish().await.unwrap();
    recording.close().unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("logs/vault.log")).unwrap(), "one\n");
    let events: Vec<Event> = History::open(&history).unwrap().collect();
    for (name, count) in [("vault", 1), ("audit", 0)] {
        let expected = Event::LogRead { source: name.into(), lines: count, complete: false };
        assert!(events.contains(&expected), "{events:?}");
    }
}
