//! RUN-7: roles from before the run that match a username pattern and have no lease.

use insta::assert_snapshot;
use leaseproof_domain::{Event, LeaseBefore, LeaseId, OtherLeases, RoleSeen, UndecidedBefore, UnixMicros, Username};
use leaseproof_scenario::{Naming, Promised, UsernamePattern};

use crate::story::{ROLE, Story, line};

const HOUR: i64 = 3_600;
/// When the credentials from before were issued, in Unix seconds.
const ISSUED: i64 = 1_699_990_000;

#[test]
fn a_cluster_that_no_promised_role_is_on_is_named() {
    let mut story = Story::good();
    let second = story.plan.postgres["target"].clone();
    story.plan.postgres.insert("second".into(), second);
    let judgment = story.judgment("RUN-7");
    assert_eq!(judgment.notes, ["the roles of postgres.second were not observed: no promised role is on it"]);
    assert!(Story::good().judgment("RUN-7").notes.is_empty());
}

fn role(oid: u32, name: &str, valid_until: Option<i64>) -> RoleSeen {
    let valid_until = valid_until.map(|seconds| UnixMicros(seconds * 1_000_000));
    RoleSeen { cluster: String::new(), oid, name: Username::new(name), valid_until, login: true, password: Some(true) }
}

/// A role of Vault's, issued for an hour so many seconds later.
fn left(oid: u32, later: i64) -> RoleSeen {
    let issued = ISSUED + later;
    role(oid, &format!("v-token-le-app-role-{oid:0>20}-{issued}"), Some(issued + HOUR + 5))
}

fn lease(number: u32, later: i64) -> LeaseBefore {
    let time = |seconds: i64| Some(UnixMicros((ISSUED + later + seconds) * 1_000_000 + 250_000));
    let lease = LeaseId::new(format!("database/creds/{ROLE}/{number:A>24}"));
    LeaseBefore { lease, issued: time(0), expires: time(HOUR), renewed: false }
}

fn story(roles: Vec<RoleSeen>, leases: Vec<LeaseBefore>) -> Story {
    with_others(roles, leases, Some(OtherLeases::default()))
}

fn with_others(roles: Vec<RoleSeen>, leases: Vec<LeaseBefore>, others: Option<OtherLeases>) -> Story {
    Story::good().each(|event| match event {
        Event::Baseline(baseline) => baseline.roles = roles.clone(),
        Event::LeasesBefore { leases: known, others: known_others, .. } => {
            *known = leases.clone();
            known_others.clone_from(&others);
        }
        _ => {}
    })
}

/// Leases of Vault roles that the scenario does not promise.
fn others(leases: Vec<LeaseBefore>) -> Option<OtherLeases> {
    Some(OtherLeases { leases, unlisted: None })
}

/// A lease of another Vault role, issued so many seconds later.
fn of_another(role: &str, later: i64) -> LeaseBefore {
    LeaseBefore { lease: LeaseId::new(format!("database-old/creds/{role}/{later:A>24}")), ..lease(1, later) }
}

fn undecided(story: &Story) -> Vec<UndecidedBefore> {
    story.judged().verdicts.observed.undecided_before.clone()
}

/// How many roles are not judged, and how many of them have no lease, at least and at most.
fn figures(story: &Story) -> Vec<(u64, u64, u64)> {
    undecided(story).iter().map(|undecided| (undecided.roles, undecided.at_least, undecided.at_most)).collect()
}

fn named(story: &Story) -> Vec<u32> {
    story.judged().verdicts.observed.orphans_before.iter().map(|orphan| orphan.oid).collect()
}

#[test]
fn a_role_that_matches_and_has_no_lease_is_reported_and_fails_where_none_is_promised() {
    let other = story(vec![role(7, "postgres", None), role(8, "v-jones", None), role(9, "app-role", None)], vec![]);
    other.passes("RUN-7");
    let mut one = story(vec![left(50, 0)], vec![]);
    let findings = one.fails("RUN-7");
    assert_eq!((findings.len(), findings[0].oid, findings[0].promised.clone()), (1, Some(50), Some(line(18))));
    assert_snapshot!(findings[0].what);
    // Several are one cause, whether they can log in or not.
    let mut three = story(vec![left(50, 0), left(51, 100), RoleSeen { login: false, ..left(52, 200) }], vec![]);
    three.plan.promise.orphans_before = Some(Promised { value: 1, origin: line(18) });
    let causes = three.judged().verdicts.causes;
    assert_eq!((causes.len(), causes[0].count), (1, 3));
    assert_snapshot!(causes[0].what);
    one.plan.promise.orphans_before = Some(Promised { value: 1, origin: line(18) });
    one.passes("RUN-7");
    assert_eq!(named(&one), [50]);
}

