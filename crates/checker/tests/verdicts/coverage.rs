//! A check most of whose expected samples are missing is Unknown, and never passes on the rest.

mod population;
mod walk;

use std::collections::BTreeSet;

use leaseproof_domain::{Event, Expected, HarnessFault, Operation, Outcome, ProbeOutcome, RefusedRequest, Verdict};
use leaseproof_scenario::LifecyclePlan;

use crate::story::{MS, ROLE, S, Story, dependencies, irrevocable, line, no_answer, seen, wall};

/// Every operation of that kind, but those of lifecycle 2, had no answer.
fn silent(op: Operation) -> Story {
    silenced(Story::good(), op)
}

fn silenced(story: Story, op: Operation) -> Story {
    story.each(|event| {
        if let Event::Operation(record) = event
            && record.op == op
            && record.lifecycle != 2
        {
            record.outcome = no_answer();
        }
    })
}

/// Four more credentials, whose first logins at that endpoint all ended so.
fn elsewhere(outcome: &Outcome) -> Story {
    Story::good().with(|story| {
        for lifecycle in 1..=3 {
            let issued = [1_010, 2_010, 1_210][lifecycle as usize - 1] * MS;
            for number in 0..3 {
                let start = issued + number * S / 2;
                let login = story.operation(lifecycle, Operation::Login, start, start + MS, outcome.clone());
                login.endpoint = Some("127.0.0.1:5433/powerdns".into());
            }
        }
    })
}

#[test]
fn nothing_passes_on_the_samples_that_are_left() {
    let without_observation = |event: &Event| matches!(event, Event::RoleRead(read) if read.lifecycle != 2);
    let probes = |event: &Event| matches!(event, Event::Probe(probe) if probe.expected == Expected::Promised);
    let others = |event: &Event| matches!(event, Event::Probe(probe) if probe.expected == Expected::Forbidden);
    let dead = |event: &Event| matches!(event, Event::Operation(record) if record.op == Operation::DeadLogin && record.lifecycle != 2);
    let unproved = Story::good().each(|event| {
        if let Event::Probe(probe) = event
            && probe.expected == Expected::Promised
        {
            probe.outcome = ProbeOutcome::Indeterminate { why: "timed out".into() };
        }
    });
    for (story, checks) in [
        (silent(Operation::Issue), &["ISS-1"][..]),
        (silent(Operation::Login), &["INV-1"]),
        (silent(Operation::Renew), &["TTL-2", "INV-7"]),
        (silent(Operation::Revoke), &["REV-1"]),
        (silent(Operation::Login), &["LOG-1"]),
        (Story::good().without_op(1, Operation::Login).without_op(2, Operation::Login), &["LOG-1"]),
        (silent(Operation::Relogin).without_op(2, Operation::Relogin), &["INV-5"]),
        (silent(Operation::DeadLogin), &["INV-6a"]),
        (Story::good().without(dead), &["INV-6a"]),
        (Story::good().without(without_observation), &["TTL-2"]),
        (Story::good().without(probes), &["PRB-1", "PRB-2"]),
        (Story::good().without(others), &["PRB-1"]),
        (unproved, &["PRB-1"]),
    ] {
        for check in checks {
            let judgment = story.judgment(check);
            assert_ne!(judgment.verdict, Verdict::Pass, "{judgment:#?}");
        }
    }
}

#[test]
fn the_reason_says_how_many_of_how_many() {
    let probes = |event: &Event| matches!(event, Event::Probe(probe) if probe.expected == Expected::Promised);
    let judgment = Story::good().without(probes).judgment("PRB-1");
    assert_eq!(judgment.reason.as_deref(), Some("judged 0 of 3 expected of the promised privileges"));
    let coverage = judgment.coverage.unwrap();
    assert_eq!((coverage.expected, coverage.judged), (3, 0));
    let good = Story::good().judgment("LOG-1").coverage.unwrap();
    assert_eq!((good.expected, good.judged), (3, 3));
}

#[test]
fn log_1_an_endpoint_where_nobody_answers_fails() {
    let refused = Outcome::Indeterminate { why: "no answer from PostgreSQL: connection refused".into() };
    let findings = elsewhere(&refused).fails("LOG-1");
    // Lifecycle 3 is revoked before the promised time is over.
    assert_eq!(findings.len(), 2, "{findings:#?}");
    assert!(findings[0].what.contains("could never log in at 127.0.0.1:5433/powerdns"), "{}", findings[0].what);
    assert!(findings[0].what.contains("3 tries without an answer"), "{}", findings[0].what);
    // What fails on the harness's own side proves nothing, and is not passed over either.
    let outcome = Outcome::Harness { fault: HarnessFault::NameResolution, why: "no such host".into() };
    assert_eq!(elsewhere(&outcome).unknown("LOG-1"), "judged 0 of 3 expected at 127.0.0.1:5433/powerdns");
}

