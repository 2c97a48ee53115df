//! FLT-1, and what a fault that the scenario asks for excuses: no more than it says, no longer than its window is open.

use insta::assert_snapshot;
use leaseproof_domain::{
    Dropped, Event, FailureSource, FaultMark, FaultPoint, Metric, Micros, Observer, Operation, Ttl, WatchGap,
};
use leaseproof_scenario::{Comparison, During, FaultKind, FaultPlan, Layout, Replication, ReplicationAccount, Setting};

use crate::story::{MS, S, Story, lease, line, no_answer, oid, refused_with, seen, wall};

pub(crate) fn plan(recovers_within: u64) -> FaultPlan {
    FaultPlan {
        kind: FaultKind::Kill,
        on: "postgres.target".into(),
        phase: "steady".into(),
        at: Ttl::from_secs(3),
        lasts: Ttl::default(),
        expect_errors: vec!["500".into()],
        recovers_within: Ttl::from_millis(recovers_within),
        dead_within: None,
        origin: line(80),
    }
}

fn mark(story: &mut Story, point: FaultPoint, at: u64) {
    story.add(at, Event::Fault(FaultMark { fault: 1, point, at: Micros(at), words: "so".into() }));
}

/// The good story with a fault from `begun` to `healed`, whose window is open for a second more.
fn struck(begun: u64, healed: u64) -> Story {
    let mut story = Story::good().asking_too("FLT-1");
    story.plan.faults = vec![plan(1_000)];
    mark(&mut story, FaultPoint::Begins, begun);
    mark(&mut story, FaultPoint::Healed, healed);
    story
}

/// Lifecycle 1's revocation, from 4 s to 4.05 s, is answered with that code.
fn revoke_answered(story: Story, code: &str) -> Story {
    let code = refused_with(FailureSource::Vault, code, "failed to revoke entry");
    story.op(1, Operation::Revoke, |record| record.outcome = code)
}

#[test]
fn an_expected_error_is_no_finding_in_the_fault_window_and_not_a_microsecond_longer() {
    revoke_answered(Story::good(), "500").fails("REV-1");
    // Its window is open until a second after its healing.
    revoke_answered(struck(2 * S, 3 * S), "500").passes("REV-1");
    revoke_answered(struck(2 * S, 3 * S - 1), "500").fails("REV-1");
    // It began while the revocation was under way, or after its answer.
    revoke_answered(struck(4_050 * MS - 1, 5 * S), "500").passes("REV-1");
    revoke_answered(struck(4_050 * MS, 5 * S), "500").fails("REV-1");
    revoke_answered(struck(2 * S, 3 * S), "403").fails("REV-1");
}

#[test]
fn a_observation_that_could_not_be_made_meanwhile_blinds_nobody() {
    let gap = |from: u64| {
        let (from, to) = (Micros(from), Micros(from + MS));
        Event::WatchGap(WatchGap {
            cluster: String::new(),
            observer: Observer::Roles,
            from,
            to,
            why: "no answer".into(),
        })
    };
    let blind = |story: Story, from| story.with(|story| _ = story.add(from + MS, gap(from)));
    assert_eq!(
        blind(Story::good(), 3_500 * MS).unknown("EXP-1"),
        "the catalog's roles could not be observed all the time: no answer"
    );
    blind(struck(3_400 * MS, 3_600 * MS), 3_500 * MS).passes("EXP-1");
    blind(struck(3_400 * MS, 3_600 * MS), 4_600 * MS).passes("EXP-1");
    blind(struck(3_400 * MS, 3_600 * MS), 4_600 * MS + 1).unknown("EXP-1");
}

/// Lifecycle 2's lease ends at 10.04 s at the latest and its role goes at that moment.
fn gone_at(story: Story, at: u64) -> Story {
    let goes = |event: &Event| matches!(event, Event::Roles(observation) if observation.gone.contains(&oid(2)));
    story.without(goes).without_op(2, Operation::DeadLogin).with(|story| {
        story.observation(at - MS, vec![], vec![]);
        story.observation(at, vec![], vec![2]);
    })
}

