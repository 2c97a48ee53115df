//! Credentials in two clusters, with the same OIDs and the same names of roles: each is judged by what was seen in its own.

use std::cell::Cell;

use leaseproof_domain::{
    CheckId, DependencySeen, Event, Judgment, Micros, Observer, Privilege, RoleSeen, SessionObservation, SessionSeen,
    Subject, UnixMicros, Username, Verdict, WatchGap,
};
use leaseproof_testkit::two_clusters::{SECOND, SECOND_ROLE};

use crate::story::{MS, ROLE, S, Story, dependencies, direct, oid, privileges, table, wall};

/// The verdict on a subject; of a role, on that role.
fn verdict<'j>(checks: &'j [Judgment], check: CheckId, role: &str) -> &'j Judgment {
    let of_role = |judgment: &&Judgment| match &judgment.subject {
        Subject::Role(name) => name == role,
        _ => true,
    };
    checks.iter().filter(|judgment| judgment.check == check).find(of_role).unwrap()
}

fn checks(story: &Story) -> Vec<Judgment> {
    story.judged().verdicts.checks
}

/// The checks whose verdict on one of two clusters is another than on a run with that cluster alone.
fn differences((first, alone): (&Story, &[Judgment]), second: &Story) -> Vec<String> {
    let (beside, both) = (checks(second), checks(&first.clone().beside(second)));
    let mut differ = Vec::new();
    for judgment in alone {
        let other = verdict(&beside, judgment.check, ROLE);
        let expected = match judgment.subject {
            Subject::Role(_) => vec![(ROLE, judgment.verdict), (SECOND_ROLE, other.verdict)],
            // How many samples are missing is a share of those of both.
            _ if Verdict::Unknown == judgment.verdict.max(other.verdict) => continue,
            _ => vec![(ROLE, judgment.verdict.max(other.verdict))],
        };
        for (role, expected) in expected {
            let got = verdict(&both, judgment.check, role);
            if got.verdict != expected {
                differ.push(format!("{} of {role}: expected {expected:?}, got {got:#?}", judgment.check));
            }
        }
    }
    differ
}

fn stranger() -> RoleSeen {
    let name = Username::new("v-token-le-app-role-stranger");
    RoleSeen { cluster: String::new(), oid: 900, name, valid_until: None, login: true, password: None }
}

/// Stories of which one thing is wrong, each with the checks that fail.
fn broken() -> Vec<(Story, Vec<&'static str>)> {
    let from = |at: u64| move |event: &Event| matches!(event, Event::Roles(seen) if seen.from.0 >= at);
    let plaintext = |event: &mut Event| {
        if let Event::Sessions(seen) = event {
            seen.appeared.iter_mut().for_each(|session: &mut SessionSeen| session.encrypted = Some(false));
        }
    };
    let more = |event: &mut Event| {
        if let Event::PrivilegeSet { set, .. } = event {
            set.held.insert(direct(Privilege::Truncate, table("domains")));
        }
    };
    let never = |event: &mut Event| {
        if let Event::RoleRead(read) = event {
            read.role = read.role.take().map(|role| RoleSeen { valid_until: wall(1), ..role });
        }
    };
    let row = DependencySeen {
        oid: oid(1),
        name: None,
        database: Some("powerdns".into()),
        catalog: "pg_class".into(),
        kind: "o".into(),
        rows: 2,
    };
    let dangling = |story: &mut Story| _ = story.add(16 * S, Event::Dependencies(dependencies(16 * S, vec![row])));
    let grown = |story: &mut Story| {
        let mut set = privileges();
        set.held.insert(direct(Privilege::Truncate, table("domains")));
        story.add(400 * MS, Event::PrivilegeSet { id: 1, set });
        story.reading(2, 9 * S, 1);
    };
    vec![
        (Story::good().each(more), vec!["GRA-1"]),
        (Story::good().with(grown), vec!["GRA-1"]),
        (Story::good().each(plaintext), vec!["TLS-1"]),
        (Story::good().each(never), vec!["ISS-4", "TTL-2"]),
        (Story::good().with(dangling), vec!["INV-11"]),
        (
            Story::good().without(from(5 * S)).with(|story| story.observation(5 * S, vec![], vec![2])),
            vec!["INV-2", "INV-10"],
        ),
        (Story::good().with(|story| story.observation(6 * S, vec![stranger()], vec![])), vec!["INV-3"]),
        (
            Story::good()
                .without(|event| matches!(event, Event::Residue { .. }))
                .with(|story| story.residue(20 * S, false, vec![stranger()], vec![]))
                .with(|story| story.residue(21 * S, true, vec![stranger()], vec![])),
            vec!["RUN-2"],
        ),
        (Story::good().without(from(4 * S)).with(|story| story.observation(16 * S, vec![], vec![])), vec!["REV-1"]),
    ]
}

