//! INV-3 of clients that went away, INV-6b, INV-8, INV-9, INV-11: what outlives a credential.

use insta::assert_snapshot;
use leaseproof_domain::{
    DependencySeen, Event, FailureSource, Micros, Operation, Outcome, Privilege, RoleSeen, SessionObservation,
    SessionSeen, UnixMicros, Username, WatchGap,
};
use leaseproof_scenario::SessionFate;

use crate::story::{
    MS, S, Story, dependencies, direct, irrevocable, lease, line, no_answer, oid, privileges, refused_with, seen, table,
};

fn is_kept(event: &Event) -> bool {
    matches!(event, Event::HeldSession(_))
}

/// Lifecycle 1's held session is asked then, and nothing else of sessions is seen.
fn asked(fate: Option<SessionFate>, from: u64, query: Outcome, listed: bool) -> Story {
    let mut story = Story::good().without(is_kept).with(|story| story.kept(1, from, query, listed));
    match fate {
        Some(fate) => story.plan.promise.sessions_after_revoke.as_mut().unwrap().value = fate,
        None => story.plan.promise.sessions_after_revoke = None,
    }
    story
}

fn denied() -> Outcome {
    refused_with(FailureSource::Postgres, "42501", "permission denied for table domains")
}

fn terminated() -> Outcome {
    refused_with(FailureSource::Postgres, "57P01", "terminating connection due to administrator command")
}

#[test]
fn inv_6b_survive_fails_where_the_connection_was_ended() {
    let survive = |query, listed| asked(Some(SessionFate::Survive), 4_060 * MS, query, listed);
    survive(denied(), true).passes("INV-6b");
    survive(Outcome::Ok, true).passes("INV-6b");
    let findings = survive(terminated(), false).fails("INV-6b");
    assert_eq!((findings[0].oid, &findings[0].promised), (Some(oid(1)), &Some(line(16))));
    assert_snapshot!(findings[0].what, @"the held session of v-token-le-app-role-000000000000000000u1-1700000001 was closed 0.010 s after its credential's end, but must stay open: SQLSTATE 57P01: terminating connection due to administrator command");
    assert_snapshot!(survive(no_answer(), false).fails("INV-6b")[0].what, @"the held session of v-token-le-app-role-000000000000000000u1-1700000001 was closed 0.010 s after its credential's end; it must stay open");
    // A query that hangs in a session that still exists.
    survive(no_answer(), true).passes("INV-6b");
}

#[test]
fn inv_6b_die_fails_where_the_connection_outlives_dead_within() {
    let due = 14_050 * MS;
    let die = |from, query, listed| asked(Some(SessionFate::Die), from, query, listed);
    die(due, terminated(), false).passes("INV-6b");
    assert_eq!(
        die(due, Outcome::Ok, true).unknown("INV-6b"),
        "no held session ran a query after its credential's end: for more samples, raise `hold_session.share`, `rate` or `for`"
    );
    assert_snapshot!(die(due + 1, Outcome::Ok, true).fails("INV-6b")[0].what, @"the held session of v-token-le-app-role-000000000000000000u1-1700000001 can still read 10.000 s after its credential's end; it must be closed");
    assert_snapshot!(die(due + 1, denied(), true).fails("INV-6b")[0].what, @"the held session of v-token-le-app-role-000000000000000000u1-1700000001 is still open 10.000 s after its credential's end; it must be closed (its query fails: SQLSTATE 42501: permission denied for table domains)");
    // An observer without pg_read_all_stats does not list it.
    for answer in [Outcome::Ok, denied()] {
        die(due + 1, answer, false).fails("INV-6b");
    }
    let group = die(due + 1, Outcome::Ok, true).each(|event| {
        if let Event::HeldSession(kept) = event {
            kept.set_role = Some("readers".into());
        }
    });
    assert_snapshot!(group.fails("INV-6b")[0].what, @"the held session of v-token-le-app-role-000000000000000000u1-1700000001 can still read, as readers 10.000 s after its credential's end; it must be closed");
}

#[test]
fn inv_6b_die_fails_where_a_session_without_a_name_is_still_listed() {
    let listed = |from: u64| {
        asked(Some(SessionFate::Die), 4_060 * MS, terminated(), false).with(|story| {
            let session = SessionSeen {
                pid: 7,
                started: UnixMicros(1),
                oid: oid(1),
                name: None,
                application: "app".into(),
                encrypted: None,
            };
            for (from, appeared) in [(3 * S, vec![session]), (from, vec![])] {
                let (from, to) = (Micros(from), Micros(from + MS));
                story.add(
                    to.0,
                    Event::Sessions(SessionObservation {
                        cluster: String::new(),
                        from,
                        to,
                        appeared,
                        gone: vec![],
                        total: 1,
                        accounts: vec![],
                    }),
                );
            }
        })
    };
    // Lifecycle 1's revocation was acknowledged at 4.05 s.
    listed(14_050 * MS).passes("INV-6b");
    assert_snapshot!(listed(14_050 * MS + 1).fails("INV-6b")[0].what, @"a session of v-token-le-app-role-000000000000000000u1-1700000001 is still in pg_stat_activity 10.000 s after its credential's end; it must be closed");
}

