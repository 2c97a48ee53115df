//! A small load on a real environment: what the script of a lifecycle does there, and how it stops.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use leaseproof_domain::{
    Event, Expected, Micros, Operation, OperationRecord, Outcome, PhasePoint, ProbeOutcome, ProbeRecord, Redactor,
    RefusedRequest, Ttl,
};
use leaseproof_environment::{Environment, StartOptions};
use leaseproof_history::{History, Ledger, NewRun, Recorder, Recording};
use leaseproof_postgres::{Login, Observer};
use leaseproof_scenario::{LoadOptions, Plan, ProbePlan, load};
use leaseproof_workload::{Finished, LoadState, RoleTarget, Targets, run};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The PowerDNS scenario with a load that is over in seconds: three credentials a second, leases of three seconds.
fn plan() -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/powerdns");
    let mut plan = load(&path, &LoadOptions::default()).expect("the scenario is valid");
    plan.lifecycles[0].lease = Some(Ttl::from_secs(3));
    plan.phases[0].rate = 4.0;
    plan.phases[0].duration = Ttl::from_secs(3);
    plan.phases[0].drain = Ttl::from_secs(20);
    plan
}

struct Stage {
    folder: tempfile::TempDir,
    environment: Environment,
    recorder: Recorder,
    recording: Recording,
    redactor: Arc<Redactor>,
    ledger: Ledger,
    accessor: String,
}

impl Stage {
    /// Stands the environment up, set up as the scenario says.
    async fn set(plan: &Plan) -> (Self, Targets) {
        let folder = tempfile::Builder::new().prefix("lpt-").tempdir().expect("a temporary folder");
        let name = folder.path().file_name().and_then(|name| name.to_str()).expect("it was named above").to_owned();
        // PostgreSQL's own user has to reach its data below it.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        std::fs::set_permissions(folder.path(), open).expect("the folder is ours");
        let ledger = Ledger::create_in(&folder.path().join("index"), &folder.path().join("ledger.jsonl"), &name);
        let ledger = ledger.expect("the folder is writable");
        let header = NewRun { run: name.clone(), scenario: plan.name.clone(), seed: plan.seed, leaseproof: "0".into() };
        let (recorder, recording) =
            Recorder::create(&folder.path().join("history"), header).expect("the folder is writable");
        let redactor = Arc::new(Redactor::new());
        let options = StartOptions { run: name, parent: folder.path().to_owned() };
        let mut environment =
            Environment::start(plan, &options, Some(&recorder), &ledger, &redactor).await.expect("servers");
        environment.set_up(plan, Some(&recorder)).await.expect("the setup works");
        let token = environment.client_token(plan, &ledger).await.expect("a token");
        let role = &plan.roles[0];
        let observer = environment.observer_login(&role.on, &role.database);
        let (host, port) = environment.endpoints(&role.on)[0].clone();
        let login = Login {
            host,
            port,
            user: String::new(),
            password: None,
            application_name: "leaseproof".into(),
            timeout: plan.client.timeout.duration(),
            ..observer.clone()
        };
        let targets = Targets {
            vault: token.client.clone(),
            roles: BTreeMap::from([(
                role.name.clone(),
                RoleTarget {
                    cluster: role.on.clone(),
                    endpoints: vec![login],
                    observer: Observer::connect(observer).await.expect("the harness's account can log in"),
                },
            )]),
        };
        (Self { folder, environment, recorder, recording, redactor, ledger, accessor: token.accessor() }, targets)
    }

    /// Ends everything and reads the history.
    async fn strike(self) -> Vec<Event> {
        self.environment.release(&self.accessor).await.expect("the token is revoked");
        self.environment.tear_down().await.expect("nothing is left");
        self.ledger.closed().expect("the ledger is closed");
        self.recording.close().expect("the history is written");
        History::open(&self.folder.path().join("history")).expect("a history").collect()
    }
}

