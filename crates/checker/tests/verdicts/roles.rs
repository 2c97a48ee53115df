//! INV-2, INV-3, INV-10, RUN-2, POL-1: roles and leases against each other.

use insta::assert_snapshot;
use leaseproof_domain::{
    Event, FailureSource, Micros, Operation, Outcome, RefusedRequest, RoleSeen, Username, Verdict,
};

use crate::story::{MS, ROLE, S, Story, lease, line, no_answer, refused_with, seen, wall};

fn stranger(oid: u32) -> RoleSeen {
    RoleSeen {
        cluster: String::new(),
        oid,
        name: Username::new(format!("v-stranger-{oid}")),
        valid_until: None,
        login: true,
        password: None,
    }
}

/// Lifecycle 2's role is gone by an observation that begins then; its lease ends at 10.030 s at the earliest.
fn gone_by(from: u64) -> Story {
    Story::good()
        .without(|event| matches!(event, Event::Roles(observation) if observation.from.0 >= 5 * S))
        .with(|story| story.observation(from, vec![], vec![2]))
}

#[test]
fn inv_2_a_role_does_not_go_before_its_lease() {
    let last = 10_030 * MS - MS;
    gone_by(last).passes("INV-2");
    let findings = gone_by(last - 1).fails("INV-2");
    assert_eq!((findings.len(), findings[0].oid), (1, Some(102)));
    assert_snapshot!(findings[0].what, @"v-token-le-app-role-000000000000000000u2-1700000002 is not in pg_roles 8.019 s after its issue's answer, although its lease is in force and it was not revoked");
}

#[test]
fn inv_2_a_revocation_or_an_unknown_end_excuses() {
    let revoked = |start: u64| {
        gone_by(7 * S).with(|story| {
            story.operation(2, Operation::Revoke, start, start + S, no_answer());
        })
    };
    revoked(7 * S + MS).passes("INV-2");
    revoked(7 * S + MS + 1).fails("INV-2");
    let unknown = |at| gone_by(at).op(2, Operation::Renew, |record| record.outcome = no_answer());
    unknown(10_029 * MS).passes("INV-2");
    unknown(10_029 * MS - 1).fails("INV-2");
}

/// No observation shows it, since its revocation begins soon after: Vault's answer to the renewal before it does.
#[test]
fn inv_2_a_renewal_that_finds_no_role_tells_the_loss() {
    let mut answered = 0;
    Story::good().op(2, Operation::Renew, |record| answered = record.end.0);
    let refused = |message: &str, revoked: u64| {
        let outcome = refused_with(FailureSource::Vault, "400", message);
        Story::good().op(2, Operation::Renew, |record| record.outcome = outcome).with(|story| {
            story.operation(2, Operation::Revoke, revoked, revoked + S, no_answer());
        })
    };
    let gone = r#"failed to renew entry: ERROR: role "v-token" does not exist (SQLSTATE 42704)"#;
    let findings = refused(gone, answered + 1).fails("INV-2");
    assert_eq!((findings.len(), findings[0].oid), (1, Some(102)));
    refused("failed to renew entry: connection refused", answered + 1).passes("INV-2");
    // A revocation that began before the answer may have dropped it.
    refused(gone, answered).passes("INV-2");
}

#[test]
fn inv_2_a_role_that_no_observation_ever_showed_is_lost() {
    let unseen = |event: &Event| matches!(event, Event::Roles(observation) if observation.from.0 == 2_500 * MS);
    let unread = |event: &Event| matches!(event, Event::RoleRead(read) if read.lifecycle == 2);
    let never = Story::good().without(unseen).without(unread).with(|story| {
        story.observation(2_500 * MS, vec![], vec![]);
    });
    assert_snapshot!(never.fails("INV-2")[0].what, @"v-token-le-app-role-000000000000000000u2-1700000002 is not in pg_roles 0.490 s after its issue's answer, although its lease is in force and it was not revoked");
    never.fails("INV-10");
    // An observation that began before the answer need not show it.
    let early = Story::good().without(unseen).without(unread).with(|story| {
        story.observation(2_010 * MS, vec![], vec![]);
        story.observation(2_500 * MS, vec![seen(2, wall(15))], vec![]);
    });
    early.passes("INV-2");
}