#[test]
fn log_1_a_query_that_is_too_slow_is_no_failed_login_and_rests_on_timing() {
    let why = "no answer from PostgreSQL to the query: it took longer than 1000 ms";
    let slow = elsewhere(&Outcome::Indeterminate { why: why.into() }).judgment("LOG-1");
    let what = &slow.findings[0].what;
    assert!(what.contains("logged in at 127.0.0.1:5433/powerdns, but no query was answered: 3 tries"), "{what}");
    let refused = Outcome::Indeterminate { why: "no answer from PostgreSQL: connection refused".into() };
    let refused = elsewhere(&refused).judgment("LOG-1");
    assert_eq!((slow.rests_on_timing, refused.rests_on_timing), (true, false));
}

/// A good run with five more credentials, each of which goes through all that one can.
fn busy() -> Story {
    let mut story = Story::good();
    for lifecycle in 4..=8 {
        let begun = 8 * S + (lifecycle - 4) * 200 * MS;
        story.begins(lifecycle, begun, 3613);
        story.observation(begun + 100 * MS, vec![seen(lifecycle, wall(3613))], vec![]);
        story.leases(begun + 105 * MS, vec![lifecycle], vec![]);
        story.reading(lifecycle, begun + 110 * MS, 0);
        story.probes(lifecycle, begun + 120 * MS);
        story.renewed(lifecycle, begun + 130 * MS, 8, 8, 21);
        story.reading(lifecycle, begun + 180 * MS, 0);
        story.operation(lifecycle, Operation::Relogin, begun + 1_500 * MS, begun + 1_510 * MS, Outcome::Ok);
        story.operation(lifecycle, Operation::Revoke, begun + 2_600 * MS, begun + 2_650 * MS, Outcome::Ok);
        story.refused_login(lifecycle, begun + 2_655 * MS);
        story.observation(begun + 2_800 * MS, vec![], vec![lifecycle]);
        story.leases(begun + 2_805 * MS, vec![], vec![lifecycle]);
    }
    story.add(16 * S, Event::Irrevocable(irrevocable(15 * S, vec![])));
    story.plan.lifecycles = vec![LifecyclePlan {
        name: "app".into(),
        role: ROLE.into(),
        lease: None,
        query: "SELECT 1".into(),
        query_origin: None,
        renew: None,
        hold_session: None,
        timeout: None,
        revoke: 0.5,
        origin: line(50),
    }];
    story
}

/// Whether the event is of another lifecycle than lifecycle 2.
fn of_others(event: &Event) -> bool {
    match event {
        Event::Operation(record) => record.lifecycle != 2,
        Event::RoleRead(read) => read.lifecycle != 2,
        Event::Probe(probe) => probe.lifecycle != 2,
        Event::Privileges(reading) => reading.oid != crate::story::oid(2),
        Event::Audit(entry) => entry.lease.as_ref().is_none_or(|lease| *lease != crate::story::lease(2)),
        _ => true,
    }
}

fn is(op: Operation) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Operation(record) if record.op == op && record.lifecycle > 0)
}

/// The good run without most of what is so.
fn lacking(lost: impl Fn(&Event) -> bool) -> Story {
    busy().without(|event| lost(event) && of_others(event))
}