#[test]
fn a_credential_whose_lease_ended_meanwhile_has_dead_within_from_then_on() {
    gone_at(Story::good(), 19 * S).passes("EXP-1");
    // The fault window ends at 12 s: dead_within counts anew from there, and so beyond the observations of the story.
    let story = struck(9 * S, 11 * S);
    story.passes("EXP-1");
    let mut short = gone_at(struck(9 * S, 11 * S), 19 * S);
    short.plan.promise.dead_within.as_mut().unwrap().value = Ttl::from_secs(1);
    assert_snapshot!(short.fails("EXP-1")[0].what, @"v-token-le-app-role-000000000000000000u2-1700000002 still exists 8.959 s after its lease ended; it must be gone within 1s");
    let mut longer = short.clone();
    longer.plan.faults[0].dead_within = Some(Ttl::from_secs(7));
    longer.passes("EXP-1");
    longer.plan.faults[0].dead_within = Some(Ttl::from_millis(6_500));
    longer.fails("EXP-1");
}

#[test]
fn flt_1_a_credential_asked_for_after_the_healing_has_to_come_in_time() {
    let struck = |within: u64| {
        let mut story = Story::good().asking_too("FLT-1");
        story.plan.faults = vec![plan(within)];
        mark(&mut story, FaultPoint::Begins, 1_500 * MS);
        mark(&mut story, FaultPoint::Healed, 1_900 * MS);
        story
    };
    // Lifecycle 2's is asked for at 2 s and comes at 2.01 s.
    struck(110).passes("FLT-1");
    let findings = struck(109).fails("FLT-1");
    assert_eq!(findings[0].promised, Some(line(80)));
    assert_snapshot!(findings[0].what, @"fault 1 (kill on postgres.target) was healed 0.400 s after its beginning; the first credential that was requested after that was issued 0.510 s after the beginning; expected within 109ms of the healing");
    let nobody = struck(110).op(2, Operation::Issue, |record| record.outcome = no_answer());
    assert_snapshot!(nobody.fails("FLT-1")[0].what, @"fault 1 (kill on postgres.target) was healed 0.400 s after its beginning; no credential that was requested after that was acknowledged; expected within 110ms of the healing");
    let mut verdicts = nobody.judged().verdicts;
    assert_eq!(verdicts.errors_outside, []);
    let figures = verdicts.faults.remove(0);
    assert_eq!((figures.last_error, figures.recovered), (Some(500 * MS), None));
    assert_eq!(figures.errors, [(Operation::Issue, "no answer".to_owned(), 1)]);
    // Lifecycle 1's revocation is answered at 4 s, after the fault window.
    let late = revoke_answered(struck(110), "500").judged().verdicts;
    assert_eq!(late.errors_outside, [(Operation::Revoke, "500".to_owned(), 1)]);
    assert_eq!(late.faults[0].errors, []);
}

#[test]
fn flt_1_cannot_say_where_no_credential_was_due() {
    let healed = |at: u64, within: u64| {
        let mut story = Story::good().asking_too("FLT-1");
        story.plan.faults = vec![plan(within)];
        mark(&mut story, FaultPoint::Begins, at - MS);
        mark(&mut story, FaultPoint::Healed, at);
        story
    };
    // The last one is asked for at 2 s.
    assert_snapshot!(healed(3 * S, 1_000).unknown("FLT-1"), @"no credential was due within 1s after fault 1 (kill on postgres.target) was healed: the load had ended. Let the phase last longer, or heal it earlier");
    assert_snapshot!(healed(1_500 * MS, 400).unknown("FLT-1"), @"no credential was due within 400ms after fault 1 (kill on postgres.target) was healed: the next one was due 0.500 s after it. Raise `rate` of the phase, or `recovers_within`");
    healed(1_500 * MS, 600).passes("FLT-1");
    // A request that failed later shows that none is issued, and so does an arrival that was dropped.
    let refused = refused_with(FailureSource::Vault, "400", "no");
    let failed = healed(1_500 * MS, 400).op(2, Operation::Issue, |record| record.outcome = refused);
    assert_eq!(failed.fails("FLT-1")[0].at, Some(Micros(1_900 * MS)));
    assert_eq!(failed.fails("FLT-1")[0].lifecycles, [2]);
    let dropped = |story: &mut Story| {
        let dropped = Dropped {
            lifecycle: 9,
            role: "app-role".into(),
            phase: "steady".into(),
            intended: Micros(3_500 * MS),
            lifecycle_name: None,
        };
        _ = story.add(3_500 * MS, Event::Dropped(dropped));
    };
    healed(3 * S, 500).with(dropped).fails("FLT-1");
    // The load ended in the window: the next request might have succeeded in time.
    assert_snapshot!(healed(3 * S, 501).with(dropped).unknown("FLT-1"), @"no credential was issued after fault 1 (kill on postgres.target) was healed, but the last request for one ended 0.500 s after the healing, within recovers_within (501ms): the load ended too early. Let the phase last longer, or heal it earlier");
    let refused = refused_with(FailureSource::Vault, "400", "no");
    let failed = healed(1_900 * MS, 1_000).op(2, Operation::Issue, |record| record.outcome = refused);
    assert!(failed.unknown("FLT-1").contains("ended 0.110 s after the healing, within recovers_within (1s)"));
}