#[test]
fn inv_2_a_observe_the_role_alone_counts_too() {
    let absent = Story::good().with(|story| story.role_read(2, 6 * S, None));
    assert_eq!(absent.fails("INV-2")[0].at, Some(Micros(6 * S)));
    let unlooked = |event: &Event| matches!(event, Event::Roles(_) | Event::RoleRead(_) | Event::Residue { .. });
    assert_eq!(
        Story::good().without(unlooked).unknown("INV-2"),
        "no credential was observed between its issue's answer and its end: for more samples, raise `rate` or `for`"
    );
}

#[test]
fn inv_2_one_observation_after_the_answer_is_enough_whichever_shows_the_role() {
    let unlooked = |event: &Event| matches!(event, Event::Roles(_) | Event::RoleRead(_) | Event::Residue { .. });
    let samples = |story: Story| story.judgment("INV-2").samples;
    // The issue of lifecycle 1 is answered at 1.010 s.
    let read = |from: u64| {
        samples(Story::good().without(unlooked).with(|story| story.role_read(1, from, Some(seen(1, wall(3606))))))
    };
    assert_eq!((read(S + 10 * MS), read(S + 10 * MS + 1)), (0, 1));
    // Lifecycle 1 is revoked from 4 s on; an observation takes a millisecond.
    let observed = |from: u64| {
        samples(Story::good().without(unlooked).without_op(2, Operation::Issue).without_op(3, Operation::Issue).with(
            |story| {
                story.observation(S + 5 * MS, vec![seen(1, wall(3606))], vec![]);
                story.observation(from, vec![], vec![]);
            },
        ))
    };
    // The first observation that shows it may show an issue that is under way; the last one has to begin in time.
    assert_eq!((observed(S + 10 * MS), observed(S + 10 * MS + 1)), (0, 1));
    assert_eq!((observed(4 * S - 1), observed(4 * S)), (1, 0));
    let appeared = |from: u64| {
        samples(Story::good().without(unlooked).without_op(2, Operation::Issue).without_op(3, Operation::Issue).with(
            |story| {
                story.observation(from, vec![seen(1, wall(3606))], vec![]);
                story.observation(5 * S, vec![], vec![]);
            },
        ))
    };
    assert_eq!((appeared(4 * S - MS - 1), appeared(4 * S - MS)), (1, 0));
}

/// A role that no recorded issue created, seen by the observation at 6 s and gone by the one at 8 s.
fn with_stranger() -> Story {
    Story::good().with(|story| {
        story.observation(6 * S, vec![stranger(900)], vec![]);
        story.observation(7 * S, vec![], vec![]);
        story.add(
            8 * S + MS,
            Event::Roles(leaseproof_domain::RoleObservation {
                cluster: String::new(),
                from: Micros(8 * S),
                to: Micros(8 * S + MS),
                appeared: vec![],
                changed: vec![],
                gone: vec![900],
                total: 0,
            }),
        );
    })
}

fn issue_without_name(story: Story, start: u64, end: u64, outcome: Outcome) -> Story {
    story.with(|story| {
        story.operation(50, Operation::Issue, start, end, outcome);
    })
}

#[test]
fn inv_3_a_role_that_nobody_asked_for_is_a_finding() {
    let findings = with_stranger().fails("INV-3");
    assert_eq!((findings[0].oid, findings[0].at), (Some(900), Some(Micros(6 * S))));
    assert_snapshot!(findings[0].what, @"v-stranger-900 appeared in pg_roles and belongs to no acknowledged issue and to no request in flight");
    let mut allowed = with_stranger();
    allowed.plan.promise.orphans.as_mut().unwrap().value = 1;
    allowed.passes("INV-3");
}

