//! Environments of real servers: they stand, they are watched, and nothing is left of them.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::{Place, marked, plan, step};
use leaseproof_domain::Event;
use leaseproof_environment::EnvironmentError;
use leaseproof_history::{History, NewRun, Recorder};
use leaseproof_postgres::{Observer, Session};
use leaseproof_scenario::{SetupAction, VaultStorage};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_stands_answers_and_leaves_nothing() {
    let place = Place::new();
    let begin = Instant::now();
    let mut environment = place.start(&plan()).await.unwrap();
    let standing = begin.elapsed();
    eprintln!("stood in {standing:?}");
    assert!(standing < Duration::from_secs(30), "{standing:?}");

    let health = environment.vault().health().await.unwrap();
    assert!(health.initialized && !health.sealed && !health.standby);
    assert!(environment.audit_log().unwrap().exists());
    let observer = Observer::connect(environment.observer_login("target", "postgres")).await.unwrap();
    assert_eq!(observer.version().await.unwrap() / 10_000, 15);
    assert_eq!(environment.endpoints("target").len(), 1);

    let exports = environment.exports();
    let value = |name: &str| exports.iter().find(|(key, _)| key == name).unwrap().1.clone();
    assert_eq!(value("PGPASSWORD"), crate::support::BOOTSTRAP);
    let mut login = environment.observer_login("target", "postgres");
    login.user = value("PGUSER");
    login.password = Some(leaseproof_domain::Secret::new(value("PGPASSWORD")));
    Session::open(&login).await.unwrap().close().await;

    let logs = environment.take_logs();
    assert_eq!(logs.iter().map(|log| log.name.as_str()).collect::<Vec<_>>(), ["vault", "postgres.target"]);
    let reading: Vec<_> = logs
        .into_iter()
        .map(|mut log| {
            tokio::spawn(async move {
                let mut lines = Vec::new();
                while let Some(line) = log.lines.recv().await {
                    lines.push(String::from_utf8_lossy(&line).into_owned());
                }
                lines
            })
        })
        .collect();

    let begin = Instant::now();
    environment.tear_down().await.unwrap();
    eprintln!("torn down in {:?}", begin.elapsed());
    let mut logs = Vec::new();
    for log in reading {
        logs.push(log.await.unwrap().join("\n"));
    }
    assert!(logs[0].contains("Vault server started"), "{}", logs[0]);
    assert!(logs[1].contains("database system is shut down"), "{}", logs[1]);
    assert!(logs.iter().all(|log| !log.contains("SECRET") && !log.contains(crate::support::BOOTSTRAP)));
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn durable_storages_stand_too_and_a_dropped_environment_is_gone() {
    for storage in [VaultStorage::File, VaultStorage::Raft] {
        let place = Place::new();
        let mut plan = plan();
        plan.vault.storage = storage;
        plan.vault.default_lease_ttl = Some(leaseproof_domain::Ttl::from_secs(600));
        plan.vault.max_lease_ttl = Some(leaseproof_domain::Ttl::from_secs(3600));
        let environment = place.start(&plan).await.unwrap();
        assert!(!environment.vault().health().await.unwrap().standby);
        drop(environment);
        assert_eq!(place.left(), Vec::<String>::new(), "{storage:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_do_what_they_are_for_and_clocks_are_measured() {
    let place = Place::new();
    let mut environment = place.start(&plan()).await.unwrap();
    let token = environment.client_token(&plan(), &place.ledger).await.unwrap();
    let ledger = std::fs::read_to_string(place.folder.path().join("ledger.jsonl")).unwrap();
    assert!(ledger.contains(&token.accessor()));
    assert_eq!(token.client.read("sys/policies/acl").await.unwrap_err().status(), Some(403));

    let watching = environment.observing_vault().await.unwrap();
    assert_eq!(watching.leases("database", "none").await.unwrap(), []);
    assert_eq!(watching.audit_devices().await.unwrap().len(), 1);
    assert_eq!(watching.read("sys/policies/acl").await.unwrap_err().status(), Some(403));

    environment.release(&token.accessor()).await.unwrap();
    assert_eq!(token.client.read("auth/token/lookup-self").await.unwrap_err().status(), Some(403));

    let path = place.folder.path().join("history.jsonl.zst");
    let run = NewRun { run: place.run.clone(), scenario: "tiny".into(), seed: 1, leaseproof: "0".into() };
    let (recorder, recording) = Recorder::create(&path, run).unwrap();
    environment.measure_clocks(&recorder).await.unwrap();
    recording.close().unwrap();
    let clocks: Vec<_> = History::open(&path)
        .unwrap()
        .filter_map(|event| if let Event::Clock(clock) = event { Some(clock) } else { None })
        .collect();
    let mut servers: Vec<&str> = clocks.iter().map(|clock| clock.server.as_str()).collect();
    servers.sort_unstable();
    assert_eq!(servers, ["postgres.target", "vault"]);
    for clock in &clocks {
        // The servers share the harness's clock here.
        assert!(clock.offset.abs() <= clock.uncertainty + 20_000, "{clock:?}");
        assert!(clock.uncertainty < 1_000_000, "{clock:?}");
    }
    environment.tear_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_reported_and_its_traces_are_removed() {
    let place = Place::new();
    let environment = place.start(&plan()).await.unwrap();
    let mut lost = environment.lost();
    let data = place.private_folder().join("postgres.target");
    let pid = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    kill(Pid::from_raw(pid.lines().next().unwrap().parse().unwrap()), Signal::SIGKILL).unwrap();
    let reported = tokio::time::timeout(Duration::from_secs(10), lost.wait_for(Option::is_some)).await.unwrap();
    let reported = reported.unwrap().clone().unwrap();
    assert_eq!((reported.server.as_str(), reported.status.as_str()), ("postgres.target", "signal: 9 (SIGKILL)"));
    environment.tear_down().await.unwrap();
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_had_is_reported_and_nothing_is_left() {
    let place = Place::new();
    let mut wrong = plan();
    wrong.postgres.get_mut("target").unwrap().version = "99".to_owned();
    let why = place.start(&wrong).await.unwrap_err();
    assert!(matches!(why, EnvironmentError::WrongVersion { .. }), "{why}");
    let words = why.to_string();
    assert!(words.starts_with("wanted PostgreSQL 99, found PostgreSQL ") && words.contains("PostgreSQL 15."), "{why}");
    assert_eq!(place.left(), Vec::<String>::new());

    let place = Place::new();
    let mut wrong = plan();
    wrong.postgres.get_mut("target").unwrap().settings.insert("shared_buffers".into(), "much".into());
    let why = place.start(&wrong).await.unwrap_err().to_string();
    assert!(why.starts_with("postgres.target did not start: it ended with exit status: 1\nIts last lines:"), "{why}");
    assert!(why.contains("invalid value for parameter \"shared_buffers\": \"much\""), "{why}");
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fixed_port_that_is_taken_is_reported_with_its_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let place = Place::new();
    let mut wrong = plan();
    wrong.vault.port = Some(port);
    let why = place.start(&wrong).await.unwrap_err().to_string();
    assert!(why.starts_with(&format!("scenario.toml:1:1: port {port} of vault is taken")), "{why}");
    let mut wrong = plan();
    wrong.postgres.get_mut("target").unwrap().port = Some(port);
    let place = Place::new();
    let why = place.start(&wrong).await.unwrap_err().to_string();
    assert!(why.starts_with(&format!("scenario.toml:2:1: port {port} of postgres.target is taken")), "{why}");
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_left_running_ends_with_the_environment() {
    let place = Place::new();
    let mut plan = plan();
    let text = "sleep 600 </dev/null >/dev/null 2>&1 &\n".to_owned();
    plan.setup.push(step(SetupAction::Script { file: None, text }, 3));
    let environment = place.start(&plan).await.unwrap();
    environment.set_up(&plan, None).await.unwrap();
    let before = marked(&place.run).len();
    assert!(before >= 3, "vault, the postmaster and the sleeper: {before}");
    environment.tear_down().await.unwrap();
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn standing_that_is_given_up_half_way_leaves_nothing() {
    for millis in [50, 300, 900, 1500] {
        let place = Place::new();
        let _ = tokio::time::timeout(Duration::from_millis(millis), place.start(&plan())).await;
        assert_eq!(place.left(), Vec::<String>::new(), "after {millis} ms");
    }
}

#[test]
fn this_machines_servers_are_found_with_their_versions() {
    let found = leaseproof_environment::installed::find_all();
    for server in ["vault", "postgres"] {
        let found = found.iter().find(|found| found.server == server).unwrap();
        let version = found.version.as_deref().unwrap();
        assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{found:?}");
        assert!(found.path.as_ref().unwrap().exists() && !found.source.is_empty(), "{found:?}");
    }
}