#[test]
fn flt_1_a_credential_that_came_in_time_is_enough_where_the_load_ends_in_the_window() {
    let mut story = Story::good().asking_too("FLT-1");
    story.plan.faults = vec![plan(20_000)];
    mark(&mut story, FaultPoint::Begins, 1_500 * MS);
    mark(&mut story, FaultPoint::Healed, 1_900 * MS);
    story.passes("FLT-1");
}

#[test]
fn a_cause_names_the_fault_in_whose_window_it_begins_and_the_codes_that_it_does_not_expect() {
    let refused = "failed to revoke entry: failed to connect to `host=h`: dial error (dial tcp 127.0.0.1:5432: connect: connection refused)";
    let story = struck(3 * S, 3_500 * MS).op(1, Operation::Revoke, |record| {
        record.outcome = refused_with(FailureSource::Vault, "400", refused);
    });
    let causes = story.judged().verdicts.causes;
    let cause = causes.iter().find(|cause| cause.check.as_str() == "REV-1").unwrap();
    assert_eq!(cause.what, "PostgreSQL at 127.0.0.1:5432 refuses connections: no process listens there");
    let fault = &cause.faults[0];
    assert_eq!((fault.fault, &fault.origin, &fault.not_expected), (1, &line(80), &vec!["400".to_owned()]));
    // Its window is over.
    let later = struck(S, 2 * S).op(1, Operation::Revoke, |record| {
        record.outcome = refused_with(FailureSource::Vault, "400", refused);
    });
    assert!(later.judged().verdicts.causes.iter().all(|cause| cause.faults.is_empty()));
}

#[test]
fn the_client_that_floods_a_cluster_is_no_orphan_and_its_sessions_are_not_judged() {
    let mut flood = seen(9, None);
    flood.name = leaseproof_domain::Username::new(leaseproof_domain::FLOOD_ACCOUNT);
    let story = struck(5 * S, 7 * S).with(|story| {
        story.observation(6 * S, vec![flood.clone()], vec![]);
        story.observation(7 * S, vec![], vec![9]);
    });
    story.passes("INV-3");
    let story = story.each(|event| {
        if let Event::Sessions(observation) = event {
            let mut own = observation.appeared.first().cloned();
            own.iter_mut().for_each(|own| {
                (own.name, own.pid, own.encrypted) = (Some(flood.name.clone()), 4_711, Some(false));
            });
            observation.appeared.extend(own);
        }
    });
    story.passes("TLS-1");
}

#[test]
fn flt_1_cannot_say_of_a_fault_that_did_not_come_to_pass() {
    let mut story = Story::good().asking_too("FLT-1");
    assert_eq!(story.unknown("FLT-1"), "no fault took place");
    story.plan.faults = vec![plan(1_000)];
    assert_eq!(story.unknown("FLT-1"), "fault 1 (kill on postgres.target) did not begin");
    mark(&mut story, FaultPoint::Begins, 3 * S);
    assert_eq!(story.unknown("FLT-1"), "fault 1 (kill on postgres.target) was not healed");
}

#[test]
fn inv_2_what_is_lost_meanwhile_is_lost_all_the_same() {
    // A standby that never got lifecycle 2's role is promoted.
    let goes = |event: &Event| matches!(event, Event::Roles(observation) if observation.gone.contains(&oid(2)));
    let lost = struck(3 * S, 4 * S).without(goes).with(|story| story.observation(4_200 * MS, vec![], vec![2]));
    let findings = lost.fails("INV-2");
    assert_eq!((findings[0].oid, &findings[0].lease), (Some(oid(2)), &Some(lease(2))));
}

/// A login at a standby is let in that long after lifecycle 1's revocation was acknowledged, at 4.05 s.
fn let_in_at_a_standby(replication: Option<Replication>, after: u64) -> Story {
    let mut story = Story::good();
    let start = 4_050 * MS + after;
    let login = story.operation(1, Operation::DeadLogin, start, start + MS, leaseproof_domain::Outcome::Ok);
    login.standby = true;
    if let Some(replication) = replication {
        story.plan.postgres.get_mut("target").unwrap().layout = Layout::HaproxyHa { standbys: 1, replication };
    }
    story
}