#[test]
fn inv_3_an_issue_without_an_answer_accounts_for_one_role() {
    let observation_ended = 6 * S + MS;
    issue_without_name(with_stranger(), observation_ended, 9 * S, no_answer()).passes("INV-3");
    issue_without_name(with_stranger(), observation_ended + 1, 9 * S, no_answer()).fails("INV-3");
    issue_without_name(with_stranger(), S, 2 * S, no_answer()).passes("INV-3");
    let two = with_stranger().with(|story| story.observation(6_500 * MS, vec![stranger(901)], vec![]));
    assert_eq!(issue_without_name(two, S, 2 * S, no_answer()).fails("INV-3").len(), 1);
}

#[test]
fn inv_3_a_refused_issue_accounts_for_a_role_while_it_is_under_way() {
    let refused = || refused_with(FailureSource::Vault, "500", "rolled back");
    // The last observation that shows the role began at 7 s.
    issue_without_name(with_stranger(), 5 * S, 7 * S, refused()).passes("INV-3");
    issue_without_name(with_stranger(), 5 * S, 7 * S - 1, refused()).fails("INV-3");
    // The first one ended at 6.001 s.
    issue_without_name(with_stranger(), 6_001 * MS, 9 * S, refused()).passes("INV-3");
    issue_without_name(with_stranger(), 6_001 * MS + 1, 9 * S, refused()).fails("INV-3");
}

#[test]
fn inv_3_an_issue_that_is_acknowledged_after_the_observation_is_its_lease() {
    // Lifecycle 2's role is seen while its issue is under way.
    let during = Story::good()
        .without(|event| matches!(event, Event::Roles(observation) if observation.from.0 == 2_500 * MS))
        .with(|story| story.observation(2_005 * MS, vec![seen(2, wall(3607))], vec![]));
    during.passes("INV-3");
    let none = Story::good().without(|event| matches!(event, Event::Roles(_)));
    assert_eq!(
        none.unknown("INV-3"),
        "no observation showed a generated role: for more samples, raise `rate` or `for`"
    );
}

#[test]
fn pol_1_every_refusal_has_to_be_a_403() {
    let other = |change: &dyn Fn(&mut leaseproof_domain::OperationRecord)| {
        Story::good().each(|event| {
            if let Event::Operation(record) = event
                && record.refused == Some(RefusedRequest::BadToken)
            {
                change(record);
            }
        })
    };
    assert_snapshot!(other(&|record| record.outcome = Outcome::Ok).fails("POL-1")[0].what, @"credentials with an invented token: expected HTTP 403, got access");
    let strange = other(&|record| record.outcome = refused_with(FailureSource::Vault, "500", "internal error"));
    assert_eq!(strange.fails("POL-1")[0].code.as_deref(), Some("500"));
    assert_eq!(
        other(&|record| record.outcome = no_answer()).unknown("POL-1"),
        "no request for credentials with an invented token was answered"
    );
    assert_eq!(Story::good().judgment("POL-1").samples, 3);
}

#[test]
fn pol_1_a_refused_request_makes_no_role() {
    let made = |from: u64| Story::good().with(|story| story.observation(from, vec![stranger(900)], vec![]));
    let findings = made(600 * MS).fails("POL-1");
    assert_eq!(findings[0].oid, Some(900));
    assert_snapshot!(findings[0].what, @"credentials without a token: v-stranger-900 appeared in pg_roles at that time and belongs to no issue; no role may be created");
    // The observation at 1.5 s did not show it: it was made later.
    made(1_600 * MS).passes("POL-1");
}

#[test]
fn pol_1_accuses_a_request_of_what_may_have_been_made_meanwhile_and_before_the_load() {
    let asked: Vec<_> = Story::good()
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Operation(record) if RefusedRequest::ALL.into_iter().any(|kind| record.refused == Some(kind)) => {
                Some((record.start.0, record.end.0))
            }
            _ => None,
        })
        .collect();
    let (first, last) = (asked[0].0, asked.iter().map(|(_, end)| *end).max().unwrap());
    // An observation takes a millisecond: it shows what was made before its end, and after the beginning of the one before.
    let shown = |from: u64| Story::good().with(|story| story.observation(from, vec![stranger(900)], vec![]));
    shown(first - MS).fails("POL-1");
    shown(first - MS - 1).passes("POL-1");
    let absent = |from: u64| shown(700 * MS).with(|story| story.observation(from, vec![], vec![]));
    absent(last).fails("POL-1");
    absent(last + 1).passes("POL-1");
    // The first issue of the load is sent at 1 s.
    shown(S - MS - 1).fails("POL-1");
    shown(S - MS).passes("POL-1");
}

