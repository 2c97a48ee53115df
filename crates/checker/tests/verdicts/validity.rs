//! Whether a measurement holds: what was sent late counts where a verdict depends on time, and what failed on the harness's
//! own side is never evidence.

use insta::assert_snapshot;
use leaseproof_domain::{
    Cause, End, EndReason, Event, FailureSource, FaultMark, FaultPoint, HarnessFault, HarnessTrouble, Micros, Observer,
    Operation, Outcome, Validity, Verdict, WatchGap,
};
use leaseproof_scenario::{Comparison, EnvironmentKind};

use crate::story::{MS, S, Story, line, no_answer, refused_with};

/// The good run with two of a hundred operations sent late: one too many.
fn late() -> Story {
    let count = Story::good().judged().verdicts.totals.timed;
    Story::good().with(|story| {
        for number in 0..100 - count {
            let start = 12 * S + number * MS;
            let record = story.operation(2, Operation::DeadLogin, start, start + 5 * MS, no_answer());
            if number < 2 {
                record.intended = Micros(start - 10 * MS - 1);
            }
        }
    })
}

/// The validity where these checks are asked.
fn validity(story: Story, asked: &[&str]) -> &'static str {
    match story.asking(asked).judged().verdicts.validity {
        Validity::Valid => "valid",
        Validity::Late { .. } => "late",
        Validity::Invalid { .. } => "invalid",
    }
}

#[test]
fn late_requests_spoil_a_run_only_where_a_verdict_depends_on_time() {
    let bounded = |metric: &str, limit: f64| {
        let mut story = late();
        let threshold = &mut story.plan.thresholds[0];
        (threshold.metric, threshold.comparison, threshold.limit) =
            (metric.parse().unwrap(), Comparison::AtMost, limit);
        threshold.origin = line(99);
        story
    };
    let wrong = late().op(1, Operation::Issue, |record| record.lease_seconds = Some(7200));
    let slow = late().op(1, Operation::Login, |record| {
        (record.intended, record.start, record.end) = (Micros(1_010 * MS), Micros(2_011 * MS), Micros(2_020 * MS));
    });
    for (story, asked, expected) in [
        (Story::good(), &["THR-1"][..], "valid"),
        (late(), &["GRA-1", "EXP-1", "INV-1"], "late"),
        (wrong, &["TTL-7", "EXP-1"], "late"),
        (slow.clone(), &["GRA-1"], "late"),
        (slow, &["GRA-1", "INV-1"], "invalid"),
        // A threshold on a time, kept or crossed; one without samples says nothing either way.
        (bounded("issue.response.p99", 1e6), &["THR-1"], "invalid"),
        (bounded("issue.response.p99", 1.0), &["THR-1"], "invalid"),
        (bounded("lifecycles.dropped", 0.0), &["THR-1"], "invalid"),
        (bounded("issue.failed", 0.0), &["THR-1"], "late"),
    ] {
        assert_eq!(validity(story, asked), expected, "{asked:?}");
    }
}

/// The login of that lifecycle was tried twice; the first try failed on the harness's own side.
fn without_descriptors(lifecycle: u64) -> Story {
    let why = "no answer from PostgreSQL: error connecting to server: Too many open files (os error 24)".to_owned();
    Story::good().with(|story| {
        let outcome = Outcome::Harness { fault: HarnessFault::FileDescriptors, why };
        let login = story.operation(lifecycle, Operation::Login, S + 10 * MS, S + 11 * MS, outcome);
        login.endpoint = Some("127.0.0.1:5432/powerdns".into());
    })
}

#[test]
fn what_fails_on_the_harness_own_side_is_said_first_and_is_no_evidence() {
    // Without its descriptors it logged in 5 s late, where 1 s is promised.
    let story = without_descriptors(1).op(1, Operation::Login, |record| {
        if record.outcome.is_ok() {
            (record.start, record.end) = (Micros(6 * S), Micros(6_010 * MS));
        }
    });
    let verdicts = story.judged().verdicts;
    let failed: Vec<_> = verdicts.checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let Validity::Invalid { why } = verdicts.validity else { panic!("{:?}", verdicts.validity) };
    assert_snapshot!(why, @"leaseproof ran out of file descriptors at 1.011 s; 1 request failed because of that and is not judged (the first: no answer from PostgreSQL: error connecting to server: Too many open files (os error 24)); raise the limit (ulimit -n) or lower `in_flight` and the rates, and run again");
    // It is no figure either.
    let login = verdicts.operations.iter().find(|figures| figures.op == Operation::Login).unwrap();
    assert_eq!((login.ok, login.failed, login.indeterminate), (3, 0, 0));
}

