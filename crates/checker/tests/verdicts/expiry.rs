//! EXP-1, INV-6a, REV-1: how a credential ends.

use insta::assert_snapshot;
use leaseproof_domain::{Event, FailureSource, Micros, Observer, Operation, Outcome, WatchGap};

use crate::story::{MS, S, Story, line, no_answer, refused_with, seen};

/// Lifecycle 2's lease ends at 10.040 s at the latest; the last observation that shows its role begins then, the next one 500 ms
/// later.
fn seen_until(from: u64) -> Story {
    Story::good().without(|event| matches!(event, Event::Roles(observation) if observation.from.0 >= 10 * S)).with(
        |story| {
            story.observation(from, vec![], vec![]);
            story.observation(from + 500 * MS, vec![], vec![2]);
        },
    )
}

/// dead_within after the lease's latest end.
const DEADLINE: u64 = 20_040 * MS;

fn without_residue(story: Story) -> Story {
    story.without(|event| matches!(event, Event::Residue { .. }))
}

#[test]
fn exp_1_a_role_goes_with_its_lease() {
    let judgment = Story::good().judgment("EXP-1");
    let measured = judgment.measured.unwrap();
    // From the earliest end, 10.030 s, to the end of the observation that found it gone, 10.501 s.
    assert_eq!((judgment.samples, measured.count, measured.max), (1, 1, 471 * MS));
}

#[test]
fn exp_1_the_pace_of_looking_is_allowed_for() {
    let on_time = without_residue(seen_until(DEADLINE));
    on_time.passes("EXP-1");
    let late = without_residue(seen_until(DEADLINE + 1));
    let findings = late.fails("EXP-1");
    assert_eq!(findings[0].promised, Some(line(15)));
    assert_snapshot!(findings[0].what, @"v-token-le-app-role-000000000000000000u2-1700000002 still exists 10.000 s after its lease ended; it must be gone within 10s");
}

#[test]
fn exp_1_a_role_that_never_goes_is_late_once_it_was_observed_long_enough() {
    let never = |until: u64| {
        without_residue(Story::good())
            .without(|event| matches!(event, Event::Roles(observation) if observation.from.0 >= 10 * S))
            .with(|story| story.observation(until, vec![], vec![]))
    };
    assert_eq!(
        never(DEADLINE).unknown("EXP-1"),
        "no credential was observed to expire: for more samples, raise `end.expire`, `rate` or `for`"
    );
    never(DEADLINE + 1).fails("EXP-1");
}

#[test]
fn a_role_that_was_not_seen_to_go_lags_by_what_was_seen_of_it_at_least() {
    let stays = without_residue(Story::good())
        .without(|event| matches!(event, Event::Roles(observation) if observation.from.0 >= 10 * S))
        .with(|story| story.observation(29 * S, vec![], vec![]));
    let measured = stays.judgment("EXP-1").measured.unwrap();
    // From the latest end, 10.040 s.
    assert_eq!((measured.count, measured.censored, measured.max), (1, 1, 18_960 * MS));
    assert_eq!(measured.at_least, leaseproof_domain::Quantity::ALL);
    let mut bounded = stays;
    bounded.plan.thresholds[0].metric = "expiry.lag.p50".parse().unwrap();
    bounded.plan.asks.iter_mut().filter(|ask| ask.check.as_str() == "THR-1").for_each(|ask| ask.origin = line(60));
    let limit = |story: &mut Story, seconds: u64| story.plan.thresholds[0].limit = (seconds * S) as f64;
    bounded.clone().with(|story| limit(story, 18)).fails("THR-1");
    bounded.with(|story| limit(story, 20)).unknown("THR-1");
}

#[test]
fn exp_1_is_blind_where_the_roles_could_not_be_observed() {
    let gap = WatchGap {
        cluster: String::new(),
        observer: Observer::Roles,
        from: Micros(S),
        to: Micros(2 * S),
        why: "connection lost".into(),
    };
    let story = Story::good().with(|story| _ = story.add(2 * S, Event::WatchGap(gap.clone())));
    let reason = "the catalog's roles could not be observed all the time: connection lost";
    for id in ["EXP-1", "REV-1", "INV-2", "INV-3", "INV-4", "INV-10"] {
        assert_eq!(story.unknown(id), reason, "{id}");
    }
    // After everything was observed once more, the observer's end is no gap.
    let after = Story::good().with(|story| _ = story.add(22 * S, Event::WatchGap(gap)));
    after.passes("EXP-1");
}

#[test]
fn exp_1_a_revoked_or_unknown_lease_is_not_left_to_expire() {
    let unknown = Story::good().op(2, Operation::Renew, |record| record.outcome = no_answer());
    unknown.unknown("EXP-1");
    let revoked = Story::good().with(|story| {
        story.operation(2, Operation::Revoke, 9 * S, 9_500 * MS, no_answer());
    });
    revoked.unknown("EXP-1");
}

fn dead_login(lifecycle: u64, start: u64, outcome: Outcome) -> Story {
    Story::good().op(lifecycle, Operation::DeadLogin, |record| {
        (record.start, record.end) = (Micros(start), Micros(start + MS));
        record.outcome = outcome;
    })
}