#[test]
fn each_lease_accounts_for_the_role_that_it_fits() {
    let roles = vec![left(50, 0), left(51, 100), left(52, 200)];
    assert_eq!(named(&story(roles.clone(), vec![lease(1, 0), lease(2, 200)])), [51]);
    // A lease of another time is no role's, though there are as many.
    assert_eq!(named(&story(roles.clone(), vec![lease(1, 0), lease(2, 200), lease(3, 900)])), [51]);
    // Leases that were not looked up may own any of them: one has none, and which one is not known.
    let unknown = |number| LeaseBefore { issued: None, expires: None, ..lease(number, 0) };
    let counted = story(roles.clone(), vec![unknown(1), unknown(2)]);
    assert_eq!((named(&counted), figures(&counted)), (vec![], vec![(3, 1, 1)]));
    assert_eq!(counted.fails("RUN-7").len(), 1);
    // So may two of the same moment.
    let twins = story(vec![left(50, 0), left(51, 0), left(52, 200)], vec![lease(1, 0)]);
    assert_eq!((named(&twins), figures(&twins)), (vec![52], vec![(2, 1, 1)]));
    // One of another Vault role is none of theirs.
    let elsewhere = LeaseBefore { lease: LeaseId::new("database/creds/other/A"), ..lease(1, 0) };
    assert_eq!(named(&story(roles, vec![elsewhere])), [50, 51, 52]);
    // A renewed lease ends when VALID UNTIL says so.
    let mut renewed = lease(1, 0);
    (renewed.expires, renewed.renewed) = (Some(UnixMicros((ISSUED + 3 * HOUR) * 1_000_000)), true);
    assert!(
        named(&story(vec![left(50, 0)], vec![renewed.clone()])).is_empty(),
        "renewal statements may change nothing"
    );
    let mut role = left(50, 0);
    role.valid_until = Some(UnixMicros((ISSUED + 3 * HOUR + 5) * 1_000_000));
    assert!(named(&story(vec![role], vec![renewed])).is_empty());
}

#[test]
fn a_role_that_a_lease_of_another_vault_role_may_own_is_not_judged() {
    // A live credential of another mount, and what an earlier run left.
    let both = with_others(vec![left(50, 0), left(51, 100)], vec![], others(vec![of_another("app-role", 0)]));
    assert_eq!((named(&both), figures(&both)), (vec![51], vec![(1, 0, 1)]));
    assert_eq!(both.fails("RUN-7").len(), 1);
    let words = "a lease of database-old/creds/app-role, which the scenario does not promise, may own such a role";
    assert_eq!(undecided(&both)[0].why, words);
    // A role whose name the engine's template cuts to the same eight characters; one that it does not; one of another time.
    let one = |role: &str, later| with_others(vec![left(50, 0)], vec![], others(vec![of_another(role, later)]));
    let known = one("app-role-reports", 0);
    assert_eq!(named(&known), Vec::<u32>::new());
    assert_snapshot!(known.unknown("RUN-7"), @"it is not known whether v-token-le-app-role-00000000000000000050-1699990000 has a lease: a lease of database-old/creds/app-role-reports, which the scenario does not promise, may own such a role");
    assert_eq!((named(&one("reports", 0)), named(&one("app-role", 900))), (vec![50], vec![50]));
    // A role of the other one with a later VALID UNTIL does not make the promised one doubtful.
    let mut longer = left(51, 1);
    longer.valid_until = Some(UnixMicros((ISSUED + 1 + 2 * HOUR + 5) * 1_000_000));
    let mut its = of_another("app-role", 1);
    its.expires = Some(UnixMicros((ISSUED + 1 + 2 * HOUR) * 1_000_000));
    let apart = with_others(vec![left(50, 0), longer], vec![lease(1, 0)], others(vec![its]));
    assert_eq!((figures(&apart), undecided(&apart)[0].names[0].unix_time()), (vec![(1, 0, 1)], Some(ISSUED + 1)));
    // Fewer leases than roles of that moment.
    let twins = with_others(vec![left(50, 0), left(51, 0)], vec![], others(vec![of_another("app-role", 0)]));
    assert_eq!((named(&twins), figures(&twins)), (vec![], vec![(2, 1, 2)]));
    let enough = with_others(
        vec![left(50, 0), left(51, 0)],
        vec![lease(1, 0), lease(2, 0)],
        others(vec![of_another("app-role", 0)]),
    );
    enough.passes("RUN-7");
}