#[test]
fn a_observation_that_failed_for_the_harness_own_reasons_makes_the_measurement_invalid() {
    let trouble = |at: u64, fault| {
        Event::Harness(HarnessTrouble { from: Micros(at), to: Micros(at + MS), fault, why: "os error 24".into() })
    };
    let blind = |at: u64, fault| {
        Story::good().with(|story| {
            let (from, to) = (Micros(at), Micros(at + MS));
            story.add(at + MS, trouble(at, fault));
            let gap =
                WatchGap { cluster: String::new(), observer: Observer::Sessions, from, to, why: "os error 24".into() };
            story.add(at + MS, Event::WatchGap(gap));
        })
    };
    assert_eq!(validity(blind(3 * S, HarnessFault::FileDescriptors), &["GRA-1"]), "invalid");
    // When all was observed, it is cleaning up.
    assert_eq!(validity(blind(25 * S, HarnessFault::FileDescriptors), &["GRA-1"]), "valid");
    // Its account is made in an environment of its own; in another one it is somebody's to take away.
    assert_eq!(validity(blind(3 * S, HarnessFault::Observer), &["GRA-1"]), "valid");
    let mut attached = blind(3 * S, HarnessFault::Observer);
    attached.plan.environment = EnvironmentKind::Attached;
    assert_eq!(validity(attached, &["GRA-1"]), "invalid");
}

/// The environment is not leaseproof's own, and its token ends at 4 s: Vault revokes every lease, and lifecycle 2 is let in no more.
fn token_ended(words: &str) -> Story {
    let denied = refused_with(FailureSource::Vault, "403", words);
    let refusal = refused_with(FailureSource::Postgres, "28P01", "password authentication failed");
    let mut story = Story::good()
        .op(1, Operation::Revoke, |record| record.outcome = denied.clone())
        .op(2, Operation::Relogin, |record| record.outcome = refusal)
        .without(|event| matches!(event, Event::Roles(observation) if observation.from.0 > 4 * S))
        .with(|story| {
            story.observation(4_500 * MS, vec![], vec![1, 2]);
            story.operation(7, Operation::Issue, 5 * S, 5 * S + MS, denied);
        });
    story.plan.environment = EnvironmentKind::Attached;
    story
}

#[test]
fn the_end_of_the_harness_own_token_blames_nobody() {
    for words in ["2 errors occurred: * permission denied; * invalid token", "1 error occurred: * permission denied"] {
        let verdicts = token_ended(words).judged().verdicts;
        let failed: Vec<_> = verdicts.checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(
            matches!(&verdicts.validity, Validity::Invalid { why } if why.contains("Vault token")),
            "{verdicts:#?}"
        );
    }
    // In an environment of its own the token is the environment's to keep.
    let mut own = token_ended("invalid token");
    own.plan.environment = EnvironmentKind::Processes;
    for id in ["ISS-1", "REV-1", "INV-2", "INV-5"] {
        own.fails(id);
    }
    // A right that it never had is the policy's lack.
    let denied = refused_with(FailureSource::Vault, "403", "permission denied");
    let mut never = Story::good().each(|event| {
        if let Event::Operation(record) = event
            && record.op == Operation::Renew
        {
            record.outcome = denied.clone();
        }
    });
    never.plan.environment = EnvironmentKind::Attached;
    never.fails("TTL-2");
}

#[test]
fn a_token_that_a_fault_ends_is_no_failure_of_the_harness() {
    let mut story = token_ended("invalid token");
    let mut fault = crate::faults::plan(1_000);
    fault.expect_errors = vec!["403".into()];
    story.plan.faults = vec![fault];
    for (point, at) in [(FaultPoint::Begins, 3 * S), (FaultPoint::Healed, 6 * S)] {
        story.add(at, Event::Fault(FaultMark { fault: 1, point, at: Micros(at), words: "so".into() }));
    }
    assert_eq!(validity(story, &["GRA-1"]), "valid");
}

#[test]
fn a_run_that_the_harness_could_not_go_on_with_is_invalid_for_its_cause() {
    let story = Story::good().without(|event| matches!(event, Event::End(_))).with(|story| {
        let cause = Some(Cause::of("leaseproof's own Vault token ended"));
        let end = End { cause, ..End::new(Micros(30 * S), EndReason::HarnessFailed) };
        story.add(30 * S, Event::End(end));
    });
    let verdicts = story.judged().verdicts;
    assert_eq!(verdicts.validity, Validity::Invalid { why: "leaseproof's own Vault token ended".into() });
    assert_eq!(verdicts.verdict, Verdict::Unknown);
}
