//! A check most of whose expected samples are missing is Unknown, and never passes on the rest.

use leaseproof_domain::{Event, Expected, HarnessFault, Operation, Outcome, ProbeOutcome, Verdict};

use crate::story::{MS, S, Story, no_answer};

/// Every operation of that kind, but those of life 2, had no answer.
fn silent(op: Operation) -> Story {
    Story::good().each(|event| {
        if let Event::Operation(record) = event
            && record.op == op
            && record.life != 2
        {
            record.outcome = no_answer();
        }
    })
}

/// Four more credentials, whose first logins at that endpoint all ended so.
fn elsewhere(outcome: &Outcome) -> Story {
    Story::good().with(|story| {
        for life in 1..=3 {
            let issued = [1_010, 2_010, 1_210][life as usize - 1] * MS;
            for number in 0..3 {
                let start = issued + number * S / 2;
                let login = story.operation(life, Operation::Login, start, start + MS, outcome.clone());
                login.endpoint = Some("127.0.0.1:5433/powerdns".into());
            }
        }
    })
}

#[test]
fn nothing_passes_on_the_samples_that_are_left() {
    let probes = |event: &Event| matches!(event, Event::Probe(probe) if probe.expected == Expected::Promised);
    let dead = |event: &Event| matches!(event, Event::Operation(record) if record.op == Operation::DeadLogin && record.life != 2);
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
        (Story::good().without_op(1, Operation::Login).without_op(2, Operation::Login), &["LOG-1"]),
        (silent(Operation::DeadLogin), &["INV-6a"]),
        (Story::good().without(dead), &["INV-6a"]),
        (Story::good().without(probes), &["PRB-1", "PRB-2"]),
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
    // Life 3 is revoked before the promised time is over.
    assert_eq!(findings.len(), 2, "{findings:#?}");
    assert!(findings[0].what.contains("never logged in at 127.0.0.1:5433/powerdns"), "{}", findings[0].what);
    assert!(findings[0].what.contains("3 tries without an answer"), "{}", findings[0].what);
    // What fails on the harness's own side proves nothing, and is not passed over either.
    let outcome = Outcome::Harness { fault: HarnessFault::NameResolution, why: "no such host".into() };
    assert_eq!(elsewhere(&outcome).unknown("LOG-1"), "judged 0 of 3 expected at 127.0.0.1:5433/powerdns");
}
