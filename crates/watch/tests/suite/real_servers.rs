//! What the watch sees of a real environment: credentials come, are observed, and go.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use leaseproof_domain::{Event, ObjectKind, Privilege, Redactor};
use leaseproof_environment::{Environment, StartOptions};
use leaseproof_history::{History, Ledger, NewRun, Recorder};
use leaseproof_postgres::{Login, Observer, Session};
use leaseproof_scenario::{LoadOptions, load};
use leaseproof_watch::{Config, LogSource, ReleaseWait, Watch, Watched};
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_seen_from_their_issue_to_their_end() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/powerdns");
    let plan = load(&path, &LoadOptions::default()).unwrap();
    let role = &plan.roles[0];
    let folder = tempfile::Builder::new().prefix("lpt-").tempdir().unwrap();
    let name = folder.path().file_name().unwrap().to_str().unwrap().to_owned();
    // PostgreSQL's own user has to reach its data below it.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    let ledger = Ledger::create_in(&folder.path().join("index"), &folder.path().join("ledger.jsonl"), &name).unwrap();
    let history = folder.path().join("history");
    let header = NewRun { run: name.clone(), scenario: plan.name.clone(), seed: 1, leaseproof: "0".into() };
    let (recorder, recording) = Recorder::create(&history, header).unwrap();
    let redactor = Arc::new(Redactor::new());

    let options = StartOptions { run: name, parent: folder.path().to_owned() };
    let mut environment = Environment::start(&plan, &options, Some(&recorder), &ledger, &redactor).await.unwrap();
    let logs = environment.take_logs().into_iter().map(|log| LogSource { name: log.name, lines: log.lines }).collect();
    let observer = Observer::lazy(environment.observer_login(&role.on, &role.database));
    let config = Config {
        clusters: vec![Watched { cluster: role.on.clone(), database: role.database.clone(), observer }],
        vault: environment.observing_vault().await.unwrap(),
        roles: vec![(role.mount.clone(), role.name.clone())],
        usernames: Vec::new(),
        accounts: vec!["vaultuser".into(), "nobody".into()],
        vaults_own: ["vaultuser".to_owned()].into(),
        storage: Vec::new(),
        pace: Duration::from_millis(200),
        logs,
        audit: environment.audit_log(),
        logs_folder: folder.path().join("logs"),
    };
    let watch = Watch::start(config, &recorder, &redactor).await.unwrap();
    environment.set_up(&plan, None).await.unwrap();
    watch.baseline().await.unwrap();
    let client = environment.client_token(&plan, &ledger).await.unwrap();

    let first = client.client.issue(&role.mount, &role.name).await.unwrap();
    let second = client.client.issue(&role.mount, &role.name).await.unwrap();
    for issued in [&first, &second] {
        redactor.add_password(issued.username.clone(), issued.password.clone());
    }
    let login = Login {
        user: first.username.as_str().to_owned(),
        password: Some(first.password.clone()),
        application_name: "kept".into(),
        ..environment.observer_login(&role.on, &role.database)
    };
    let kept = Session::open(&login).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    client.client.revoke(&first.lease).await.unwrap();
    assert_eq!(Session::open(&login).await.unwrap_err().sqlstate(), Some("28P01"));
    assert_eq!(kept.query("SELECT count(*) FROM domains").await.unwrap_err().sqlstate(), Some("42501"));
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    drop(kept);
    // Where Vault began just before the end of an interval of ten seconds, that one is reported until the next is over.
    let until = tokio::time::Instant::now() + Duration::from_secs(30);
    while !environment.vault().gauges().await.unwrap().contains_key("vault.expire.num_leases") {
        assert!(tokio::time::Instant::now() < until, "Vault keeps its gauges without a telemetry stanza");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // The watch observations at them every two seconds, and an observation of a busy machine takes a while.
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    watch.stop_observing().await;
    watch.residue(&CancellationToken::new()).await.unwrap();
    environment.release(&client.accessor()).await.unwrap();
    let waits = ReleaseWait { stall: Duration::from_secs(10), longest: Duration::from_secs(10) };
    assert!(!watch.released(&waits, &CancellationToken::new(), |_, _| {}).await.unwrap(), "nobody cut it short");
    environment.tear_down().await.unwrap();
    watch.finish().await.unwrap();
    ledger.closed().unwrap();
    recording.close().unwrap();

    let events: Vec<Event> = History::open(&history).unwrap().collect();
    let count = |test: &dyn Fn(&Event) -> bool| events.iter().filter(|event| test(event)).count();
    let baseline = |event: &Event| matches!(event, Event::Baseline(at) if at.roles.iter().any(|role| role.name.as_str() == "vaultuser"));
    assert_eq!(count(&baseline), 1);
    assert_eq!(
        count(
            &|event| matches!(event, Event::Account(read) if read.attributes.is_some() == (read.account == "vaultuser"))
        ),
        2
    );
    assert_eq!(count(&|event| matches!(event, Event::WatchGap(_))), 0);
    assert!(count(&|event| matches!(event, Event::Roles(_))) >= 5, "an observation without a change is reported too");

    let appeared: Vec<_> = events
        .iter()
        .filter_map(|event| if let Event::Roles(observation) = event { Some(&observation.appeared) } else { None })
        .flatten()
        .collect();
    let names: Vec<_> = appeared.iter().map(|role| &role.name).collect();
    assert_eq!(names, [&first.username, &second.username]);
    assert!(appeared.iter().all(|role| role.valid_until.is_some() && role.login));
    let gone = |event: &Event| matches!(event, Event::Roles(observation) if observation.gone == [appeared[0].oid] && observation.total == 1);
    assert_eq!(count(&gone), 1);

    let sets: Vec<_> = events
        .iter()
        .filter_map(|event| if let Event::PrivilegeSet { id, set } = event { Some((*id, set)) } else { None })
        .collect();
    let read: Vec<(&str, usize)> = sets
        .iter()
        .map(|(id, set)| {
            let of = |event: &Event| matches!(event, Event::Privileges(reading) if reading.set == *id);
            (set.database.as_str(), count(&of))
        })
        .collect();
    assert_eq!(
        read,
        [(role.database.as_str(), 2), ("postgres", 2)],
        "both hold the same, and are read in each database"
    );
    let held = |name: &str, privilege| {
        let granted = sets[0].1.held.iter().map(|held| &held.grant);
        granted.into_iter().any(|grant| {
            grant.object.kind == ObjectKind::Table && grant.object.name == name && grant.privilege == privilege
        })
    };
    assert!(held("domains", Privilege::Select) && held("tsigkeys", Privilege::Delete));
    assert!(!held("domains", Privilege::Truncate));

    let oid = appeared[0].oid;
    let sessions = |name: Option<&str>| {
        count(&|event| {
            matches!(event, Event::Sessions(seen) if seen.appeared.iter().any(|session| {
                session.oid == oid && session.application == "kept" && session.name.as_ref().map(|name| name.as_str()) == name
            }))
        })
    };
    assert_eq!(sessions(Some(first.username.as_str())), 1, "it is seen while its role is there");
    assert_eq!(sessions(None), 1, "and reported again once the role is gone: its name is NULL then");
    assert!(count(&|event| matches!(event, Event::Dependencies(seen) if seen.roles == 2 && seen.rows > 2)) > 0);
    assert_eq!(count(&|event| matches!(event, Event::Dependencies(seen) if !seen.dangling.is_empty())), 0);
    assert!(count(&|event| matches!(event, Event::Irrevocable(seen) if seen.total == 0)) > 0);
    let gauges =
        |event: &Event| matches!(event, Event::Metrics(read) if read.gauges.contains_key("vault.expire.num_leases"));
    assert!(count(&gauges) > 0, "what Vault's gauges show is recorded");
    let reason = format!("Role \"{}\" does not exist.", first.username);
    let refused = |event: &Event| {
        matches!(event, Event::AuthFailure(failure)
            if failure.username == first.username && failure.reason.as_deref() == Some(&*reason))
    };
    assert_eq!(
        count(&refused),
        1,
        "{:?}",
        events.iter().filter(|event| matches!(event, Event::AuthFailure(_))).collect::<Vec<_>>()
    );

    let leases = |event: &Event| matches!(event, Event::Leases(seen) if seen.gone == [first.lease.clone()]);
    assert_eq!(count(&leases), 1);
    let residue: Vec<(bool, usize, usize)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Residue { released, roles, leases, .. } => Some((*released, roles.len(), leases.len())),
            _ => None,
        })
        .collect();
    assert_eq!(residue, [(false, 1, 1), (true, 0, 0)]);

    let issues = |event: &Event| matches!(event, Event::Audit(entry) if entry.response && entry.lease.as_ref().is_some_and(|lease| [&first.lease, &second.lease].contains(&lease)));
    assert_eq!(count(&issues), 2, "the audit log tells each issue's response once");
    for source in ["vault", "postgres.target", "audit"] {
        let read = |event: &Event| matches!(event, Event::LogRead { source: name, complete: true, lines } if name == source && *lines > 0);
        assert_eq!(count(&read), 1, "{source}");
        assert!(folder.path().join(format!("logs/{source}.log")).is_file());
    }
    assert_eq!(count(&|event| matches!(event, Event::SecretSeen(_))), 0);
}