#[test]
fn pol_1_and_pwd_2_judge_the_requests_of_the_role_that_they_are_asked_of() {
    for (id, none) in [
        ("POL-1", "no request for credentials without a token was answered"),
        ("PWD-2", "no login with a wrong password was answered: for more samples, raise `rate` or `for`"),
    ] {
        assert_eq!(Story::good().of_role(id, "another-role").unknown(id), none);
        Story::good().of_role(id, ROLE).passes(id);
    }
}

#[test]
fn pol_1_a_403_of_another_server_is_no_refusal_by_vault() {
    let story = Story::good().each(|event| {
        if let Event::Operation(record) = event
            && record.refused == Some(RefusedRequest::BadToken)
        {
            record.outcome = refused_with(FailureSource::Postgres, "403", "no");
        }
    });
    assert_eq!(story.fails("POL-1")[0].code.as_deref(), Some("403"));
}

#[test]
fn pwd_2_a_wrong_password_lets_nobody_in() {
    let tried = |outcome: &Outcome| {
        Story::good().each(|event| {
            if let Event::Operation(record) = event
                && record.refused == Some(RefusedRequest::WrongPassword)
            {
                record.outcome = outcome.clone();
            }
        })
    };
    Story::good().passes("PWD-2");
    let findings = tried(&Outcome::Ok).fails("PWD-2");
    assert_snapshot!(findings[0].what, @"a login of a credential with a wrong password at PostgreSQL: expected 28P01, got success");
    // It is no request to Vault.
    tried(&Outcome::Ok).passes("POL-1");
    assert_eq!(
        tried(&no_answer()).unknown("PWD-2"),
        "no login with a wrong password was answered: for more samples, raise `rate` or `for`"
    );
}

#[test]
fn run_2_no_role_is_left_without_a_lease() {
    let left = |released: bool, roles: Vec<RoleSeen>, leases: Vec<u64>| {
        Story::good()
            .without(|event| matches!(event, Event::Residue { released: at, .. } if *at == released))
            .with(|story| story.residue(if released { 21 } else { 20 } * S, released, roles, leases))
    };
    assert_snapshot!(left(false, vec![stranger(900)], vec![]).fails("RUN-2")[0].what, @"v-stranger-900 has no lease after the drain; 0 orphaned roles are allowed");
    assert_eq!(left(false, vec![stranger(900)], vec![]).fails("RUN-2")[0].promised, Some(line(13)));
    // A lease that no client received may be its lease.
    left(false, vec![stranger(900)], vec![77]).passes("RUN-2");
    left(false, vec![stranger(900), stranger(901)], vec![77]).fails("RUN-2");
    assert_snapshot!(left(true, vec![stranger(900)], vec![77]).fails("RUN-2")[0].what, @"v-stranger-900 still exists after the run's token was revoked: Vault still lists its lease and revoked nothing after 20.010 s; every lease must be revoked");
    assert_snapshot!(left(true, vec![stranger(900)], vec![]).fails("RUN-2")[0].what, @"v-stranger-900 still exists after the run's token was revoked; 0 orphaned roles are allowed");
    let mut allowed = left(false, vec![stranger(900)], vec![]);
    allowed.plan.promise.orphans.as_mut().unwrap().value = 1;
    allowed.passes("RUN-2");
    for released in [false, true] {
        let unlooked = |event: &Event| matches!(event, Event::Residue { released: at, .. } if *at == released);
        assert!(
            Story::good().without(unlooked).unknown("RUN-2").starts_with("roles and leases were not observed after")
        );
    }
}