#[test]
fn two_good_clusters_are_as_good_as_each() {
    let both = Story::good().beside(&Story::good());
    for judgment in both.judged().verdicts.checks {
        assert_eq!(judgment.verdict, Verdict::Pass, "{judgment:#?}");
    }
    let totals = |story: &Story| story.judged().verdicts.totals;
    assert_eq!(totals(&both).issued, 2 * totals(&Story::good()).issued);
    assert_eq!(totals(&both).revoked, 2 * totals(&Story::good()).revoked);
}

#[test]
fn what_is_wrong_in_one_cluster_is_found_there_and_nowhere_else() {
    let good = Story::good();
    let of_good = checks(&good);
    for (story, failing) in broken() {
        for id in failing {
            let findings = story.fails(id).len();
            let (first, second) = (story.clone().beside(&Story::good()), Story::good().beside(&story));
            for (both, cluster) in [(first, "target"), (second, SECOND)] {
                let all = both.judged().verdicts.checks;
                let failed = all
                    .iter()
                    .filter(|judgment| judgment.check == CheckId::of(id) && judgment.verdict == Verdict::Fail);
                let found: Vec<&Judgment> = failed.collect();
                assert_eq!(found.iter().map(|judgment| judgment.findings.len()).sum::<usize>(), findings, "{id}");
                let clusters =
                    found.iter().flat_map(|judgment| &judgment.findings).map(|found| found.cluster.as_deref());
                assert!(clusters.into_iter().all(|found| found == Some(cluster)), "{id}: {found:#?}");
            }
        }
        assert_eq!(differences((&good, &of_good), &story), [""; 0]);
        assert_eq!(differences((&story, &checks(&story)), &good), [""; 0]);
    }
}

/// Whether the event belongs to one cluster. Both are observed in one residue; Vault's logs are about both.
fn is_of_cluster(event: &Event) -> bool {
    let of_both = matches!(event, Event::Header(_) | Event::End(_) | Event::Residue { .. } | Event::LogRead { .. });
    !of_both
}

/// Each event is left out of one of the two clusters.
#[test]
fn what_is_missing_in_one_cluster_is_missing_there_and_nowhere_else() {
    let good = Story::good();
    let of_good = checks(&good);
    for missing in 0..good.events().len() {
        let place = Cell::new(0);
        let story = Story::good().without(|event| {
            place.set(place.get() + 1);
            place.get() == missing + 1 && is_of_cluster(event)
        });
        assert_eq!(differences((&good, &of_good), &story), [""; 0], "{:?}", good.events()[missing]);
    }
}

#[test]
fn a_gap_in_one_cluster_is_named_with_it() {
    let gap = WatchGap {
        cluster: String::new(),
        observer: Observer::Roles,
        from: Micros(S),
        to: Micros(2 * S),
        why: "connection lost".into(),
    };
    let blind = Story::good().with(|story| _ = story.add(2 * S, Event::WatchGap(gap)));
    let checks = Story::good().beside(&blind).judged().verdicts.checks;
    let of = |role: &str| verdict(&checks, CheckId::of("INV-2"), role).clone();
    assert_eq!(of(ROLE).verdict, Verdict::Pass);
    insta::assert_snapshot!(of(SECOND_ROLE).reason.unwrap(), @"the catalog's roles of postgres.second could not be observed all the time: connection lost");
}

#[test]
fn roles_of_several_clusters_without_their_names_are_not_judged() {
    let unnamed = Story::good().beside(&Story::good()).each(|event| {
        if let Event::Roles(seen) = event {
            seen.cluster.clear();
        }
    });
    assert_eq!(unnamed.unknown("INV-3"), "the history does not distinguish the roles of several clusters");
    unnamed.passes("AVL-1");
}

#[test]
fn a_session_of_vaults_storage_is_judged_too() {
    let storage = |event: &mut Event| {
        if let Event::Sessions(seen) = event
            && seen.cluster == SECOND
        {
            seen.accounts.clear();
        }
    };
    let mut both = Story::good().beside(&Story::good()).each(storage);
    let name = Some(Username::new("vault"));
    let session = SessionSeen {
        pid: 9,
        started: UnixMicros(9),
        oid: 10,
        name,
        application: String::new(),
        encrypted: Some(false),
    };
    let (from, to) = (Micros(4 * S), Micros(4 * S + MS));
    let (cluster, accounts) = ("storage".to_owned(), vec![session]);
    let seen = SessionObservation { cluster, from, to, appeared: vec![], gone: vec![], total: 0, accounts };
    both.add(to.0, Event::Sessions(seen));
    assert_eq!(both.fails("TLS-1").len(), 1);
}