#[test]
fn inv_6a_a_standby_that_may_lag_has_dead_within_to_learn_of_a_revocation() {
    let_in_at_a_standby(Some(Replication::Async), 10 * S).passes("INV-6a");
    let_in_at_a_standby(Some(Replication::Quorum), 10 * S).passes("INV-6a");
    let_in_at_a_standby(Some(Replication::Async), 10 * S + 1).fails("INV-6a");
    let_in_at_a_standby(Some(Replication::RemoteApply), MS).fails("INV-6a");
    let_in_at_a_standby(None, MS).passes("INV-6a");
}

#[test]
fn what_a_standby_knows_in_a_fault_window_is_not_judged() {
    let refused = |standby: bool, story: Story| {
        let refusal = refused_with(FailureSource::Postgres, "28P01", "password authentication failed");
        story.op(1, Operation::Relogin, |record| {
            record.outcome = refusal;
            record.standby = standby;
        })
    };
    refused(true, Story::good()).fails("INV-5");
    refused(false, struck(2 * S, 3 * S)).fails("INV-5");
    refused(true, struck(2 * S, 3 * S)).passes("INV-5");
}

#[test]
fn a_threshold_without_faults_leaves_out_what_they_may_have_touched() {
    let slow = |begun: u64| {
        let mut story = struck(begun, begun + 10 * MS);
        story.plan.thresholds[0].during = During::NoFault;
        story.op(2, Operation::Issue, |record| {
            record.intended = Micros(record.intended.0 - S);
            record.start = record.intended;
        })
    };
    slow(1_500 * MS).passes("THR-1");
    slow(2_100 * MS).fails("THR-1");
    let mut touched = slow(900 * MS);
    touched.plan.faults[0].recovers_within = Ttl::from_secs(10);
    assert_eq!(
        touched.unknown("THR-1"),
        "issue.response.p99{during=no-fault} has no samples: for more samples, raise `rate` or `for`"
    );
}

#[test]
fn a_threshold_on_the_time_of_a_fault_counts_what_it_may_have_touched_and_nothing_else() {
    let slow = |begun: u64| {
        let mut story = struck(begun, begun + 10 * MS);
        story.plan.thresholds[0].during = During::Fault;
        story.op(2, Operation::Issue, |record| {
            record.intended = Micros(record.intended.0 - S);
            record.start = record.intended;
        })
    };
    slow(1_500 * MS).fails("THR-1");
    let without = slow(60 * S);
    assert_eq!(without.unknown("THR-1"), "issue.response.p99{during=fault} has no samples");
}

#[test]
fn arrivals_that_were_dropped_count_to_the_time_they_were_due_in() {
    let dropped = |due: u64, during: During| {
        let mut story = struck(1_500 * MS, 1_510 * MS);
        let threshold = &mut story.plan.thresholds[0];
        (threshold.metric, threshold.comparison, threshold.limit) = (Metric::Dropped, Comparison::AtMost, 0.0);
        (threshold.during, threshold.origin) = (during, line(99));
        let event = Dropped {
            lifecycle: 99,
            role: "app".into(),
            phase: "steady".into(),
            intended: Micros(due),
            lifecycle_name: None,
        };
        story.add(due, Event::Dropped(event));
        story
    };
    dropped(2 * S, During::Fault).fails("THR-1");
    dropped(2 * S, During::NoFault).passes("THR-1");
    dropped(4 * S, During::NoFault).fails("THR-1");
    dropped(4 * S, During::Run).fails("THR-1");
}

/// The good story, whose client's token expires.
fn token_expired(begun: u64, healed: u64) -> Story {
    let mut story = struck(begun, healed);
    story.plan.faults[0].kind = FaultKind::TokenExpiry;
    story
}

/// Lifecycle 2, issued from 2 s to 2.01 s with a lease to 10.03 s, is there in an observation of `last`, and gone in the next.
fn seen_until(story: Story, last: u64) -> Story {
    story.without(|event| matches!(event, Event::Roles(observation) if observation.from.0 >= 4 * S)).with(|story| {
        story.observation(last, vec![], vec![]);
        story.observation(last + 500 * MS, vec![], vec![2]);
    })
}