#[test]
fn inv_6a_no_login_after_an_acknowledged_revocation() {
    let judged = dead_login(1, 4_050 * MS + 1, Outcome::Ok);
    assert_snapshot!(judged.fails("INV-6a")[0].what, @"a login of v-token-le-app-role-000000000000000000u1-1700000001 succeeded 0.000 s after its revocation was acknowledged; it must be rejected");
    dead_login(1, 4_050 * MS, Outcome::Ok).passes("INV-6a");
    // Where the revocation was not acknowledged, the lease decides.
    let unacknowledged = |outcome| judged.clone().op(1, Operation::Revoke, |record| record.outcome = outcome);
    unacknowledged(no_answer()).passes("INV-6a");
    unacknowledged(refused_with(FailureSource::Vault, "400", "no")).passes("INV-6a");
}

#[test]
fn inv_6a_no_login_after_expiry_and_the_promised_time() {
    dead_login(2, DEADLINE, Outcome::Ok).passes("INV-6a");
    let findings = dead_login(2, DEADLINE + 1, Outcome::Ok).fails("INV-6a");
    assert_eq!(findings[0].promised, Some(line(15)));
    assert_snapshot!(findings[0].what, @"a login of v-token-le-app-role-000000000000000000u2-1700000002 succeeded 10.000 s after its lease ended; it must be rejected");
}

#[test]
fn inv_6a_only_a_refusal_by_postgresql_is_a_sample() {
    let all = |outcome: &Outcome| {
        Story::good().each(|event| {
            if let Event::Operation(record) = event
                && record.op == Operation::DeadLogin
            {
                record.outcome = outcome.clone();
            }
        })
    };
    let none = "no login was tried with a credential after its end: for more samples, raise `rate` or `for`";
    assert_eq!(all(&no_answer()).unknown("INV-6a"), none);
    assert_eq!(all(&refused_with(FailureSource::Postgres, "53300", "too many clients")).unknown("INV-6a"), none);
    for code in ["28P01", "28000"] {
        assert_eq!(all(&refused_with(FailureSource::Postgres, code, "no")).judgment("INV-6a").samples, 3);
    }
    // A login that was sent before the end was certain is none either.
    let refused = |start: u64| dead_login(1, start, refused_with(FailureSource::Postgres, "28P01", "no"));
    assert_eq!(refused(4_050 * MS).judgment("INV-6a").samples, 2);
    assert_eq!(refused(4_050 * MS + 1).judgment("INV-6a").samples, 3);
}

#[test]
fn rev_1_a_refused_revocation_fails_with_vaults_words() {
    let refused = Story::good().op(1, Operation::Revoke, |record| {
        record.outcome = refused_with(FailureSource::Vault, "400", "failed to revoke entry: 2BP01");
    });
    let findings = refused.fails("REV-1");
    assert_eq!(findings[0].code.as_deref(), Some("400"));
    assert_snapshot!(findings[0].what, @"the revocation of v-token-le-app-role-000000000000000000u1-1700000001: expected HTTP 204, got HTTP 400: failed to revoke entry: 2BP01");
}

/// Lifecycle 1's revocation was acknowledged at 4.050 s; one more observation that shows its role begins then.
fn still_there(from: u64) -> Story {
    Story::good().with(|story| story.observation(from, vec![], vec![]))
}

#[test]
fn rev_1_the_role_is_gone_when_it_returns() {
    still_there(4_050 * MS).passes("REV-1");
    let findings = still_there(4_050 * MS + 1).fails("REV-1");
    assert_eq!((findings[0].oid, findings[0].lease.is_some()), (Some(101), true));
    still_there(4_400 * MS).fails("REV-1");
    assert_snapshot!(still_there(4_400 * MS).fails("REV-1")[0].what, @"v-token-le-app-role-000000000000000000u1-1700000001 still exists 0.350 s after its revocation was acknowledged; it must be gone by then");
}

#[test]
fn rev_1_a_role_that_never_goes_is_found_by_the_last_observation() {
    let stays = |event: &Event| matches!(event, Event::Roles(observation) if observation.from.0 == 4_500 * MS);
    let story = Story::good().without(stays).without(|event| matches!(event, Event::Residue { .. }));
    story.clone().with(|story| story.observation(4_500 * MS, vec![], vec![])).fails("REV-1");
    let residue = story.with(|story| story.residue(20 * S, false, vec![seen(1, None)], vec![]));
    residue.fails("REV-1");
}

#[test]
fn rev_1_without_an_answer_or_a_observation_there_is_nothing_to_judge() {
    let silent = Story::good().op(1, Operation::Revoke, |record| record.outcome = no_answer()).op(
        3,
        Operation::Revoke,
        |record| record.outcome = no_answer(),
    );
    assert_eq!(
        silent.unknown("REV-1"),
        "no revocation was answered and followed by an observation of the roles: none of 2 revocations succeeded (0 rejected, 2 without an answer)"
    );
    let unlooked = Story::good().without(|event| matches!(event, Event::Roles(_) | Event::Residue { .. }));
    unlooked.unknown("REV-1");
}