/// Three credentials whose leases are left when the run's token is revoked at 20 s, and what is left of them then.
fn backlog(left: &[u64], leases: Vec<u64>, shrinking: bool) -> Story {
    let role = |lifecycle: u64| seen(lifecycle, wall(3700));
    Story::good().without(|event| matches!(event, Event::Residue { .. })).with(|story| {
        for lifecycle in [4, 5, 6] {
            story.begins(lifecycle, 19 * S + lifecycle * 20 * MS, 3700);
        }
        story.observation(19_500 * MS, [4, 5, 6].map(role).into(), vec![]);
        story.residue(20 * S, false, [4, 5, 6].map(role).into(), vec![4, 5, 6]);
        for (at, many) in [(21 * S, 3), (22 * S, 2), (25 * S, left.len() as u64)] {
            let (from, to) = (Micros(at), Micros(at + 10 * MS));
            story.add(to.0, Event::Revoking { from, to, roles: many, leases: many });
        }
        let (from, to) = (Micros(29 * S), Micros(29 * S + 10 * MS));
        let roles = left.iter().map(|lifecycle| role(*lifecycle)).collect();
        let leases = leases.into_iter().map(lease).collect();
        story.add(to.0, Event::Residue { from, to, released: true, roles, leases, shrinking });
    })
}

#[test]
fn run_2_a_role_whose_lease_is_still_listed_is_no_orphan() {
    for id in ["RUN-2", "INV-3"] {
        backlog(&[], vec![], false).passes(id);
    }
    let figures = backlog(&[], vec![], false).judged().verdicts.observed.revocation.unwrap();
    assert_eq!((figures.roles, figures.leases, figures.roles_left, figures.leases_left), (3, 3, 0, 0));
    assert_eq!((figures.took, figures.roles_per_second), (5 * S, 0.6));
    // Vault was still at it when the wait was over.
    let slow = backlog(&[5, 6], vec![5, 6], true);
    assert_snapshot!(slow.unknown("RUN-2"), @"Vault was still revoking when the run stopped waiting; it still listed the leases of 2 roles");
    slow.passes("INV-3");
    // One without a lease is an orphan all the same.
    let lost = backlog(&[5, 6], vec![5], true).fails("RUN-2");
    assert_eq!((lost.len(), lost[0].oid), (1, Some(crate::story::oid(6))));
    assert_snapshot!(lost[0].what, @"v-token-le-app-role-000000000000000000u6-1700000006 still exists after the run's token was revoked; 0 orphaned roles are allowed");
    // It stopped: that is what is wrong, and no orphan.
    let stopped = backlog(&[6], vec![6], false);
    assert_snapshot!(stopped.fails("RUN-2")[0].what, @"v-token-le-app-role-000000000000000000u6-1700000006 still exists after the run's token was revoked: Vault still lists its lease and revoked nothing after 25.010 s; every lease must be revoked");
    assert_eq!(
        stopped.judgment("RUN-2").notes,
        ["1 role whose leases Vault still lists: revocation stopped at 25.010 s"]
    );
    stopped.passes("INV-3");
}

#[test]
fn run_2_a_credential_that_is_ending_is_not_accused() {
    // A credential of 8 s, renewed between `at` and 10 ms later; what is left is observed from 20.000 to 20.010 s.
    let renewed_at = |at: u64| {
        Story::good().without(|event| matches!(event, Event::Residue { released: false, .. })).with(|story| {
            story.begins(4, at - 30 * MS, at / S + 3604);
            story.renewed(4, at, 8, 8, at / S + 13);
            story.observation(at + 100 * MS, vec![seen(4, wall(at / S + 13))], vec![]);
            story.residue(20 * S, false, vec![seen(4, wall(at / S + 13))], vec![]);
        })
    };
    // Its lease ends from 20.010 s on: the role may have been read before and the leases after.
    renewed_at(12 * S + 10 * MS).passes("RUN-2");
    // It ends after the observation: the lease should be there.
    assert_eq!(renewed_at(12 * S + 11 * MS).fails("RUN-2")[0].lease, Some(lease(4)));
}