#[test]
fn a_credential_whose_token_expired_may_be_gone_and_one_of_the_next_token_may_not() {
    seen_until(Story::good(), 5 * S).fails("INV-2");
    seen_until(token_expired(3 * S, 3_100 * MS), 5 * S).passes("INV-2");
    // It was asked for with the old token, when that was ending; and with the next one.
    let nothing =
        "no credential was observed between its issue's answer and its end: for more samples, raise `rate` or `for`";
    assert_eq!(seen_until(token_expired(S, 2 * S + 1), 5 * S).unknown("INV-2"), nothing);
    seen_until(token_expired(S, 2 * S), 5 * S).fails("INV-2");
}

#[test]
fn a_credential_whose_token_expired_has_to_be_gone_in_time() {
    // The fault window ends at 4.1 s, and it has to be gone 10 s later.
    let story = |last| seen_until(token_expired(3 * S, 3_100 * MS), last);
    story(14_100 * MS).passes("EXP-1");
    story(14_100 * MS + 1).fails("EXP-1");
    // Its issue was under way when the token ended: Vault may never have known that this lease is to end with it.
    seen_until(token_expired(2_005 * MS, 2_100 * MS), 14_100 * MS + 1).passes("EXP-1");
}

#[test]
fn what_fails_after_the_end_of_its_token_is_not_judged() {
    let refused = |story: Story| {
        let refusal = refused_with(FailureSource::Postgres, "28P01", "password authentication failed");
        story.op(2, Operation::Relogin, |record| record.outcome = refusal)
    };
    refused(Story::good()).fails("INV-5");
    refused(token_expired(3 * S, 3_100 * MS)).passes("INV-5");
    refused(token_expired(S, 2 * S)).fails("INV-5");
}

#[test]
fn run_2_a_role_whose_commit_was_in_doubt_counts_as_an_orphan_and_no_more() {
    let left = |begun: u64, orphans: u64| {
        let mut story = struck(begun, begun + 500 * MS).without(|event| matches!(event, Event::Residue { .. }));
        story.observation(3 * S, vec![seen(900, wall(15))], vec![]);
        story.residue(20 * S, false, vec![seen(900, wall(15))], vec![]);
        story.residue(21 * S, true, vec![seen(900, wall(15))], vec![]);
        story.plan.promise.orphans.as_mut().unwrap().value = orphans;
        story
    };
    left(2_500 * MS, 1).passes("RUN-2");
    left(2_500 * MS, 0).fails("RUN-2");
    // It appeared when no fault window was open.
    left(5 * S, 1).fails("RUN-2");
}

#[test]
fn run_2_a_credential_issued_while_its_token_ended_may_outlive_it_with_its_lease() {
    let left = |begun: u64, leases: Vec<u64>| {
        let mut story = token_expired(begun, begun + 100 * MS);
        story = story.without(|event| matches!(event, Event::Residue { .. }));
        story = story.without(|event| matches!(event, Event::Operation(record) if record.op == Operation::DeadLogin));
        story.residue(20 * S, false, vec![seen(2, wall(15))], leases.clone());
        story.residue(21 * S, true, vec![seen(2, wall(15))], leases);
        story
    };
    left(2_005 * MS, vec![2]).passes("RUN-2");
    left(2_005 * MS, vec![]).fails("RUN-2");
    left(2_500 * MS, vec![2]).fails("RUN-2");
}

#[test]
fn flt_2_a_standby_that_cannot_follow_again_is_a_finding() {
    let struck = |lost: Option<&str>| {
        let mut story = struck(2 * S, 3 * S).asking_too("FLT-2");
        let cluster = story.plan.postgres.get_mut("target").unwrap();
        cluster.replicate_as = Some(ReplicationAccount {
            user: "vault_admin".into(),
            password: Setting::Text("***".into()),
            origin: line(7),
        });
        if let Some(words) = lost {
            let mark =
                FaultMark { fault: 1, point: FaultPoint::StandbyLost, at: Micros(2_500 * MS), words: words.into() };
            story.add(2_500 * MS, Event::Fault(mark));
        }
        story
    };
    struck(None).passes("FLT-2");
    let story = struck(Some("a standby of postgres.target cannot replicate as vault_admin"));
    let findings = story.fails("FLT-2");
    assert_eq!(
        (findings.len(), findings[0].at, findings[0].promised.clone()),
        (1, Some(Micros(2_500 * MS)), Some(line(7)))
    );
    assert_snapshot!(findings[0].what, @"fault 1 (kill on postgres.target): a standby of postgres.target cannot replicate as vault_admin");
    let steps = &story.judged().verdicts.faults[0].steps;
    assert_eq!(steps[0].1, "a standby of postgres.target cannot replicate as vault_admin");
}