fn operations(events: &[Event]) -> Vec<&OperationRecord> {
    events.iter().filter_map(|event| if let Event::Operation(record) = event { Some(record) } else { None }).collect()
}

fn phases(events: &[Event]) -> Vec<(PhasePoint, Micros)> {
    let mark = |event: &Event| if let Event::Phase(mark) = event { Some((mark.point, mark.at)) } else { None };
    events.iter().filter_map(mark).collect()
}

fn probes(events: &[Event]) -> Vec<&ProbeRecord> {
    events.iter().filter_map(|event| if let Event::Probe(probe) = event { Some(probe) } else { None }).collect()
}

/// The first lifecycles of the role try out all that is promised, and ten privileges that are not.
fn assert_probed(events: &[Event], lifecycles: u64) {
    let all = probes(events);
    assert_eq!(all.iter().map(|probe| probe.lifecycle).collect::<BTreeSet<_>>(), (1..=lifecycles).collect());
    for lifecycle in 1..=lifecycles {
        let own: Vec<_> = all.iter().filter(|probe| probe.lifecycle == lifecycle).collect();
        let of = |expected| own.iter().filter(move |probe| probe.expected == expected);
        assert_eq!(
            (of(Expected::Promised).count(), of(Expected::Forbidden).count()),
            (41, 10),
            "lifecycle {lifecycle}"
        );
        assert!(of(Expected::Promised).all(|probe| probe.outcome == ProbeOutcome::Allowed), "{own:#?}");
        assert!(of(Expected::Forbidden).all(|probe| probe.outcome != ProbeOutcome::Allowed), "{own:#?}");
        assert!(of(Expected::Forbidden).any(|probe| matches!(probe.outcome, ProbeOutcome::Refused { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lifecycle_is_lived_to_its_end() {
    let mut plan = plan();
    plan.roles[0].probes = Some(ProbePlan { first: 3, share: 0.0, forbidden: 10 });
    let (stage, targets) = Stage::set(&plan).await;
    let (progress, seen) = watch::channel(LoadState::default());
    let finished = run(&plan, targets, &stage.recorder, &stage.redactor, progress, CancellationToken::new()).await;
    assert_eq!(finished, Finished { interrupted: false });
    let last = seen.borrow().clone();
    let events = stage.strike().await;
    assert_probed(&events, 3);
    let operations = operations(&events);
    let of_lifecycle = |lifecycle: u64, op: Operation| -> Vec<&&OperationRecord> {
        operations.iter().filter(|record| record.lifecycle == lifecycle && record.op == op).collect()
    };

    // Twelve arrivals, and the TTL probe after their numbers.
    let lifecycles: BTreeSet<u64> =
        operations.iter().map(|record| record.lifecycle).filter(|lifecycle| *lifecycle > 0).collect();
    assert_eq!(lifecycles, (1..=13).collect());
    assert_eq!((last.arrived, last.finished, last.live, last.failures), (12, 13, 0, 0));
    let mut ends = [0, 0];
    for lifecycle in 1..=13 {
        let issue = of_lifecycle(lifecycle, Operation::Issue)[0];
        assert!(issue.outcome.is_ok() && issue.lease.is_some() && issue.lease_seconds == Some(3_600), "{issue:?}");
        let logins = of_lifecycle(lifecycle, Operation::Login);
        assert!(logins.last().is_some_and(|login| login.outcome.is_ok()), "lifecycle {lifecycle}: {logins:?}");
        assert!(logins.iter().all(|login| login.oid.is_none() || login.username == issue.username));
        let renewals = of_lifecycle(lifecycle, Operation::Renew);
        assert!(!renewals.is_empty() && renewals.iter().all(|renewal| renewal.outcome.is_ok()), "{renewals:?}");
        let revocations = of_lifecycle(lifecycle, Operation::Revoke);
        ends[usize::from(revocations.is_empty())] += 1;
        let dead = of_lifecycle(lifecycle, Operation::DeadLogin);
        let refused = dead.last().and_then(|login| login.outcome.failure());
        assert_eq!(refused.map(|failure| failure.code.as_str()), Some("28P01"), "lifecycle {lifecycle}: {dead:?}");
        assert!(dead.iter().all(|login| login.oid.is_some()), "the role's OID is known by then");
        if lifecycle <= 12 {
            assert_eq!(renewals[0].increment_seconds, Some(3));
            assert_eq!(of_lifecycle(lifecycle, Operation::Relogin).len(), 1);
            assert!(of_lifecycle(lifecycle, Operation::Relogin)[0].outcome.is_ok());
        }
    }
    assert!(ends[0] > 1 && ends[1] > 1, "some are revoked, some expire: {ends:?}");
    let beyond = of_lifecycle(13, Operation::Renew)[0];
    assert_eq!(beyond.increment_seconds, Some(90_000));
    assert!(beyond.lease_seconds.is_some_and(|granted| (86_390..=86_400).contains(&granted)), "{beyond:?}");
    assert!(!beyond.warnings.is_empty());

    // Arrivals keep to the schedule whatever the answers.
    let marks = phases(&events);
    assert_eq!(
        marks.iter().map(|(point, _)| *point).collect::<Vec<_>>(),
        [PhasePoint::Begins, PhasePoint::Drains, PhasePoint::Ends]
    );
    for lifecycle in 1..=12 {
        let intended = of_lifecycle(lifecycle, Operation::Issue)[0].intended;
        assert_eq!(intended, marks[0].1.after(Duration::from_millis(250 * (lifecycle - 1))));
    }
    assert!(operations.iter().all(|record| record.intended <= record.start && record.start <= record.end));

    let refused = operations.iter().filter(|record| record.op == Operation::Refused);
    let (logins, requests): (Vec<&&OperationRecord>, Vec<&&OperationRecord>) =
        refused.partition(|record| record.refused == Some(RefusedRequest::WrongPassword));
    assert!(requests.len() == 3 && !logins.is_empty(), "{requests:?} {logins:?}");
    for (records, code) in [(requests, "403"), (logins, "28P01")] {
        for record in records {
            assert_eq!(record.outcome.failure().map(|failure| failure.code.as_str()), Some(code), "{record:?}");
        }
    }
    let reads = events.iter().filter(|event| matches!(event, Event::RoleRead(read) if read.role.is_some())).count();
    let renewals = operations.iter().filter(|record| record.op == Operation::Renew).count();
    assert_eq!(reads, 13 + renewals, "each issue and each renewal has its reading");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_load_finishes_what_it_asked_for_and_begins_nothing() {
    let mut plan = plan();
    plan.phases[0].duration = Ttl::from_secs(60);
    let (stage, targets) = Stage::set(&plan).await;
    let cancel = CancellationToken::new();
    let (progress, _seen) = watch::channel(LoadState::default());
    let (recorder, stopper) = (stage.recorder.clone(), cancel.clone());
    let stopped = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        stopper.cancel();
        (Instant::now(), recorder.now())
    });
    let finished = run(&plan, targets, &stage.recorder, &stage.redactor, progress, cancel).await;
    let (instant, at) = stopped.await.expect("it only waits");
    assert_eq!(finished, Finished { interrupted: true });
    assert!(instant.elapsed() < Duration::from_secs(3), "it took {:?} to stop", instant.elapsed());
    let events = stage.strike().await;
    let operations = operations(&events);
    assert!(operations.iter().any(|record| record.op == Operation::Login));
    // A step may be about to be sent while the load is cancelled.
    let moment = at.after(Duration::from_millis(20));
    assert!(operations.iter().all(|record| record.start < moment), "{at}: {:?}", operations.last());
    assert!(operations.iter().all(|record| !matches!(record.outcome, Outcome::Indeterminate { .. })));
    assert_eq!(phases(&events).len(), 3);
}