#[test]
fn run_2_a_credential_that_has_just_ended_is_not_accused() {
    // What is left is observed from 20 s on.
    let left = |change: &dyn Fn(&mut Story)| {
        Story::good().without(|event| matches!(event, Event::Residue { released: false, .. })).with(|story| {
            change(story);
            story.observation(5 * S, vec![seen(4, None)], vec![]);
            story.residue(20 * S, false, vec![seen(4, None)], vec![]);
        })
    };
    let revoked_at = |end: u64| {
        left(&|story| {
            story.begins(4, 3 * S, 3608);
            story.operation(4, Operation::Revoke, end - S, end, Outcome::Ok);
        })
    };
    revoked_at(20 * S).passes("RUN-2");
    revoked_at(20 * S - 1).fails("RUN-2");
    // Its lease ends at 10 s at the latest, and its role may stay for ten seconds more.
    let renewed_at = |answered: u64| {
        left(&|story| {
            story.begins(4, 1_900 * MS, 3608);
            story.renewed(4, answered - 10 * MS, 8, 8, 15);
        })
    };
    renewed_at(2 * S).passes("RUN-2");
    renewed_at(2 * S - 1).fails("RUN-2");
}

#[test]
fn run_2_a_role_whose_removal_was_acknowledged_is_an_orphan() {
    let stays = |event: &Event| matches!(event, Event::Roles(observation) if observation.from.0 == 4_500 * MS);
    let story = Story::good().without(stays).without(|event| matches!(event, Event::Residue { .. })).with(|story| {
        story.residue(15 * S, false, vec![seen(1, wall(14))], vec![]);
        story.residue(21 * S, true, vec![seen(1, wall(14))], vec![]);
    });
    assert_eq!(story.fails("RUN-2").len(), 2);
}

#[test]
fn inv_10_what_went_early_or_was_left_behind_is_a_finding() {
    let early = gone_by(7 * S);
    assert_snapshot!(early.fails("INV-10")[0].what, @"v-token-le-app-role-000000000000000000u2-1700000002 was dropped before its lease's end without a revocation; every credential must be accounted for");
    let totals = early.judged().verdicts.totals;
    assert_eq!((totals.issued, totals.revoked, totals.expired), (3, 2, 0));

    let stays = |lease_gone: bool| {
        Story::good()
            .without(|event| matches!(event, Event::Roles(observation) if observation.from.0 > 10 * S))
            .without(|event| matches!(event, Event::Leases(observation) if observation.from.0 > 10 * S))
            .without(|event| matches!(event, Event::Residue { .. }))
            .with(|story| {
                if lease_gone {
                    story.leases(10_600 * MS, vec![], vec![2]);
                }
                story.observation(11 * S, vec![], vec![]);
            })
    };
    assert_snapshot!(stays(true).fails("INV-10")[0].what, @"v-token-le-app-role-000000000000000000u2-1700000002 still exists after its lease ended, and Vault no longer has the lease: nothing will remove the role");
    stays(false).passes("INV-10");
    assert_eq!(stays(false).judged().verdicts.totals.retried, 1);
}

#[test]
fn inv_10_counts_what_is_not_known() {
    let unanswered = Story::good()
        .without(|event| matches!(event, Event::Roles(observation) if observation.from.0 == 4_500 * MS))
        .without(|event| matches!(event, Event::Residue { .. }))
        .op(1, Operation::Revoke, |record| record.outcome = no_answer());
    unanswered.passes("INV-10");
    assert_eq!(unanswered.judged().verdicts.totals.indeterminate, 1);
    let went = Story::good().op(1, Operation::Revoke, |record| record.outcome = no_answer());
    assert_eq!(went.judged().verdicts.totals.revoked, 2);
    let unlooked = |event: &Event| matches!(event, Event::Roles(_) | Event::Residue { .. });
    assert_eq!(Story::good().without(unlooked).judgment("INV-10").verdict, Verdict::Unknown);
}

#[test]
fn inv_10_tells_the_fates_apart_to_the_microsecond() {
    // Lifecycle 2's lease ends at 10.030 s at the earliest; the observation that no longer shows its role takes a millisecond.
    gone_by(10_029 * MS).passes("INV-10");
    gone_by(10_029 * MS - 1).fails("INV-10");
    let asked_at = |start: u64| {
        gone_by(7 * S).with(|story| {
            story.operation(2, Operation::Revoke, start, start + S, no_answer());
        })
    };
    asked_at(7_001 * MS).passes("INV-10");
    asked_at(7_001 * MS + 1).fails("INV-10");
}