#[test]
fn where_leases_of_other_vault_roles_are_not_known_no_role_is_called_an_orphan() {
    let why = Some("permission denied".to_owned());
    for other in [None, Some(OtherLeases { leases: vec![], unlisted: why })] {
        let story = with_others(vec![left(50, 0), left(51, 0)], vec![lease(1, 0)], other.clone());
        assert_eq!((named(&story), figures(&story)), (vec![], vec![(2, 0, 1)]), "{other:?}");
        assert!(story.unknown("RUN-7").contains("0 to 1 of 2 roles from before the run have no lease"), "{other:?}");
        with_others(vec![left(50, 0)], vec![lease(1, 0)], other).passes("RUN-7");
    }
}

#[test]
fn a_role_that_was_dropped_while_leases_were_listed_is_no_orphan() {
    let mut story = story(vec![left(50, 0), left(51, 0)], vec![]).each(|event| {
        if let Event::LeasesBefore { gone, .. } = event {
            gone.push(left(50, 0).name);
        }
    });
    story.plan.promise.orphans_before = Some(Promised { value: 1, origin: line(18) });
    assert_eq!(named(&story), [51]);
}

#[test]
fn a_role_that_two_promised_roles_may_own_is_owned_by_a_lease_of_either() {
    let mut story = story(
        vec![left(50, 0)],
        vec![LeaseBefore { lease: LeaseId::new("database/creds/app-role-2/A"), ..lease(1, 0) }],
    );
    let second = leaseproof_scenario::RolePromise { name: "app-role-2".into(), ..story.plan.roles[0].clone() };
    story.plan.roles.push(second);
    assert!(named(&story).is_empty());
}

#[test]
fn names_are_compared_with_the_pattern_that_is_in_force() {
    let shut = RoleSeen { login: false, password: Some(false), ..role(60, "v-root-app-role-left", None) };
    // What only begins like the engine's template, what cannot log in any more, and what another Vault role left.
    let any = role(61, &format!("v-userpass-reports-{:x>20}-1699990000", "1"), None);
    let roles = vec![shut, any, role(62, "app-0123456789", None), role(63, "app-people", None)];
    let mut story = story(roles, vec![]);
    assert_eq!(named(&story), [60, 61]);
    let text = "app-{{random 10}}";
    story.plan.roles[0].naming = Naming::Template {
        template: Promised { value: text.into(), origin: line(40) },
        pattern: UsernamePattern { names: "app-[a-z0-9]{10}".into(), roles: "app-[a-z0-9]{10}".into(), notes: vec![] },
    };
    assert_eq!(named(&story), [62]);
    story.plan.roles[0].username = Some(Promised { value: "app-.*".into(), origin: line(41) });
    assert_eq!(named(&story), [62, 63]);
}

#[test]
fn vaults_own_accounts_are_no_leftovers_and_other_clusters_are_not_observed() {
    let mut story = story(vec![role(70, "vaultuser", None), left(71, 0)], vec![]);
    story.plan.roles[0].username = Some(Promised { value: ".*".into(), origin: line(41) });
    assert_eq!(named(&story), [71]);
    let elsewhere = story.each(|event| {
        if let Event::Baseline(baseline) = event {
            baseline.cluster = "storage".into();
        }
    });
    assert!(named(&elsewhere).is_empty());
}

#[test]
fn without_a_observe_leases_nothing_is_said() {
    let story = story(vec![left(50, 0)], vec![]).without(|event| matches!(event, Event::LeasesBefore { .. }));
    let why = "Vault's leases were not observed before the first credential was requested";
    assert_eq!(story.unknown("RUN-7"), why);
    assert!(named(&story).is_empty());
}