#[test]
fn inv_6b_what_was_not_seen_is_unknown() {
    let unseen = asked(Some(SessionFate::Survive), 4_060 * MS, no_answer(), true).each(|event| {
        if let Event::HeldSession(kept) = event {
            kept.listed = None;
        }
    });
    assert_eq!(unseen.unknown("INV-6b"), "the state of a held session could not be observed");
    assert_eq!(
        Story::good().without(is_kept).unknown("INV-6b"),
        "no held session ran a query after its credential's end: for more samples, raise `hold_session.share`, `rate` or `for`"
    );
}

#[test]
fn inv_8_an_irrevocable_lease_fails_and_a_gap_is_unknown() {
    Story::good().passes("INV-8");
    let given_up = Story::good().with(|story| {
        let gone = vec![(lease(1), "2BP01".to_owned())];
        story.add(9 * S, Event::Irrevocable(irrevocable(9 * S, gone)));
    });
    let findings = given_up.fails("INV-8");
    assert_eq!(findings[0].lease, Some(lease(1)));
    assert_snapshot!(findings[0].what, @"database/creds/app-role/AAAAAAAAAAAAAAAAAAAAAAA1 became irrevocable: Vault will not retry its revocation: 2BP01");
    let gap = WatchGap {
        cluster: String::new(),
        observer: leaseproof_domain::Observer::Irrevocable,
        from: Micros(6 * S),
        to: Micros(7 * S),
        why: "403".into(),
    };
    let blind = Story::good().with(|story| _ = story.add(7 * S, Event::WatchGap(gap)));
    assert_eq!(blind.unknown("INV-8"), "Vault's irrevocable leases could not be observed all the time: 403");
    let unlooked = Story::good().without(|event| matches!(event, Event::Irrevocable(_)));
    assert_eq!(unlooked.unknown("INV-8"), "irrevocable leases were not observed");
}

#[test]
fn inv_9_a_renewal_changes_no_privilege() {
    assert_eq!(Story::good().judgment("INV-9").samples, 1);
    Story::good().passes("INV-9");
    // Lifecycle 2 is read at 2.02 s and at 2.51 s, and renewed in between.
    let other = |change: &dyn Fn(&mut leaseproof_domain::PrivilegeSet)| {
        let mut set = privileges();
        change(&mut set);
        Story::good()
            .with(|story| _ = story.add(401 * MS, Event::PrivilegeSet { id: 1, set }))
            .without(|event| matches!(event, Event::Privileges(read) if read.oid == oid(2) && read.from.0 > 2_500 * MS))
            .with(|story| story.reading(2, 2_510 * MS, 1))
    };
    let more = other(&|set| _ = set.held.insert(direct(Privilege::Truncate, table("domains"))));
    assert_snapshot!(more.fails("INV-9")[0].what, @"v-token-le-app-role-000000000000000000u2-1700000002 changed with its renewal: it gained TRUNCATE ON TABLE public.domains");
    let less = other(&|set| _ = set.held.remove(&direct(Privilege::Insert, table("domains"))));
    assert_snapshot!(less.fails("INV-9")[0].what, @"v-token-le-app-role-000000000000000000u2-1700000002 changed with its renewal: it lost INSERT ON TABLE public.domains");
    // Default privileges give what is made later, whenever that is.
    other(&|set| _ = set.held.insert(direct(Privilege::Select, table("made_later")))).passes("INV-9");
    other(&|set| _ = set.owned.insert((table("made_later"), "itself".into()))).passes("INV-9");
    other(&|set| _ = set.owned.insert((table("domains"), "itself".into()))).fails("INV-9");
    let system = leaseproof_domain::Object { schema: Some("pg_catalog".into()), ..table("pg_authid") };
    other(&|set| _ = set.held.insert(direct(Privilege::Select, system.clone()))).fails("INV-9");
    let before = |event: &Event| matches!(event, Event::Privileges(read) if read.from.0 == 2_020 * MS);
    assert_eq!(
        more.without(before).unknown("INV-9"),
        "no credential's privileges were read both before and after a renewal: for more samples, raise `renew.share`, `rate` or `for`"
    );
}

#[test]
fn inv_9_compares_a_reading_wholly_before_a_renewal_with_one_wholly_after_it() {
    // Lifecycle 2 is renewed between 2.030 s and 2.040 s; an observation takes a millisecond.
    let read = |before: u64, after: u64| {
        Story::good().without(|event| matches!(event, Event::Privileges(_))).with(|story| {
            story.reading(2, before, 0);
            story.reading(2, after, 0);
        })
    };
    read(2_029 * MS - 1, 2_040 * MS + 1).passes("INV-9");
    let never = "no credential's privileges were read both before and after a renewal: for more samples, raise `renew.share`, `rate` or `for`";
    assert_eq!(read(2_029 * MS, 2_040 * MS + 1).unknown("INV-9"), never);
    assert_eq!(read(2_029 * MS - 1, 2_040 * MS).unknown("INV-9"), never);
}