#[test]
fn inv_10_a_lease_that_could_still_stand_at_the_last_observation_is_live() {
    let totals = |story: Story| story.judged().verdicts.totals;
    // Lifecycle 2's lease ends at 10.040 s at the latest.
    let observed = |from: u64| {
        Story::good()
            .without(|event| matches!(event, Event::Roles(observation) if observation.from.0 >= 10 * S))
            .without(|event| matches!(event, Event::Leases(observation) if observation.from.0 > 10 * S))
            .without(|event| matches!(event, Event::Residue { .. }))
            .with(|story| story.observation(from, vec![], vec![]))
    };
    let at_the_end = totals(observed(10_040 * MS));
    assert_eq!((at_the_end.live, at_the_end.retried), (1, 0));
    let after = totals(observed(10_040 * MS + 1));
    assert_eq!((after.live, after.retried), (0, 1));
    // Vault no longer lists the lease by an observation that ends at 10.601 s.
    let let_go = |from: u64| observed(from).with(|story| story.leases(10_600 * MS, vec![], vec![2]));
    let_go(10_601 * MS).passes("INV-10");
    let_go(10_601 * MS + 1).fails("INV-10");
}

#[test]
fn inv_10_without_a_observation_a_lease_is_live_until_it_could_have_ended() {
    // The run's last moment is 30 s.
    let unlooked = |at: u64| {
        Story::empty().with(|story| {
            story.begins(4, 21 * S, 3626);
            story.renewed(4, at, 8, 8, 35);
        })
    };
    assert_eq!(unlooked(22 * S).unknown("INV-10"), "the end of some credentials was not observed");
    unlooked(22 * S + 1).passes("INV-10");
    unlooked(25 * S).passes("INV-10");
}

#[test]
fn inv_10_a_role_is_left_behind_only_where_roles_and_leases_were_seen() {
    let standing = Story::good()
        .without(|event| matches!(event, Event::Roles(observation) if observation.from.0 > 10 * S))
        .without(|event| matches!(event, Event::Leases(_) | Event::Residue { .. }))
        .with(|story| story.observation(11 * S, vec![], vec![]));
    let unseen = "the end of some credentials was not observed";
    assert_eq!(standing.unknown("INV-10"), unseen);
    // Never seen to be listed, it was not seen to be let go either.
    let listed = |appeared: Vec<u64>, at: u64| standing.clone().with(|story| story.leases(at, appeared, vec![]));
    assert_eq!(listed(vec![], 10_600 * MS).judged().verdicts.totals.retried, 1);
    // Vault let go of it, and lists it again.
    let again = listed(vec![2], 10_800 * MS).with(|story| story.leases(10_600 * MS, vec![], vec![2]));
    assert_eq!(again.judged().verdicts.totals.retried, 1);
    again.passes("INV-10");
    // A credential whose name the answer lacks cannot be looked for.
    let nameless = Story::empty().with(|story| {
        let issue = story.operation(4, Operation::Issue, S, S + MS, Outcome::Ok);
        (issue.lease, issue.lease_seconds) = (Some(lease(4)), Some(8));
        story.leases(10_600 * MS, vec![], vec![4]);
        story.observation(11 * S, vec![], vec![]);
    });
    assert_eq!(nameless.unknown("INV-10"), unseen);
}

#[test]
fn inv_10_a_observation_that_begins_with_the_issues_answer_need_not_show_the_role() {
    // Lifecycle 2's issue is answered at 2.010 s.
    let observed = |from: u64| {
        Story::good()
            .without(|event| matches!(event, Event::Roles(_) | Event::Residue { .. }))
            .without_op(1, Operation::Issue)
            .without_op(3, Operation::Issue)
            .with(|story| story.observation(from, vec![], vec![]))
    };
    observed(2_010 * MS).passes("INV-10");
    observed(2_010 * MS + 1).fails("INV-10");
}