#[test]
fn no_check_passes_without_most_of_the_samples_that_it_needs() {
    let reads = |event: &Event| matches!(event, Event::RoleRead(_) | Event::Roles(_));
    let observations = || busy().without(|event| matches!(event, Event::Roles(_)));
    let probes = |expected| lacking(move |event| matches!(event, Event::Probe(probe) if probe.expected == expected));
    let anonymous = busy().each(|event| {
        if let Event::Operation(record) = event
            && record.lifecycle != 2
        {
            (record.username, record.lease_seconds) = (None, None);
        }
    });
    let later = |event: &Event| matches!(event, Event::Privileges(reading) if reading.from.0 % (200 * MS) == 180 * MS);
    let bare = busy().each(|event| {
        if let Event::Sessions(observation) = event {
            observation.appeared.iter_mut().for_each(|session| session.encrypted = None);
        }
    });
    let gone = |event: &Event| matches!(event, Event::Roles(observation) if !observation.gone.is_empty());
    let unheard = busy().each(|event| {
        if let Event::HeldSession(kept) = event {
            (kept.query, kept.listed) = (no_answer(), None);
        }
    });
    let wrong = |event: &Event| matches!(event, Event::Operation(record) if record.refused.is_some_and(|kind| kind != RefusedRequest::WrongPassword));
    let password = |event: &Event| matches!(event, Event::Operation(record) if record.refused == Some(RefusedRequest::WrongPassword));
    let logs = |event: &Event| matches!(event, Event::LogRead { source, .. } if source != "vault");
    let early = busy()
        .without(|event| matches!(event, Event::Dependencies(_)))
        .with(|story| _ = story.add(4_700 * MS, Event::Dependencies(dependencies(4_600 * MS, vec![]))));
    let rows = [
        (silenced(busy(), Operation::Issue), &["AVL-1", "ISS-1", "THR-1"][..]),
        (silenced(busy(), Operation::Login), &["LOG-1", "INV-1", "INV-5"]),
        (silenced(busy(), Operation::Relogin), &["INV-5"]),
        (silenced(busy(), Operation::Renew), &["TTL-2", "TTL-7", "INV-7"]),
        (silenced(busy(), Operation::Revoke), &["REV-1"]),
        (silenced(busy(), Operation::DeadLogin), &["INV-6a"]),
        (lacking(is(Operation::Login)), &["LOG-1", "INV-1"]),
        (lacking(is(Operation::Relogin)), &["INV-5"]),
        (lacking(is(Operation::DeadLogin)), &["INV-6a"]),
        (lacking(|event| is(Operation::Revoke)(event) || is(Operation::DeadLogin)(event)), &["INV-6a"]),
        (anonymous, &["ISS-2", "TTL-7"]),
        (lacking(reads), &["ISS-1", "ISS-4", "INV-4"]),
        (lacking(|event| matches!(event, Event::RoleRead(_))), &["TTL-2"]),
        (observations(), &["REV-1", "EXP-1", "INV-2", "INV-3", "INV-10"]),
        (lacking(gone), &["REV-1"]),
        (lacking(|event| matches!(event, Event::Privileges(_))), &["GRA-1", "PRB-2"]),
        (lacking(later), &["INV-9"]),
        (probes(Expected::Promised), &["PRB-1", "PRB-2"]),
        (probes(Expected::Forbidden), &["PRB-1"]),
        (busy().without(|event| matches!(event, Event::Objects { .. })), &["GRA-1", "PRB-1"]),
        (busy().without(wrong), &["POL-1"]),
        (busy().without(password), &["PWD-2"]),
        (lacking(|event| matches!(event, Event::Audit(_))), &["AUD-1"]),
        (busy().without(logs), &["AUD-1", "PWD-1"]),
        (bare, &["TLS-1"]),
        (busy().without(|event| matches!(event, Event::Account(_))), &["ACC-1"]),
        (busy().without(|event| matches!(event, Event::Residue { .. })), &["RUN-2"]),
        (busy().without(|event| matches!(event, Event::Baseline(_))), &["RUN-7"]),
        (unheard, &["INV-6b"]),
        (
            busy().without(|event| matches!(event, Event::Irrevocable(observation) if observation.from.0 > 5 * S)),
            &["INV-8"],
        ),
        (early, &["INV-11"]),
    ];
    let mut left: BTreeSet<String> = busy().plan.asks.iter().map(|ask| ask.check.to_string()).collect();
    let mut passed = Vec::new();
    for (place, (story, checks)) in rows.iter().enumerate() {
        for judgment in story.judged().verdicts.checks {
            if checks.contains(&judgment.check.as_str()) && judgment.verdict == Verdict::Pass {
                passed.push(format!("row {place}, {}: {:?}", judgment.check, judgment.coverage));
            }
        }
        left.retain(|check| !checks.contains(&check.as_str()));
    }
    assert_eq!(passed, Vec::<String>::new());
    assert_eq!(left, BTreeSet::new(), "every check has a row");
}

#[test]
fn nothing_is_missing_from_a_good_run() {
    let verdicts = busy().judged().verdicts;
    let others: Vec<_> = verdicts.checks.iter().filter(|judgment| judgment.verdict != Verdict::Pass).collect();
    assert!(others.is_empty(), "{others:#?}");
}