#[test]
fn inv_11_rows_of_a_role_that_is_gone_fail() {
    Story::good().passes("INV-11");
    let row = DependencySeen {
        oid: oid(1),
        name: None,
        database: Some("powerdns".into()),
        catalog: "pg_class".into(),
        kind: "o".into(),
        rows: 2,
    };
    let left = Story::good().with(|story| {
        for at in [16 * S, 17 * S] {
            story.add(at, Event::Dependencies(dependencies(at, vec![row.clone()])));
        }
    });
    let findings = left.fails("INV-11");
    assert_eq!((findings.len(), findings[0].oid), (1, Some(oid(1))));
    assert_snapshot!(findings[0].what, @"the role with OID 101 was dropped, but pg_shdepend still has 2 rows of it, in database powerdns (pg_class, type `o`)");
    let early = Story::good()
        .without(|event| matches!(event, Event::Dependencies(_)))
        .with(|story| _ = story.add(S, Event::Dependencies(dependencies(S, vec![]))));
    assert_eq!(
        early.unknown("INV-11"),
        "pg_shdepend was not observed after a credential's role was gone: for more samples, raise `rate` or `for`"
    );
}

#[test]
fn inv_11_counts_a_role_that_was_gone_before_the_observation_began() {
    // Lifecycle 3's role was gone by an observation that ended at 1.501 s.
    let observed = |from: u64| {
        Story::good()
            .without(|event| matches!(event, Event::Dependencies(_)))
            .with(|story| _ = story.add(from, Event::Dependencies(dependencies(from, vec![]))))
    };
    assert_eq!(observed(1_501 * MS).judgment("INV-11").samples, 0);
    assert_eq!(observed(1_501 * MS + 1).judgment("INV-11").samples, 1);
}

#[test]
fn inv_11_where_credentials_end_and_every_role_stays_nothing_is_left_clean() {
    // The run's last moment is 30 s.
    let stays = |lifecycles: u64, renewed: u64| {
        Story::empty().with(|story| {
            for lifecycle in 1..=lifecycles {
                story.begins(lifecycle, S, 3606);
                story.renewed(lifecycle, renewed - 10 * MS, 8, 8, 35);
            }
            story.observation(2 * S, (1..=lifecycles).map(|lifecycle| seen(lifecycle, None)).collect(), vec![]);
        })
    };
    let nothing =
        "pg_shdepend was not observed after a credential's role was gone: for more samples, raise `rate` or `for`";
    assert_eq!(stays(1, 22 * S).unknown("INV-11"), nothing);
    stays(1, 22 * S - 1).fails("INV-11");
    assert_snapshot!(stays(2, 3 * S).fails("INV-11")[0].what, @"2 credentials ended, and no role was dropped (expected: the role of each): v-token-le-app-role-000000000000000000u1-1700000001 still exists, with all its entries in pg_shdepend");
    // A revocation ends a credential whose lease would stand.
    let revoked = stays(1, 22 * S).with(|story| {
        story.operation(1, Operation::Revoke, 23 * S, 24 * S, Outcome::Ok);
    });
    revoked.fails("INV-11");
    // One role that is gone shows that roles go.
    let goes = stays(2, 3 * S).with(|story| {
        story.observation(12 * S, vec![], vec![1]);
        story.add(13 * S, Event::Dependencies(dependencies(13 * S, vec![])));
    });
    goes.passes("INV-11");
}

#[test]
fn inv_3_a_role_that_an_impatient_client_left_is_a_finding() {
    let orphan = RoleSeen {
        cluster: String::new(),
        oid: 900,
        name: Username::new("v-left"),
        valid_until: None,
        login: true,
        password: None,
    };
    let story = |leases: Vec<u64>, left: bool| {
        let roles = if left { vec![orphan.clone()] } else { vec![] };
        Story::good().without(|event| matches!(event, Event::Residue { .. })).with(|story| {
            story.operation(50, Operation::Issue, 5 * S, 5_100 * MS, no_answer());
            story.observation(6 * S, vec![orphan.clone()], vec![]);
            story.residue(20 * S, false, vec![orphan.clone()], vec![77]);
            story.residue(21 * S, true, roles, leases);
        })
    };
    // No client received its lease: revoking the run's token takes it away.
    story(vec![], false).passes("INV-3");
    let findings = story(vec![], true).fails("INV-3");
    assert_eq!((findings.len(), findings[0].oid), (1, Some(900)));
    assert_snapshot!(findings[0].what, @"v-left has no lease: it was left by an issue whose client disconnected without an answer, and revoking the run's token did not remove it");
    // Vault still holds a lease, which may be its.
    story(vec![77], true).passes("INV-3");
    // One that is known to be another's explains nothing.
    story(vec![2], true).fails("INV-3");
}
