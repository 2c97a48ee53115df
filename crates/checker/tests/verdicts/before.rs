//! RUN-7: roles from before the run that match a username pattern and have no lease.

use insta::assert_snapshot;
use leaseproof_domain::{Event, LeaseBefore, LeaseId, RoleSeen, UnixMicros, Username};
use leaseproof_scenario::{Naming, Promised, UsernamePattern};

use crate::story::{ROLE, Story, line};

const HOUR: i64 = 3_600;
/// When the credentials from before were issued, in Unix seconds.
const ISSUED: i64 = 1_699_990_000;

fn role(oid: u32, name: &str, valid_until: Option<i64>) -> RoleSeen {
    let valid_until = valid_until.map(|seconds| UnixMicros(seconds * 1_000_000));
    RoleSeen { oid, name: Username::new(name), valid_until, login: true, password: Some(true) }
}

/// A role of Vault's, issued for an hour so many seconds later.
fn left(oid: u32, later: i64) -> RoleSeen {
    let issued = ISSUED + later;
    role(oid, &format!("v-token-le-app-role-{oid:0>20}-{issued}"), Some(issued + HOUR + 5))
}

fn lease(number: u32, later: i64) -> LeaseBefore {
    let time = |seconds: i64| Some(UnixMicros((ISSUED + later + seconds) * 1_000_000 + 250_000));
    let lease = LeaseId::new(format!("database/creds/{ROLE}/{number:A>24}"));
    LeaseBefore { lease, issued: time(0), expires: time(HOUR) }
}

fn story(roles: Vec<RoleSeen>, leases: Vec<LeaseBefore>) -> Story {
    Story::good().each(|event| match event {
        Event::Baseline(baseline) => baseline.roles = roles.clone(),
        Event::LeasesBefore { leases: known, .. } => *known = leases.clone(),
        _ => {}
    })
}

fn named(story: &Story) -> Vec<u32> {
    story.judged().verdicts.observed.orphans_before.iter().map(|orphan| orphan.oid).collect()
}

#[test]
fn a_role_that_matches_and_has_no_lease_is_told_and_fails_where_none_is_promised() {
    let other = story(vec![role(7, "postgres", None), role(8, "v-jones", None), role(9, "app-role", None)], vec![]);
    other.passes("RUN-7");
    let mut one = story(vec![left(50, 0)], vec![]);
    let findings = one.fails("RUN-7");
    assert_eq!((findings.len(), findings[0].oid, findings[0].promised.clone()), (1, Some(50), Some(line(18))));
    assert_snapshot!(findings[0].what, @"v-token-le-app-role-00000000000000000050-1699990000 on target existed before the run, matches the username pattern of app-role, and Vault lists no lease of the scenario's roles for it; it can log in");
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
    // Of leases that were not looked up the latest roles have them.
    let unknown = |number| LeaseBefore { issued: None, expires: None, ..lease(number, 0) };
    assert_eq!(named(&story(roles.clone(), vec![unknown(1), unknown(2)])), [50]);
    // One of another Vault role is none of theirs.
    let elsewhere = LeaseBefore { lease: LeaseId::new("database/creds/other/A"), ..lease(1, 0) };
    assert_eq!(named(&story(roles, vec![elsewhere])), [50, 51, 52]);
    // A renewed lease ends when VALID UNTIL says so.
    let mut renewed = lease(1, 0);
    renewed.expires = Some(UnixMicros((ISSUED + 3 * HOUR) * 1_000_000));
    let mut role = left(50, 0);
    role.valid_until = Some(UnixMicros((ISSUED + 3 * HOUR + 5) * 1_000_000));
    assert!(named(&story(vec![role], vec![renewed])).is_empty());
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
fn vaults_own_accounts_are_no_leftovers_and_other_clusters_are_not_looked_at() {
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
fn without_a_look_at_leases_nothing_is_said() {
    let story = story(vec![left(50, 0)], vec![]).without(|event| matches!(event, Event::LeasesBefore { .. }));
    let why = "Vault's leases were not observed before the first credential was requested";
    assert_eq!(story.unknown("RUN-7"), why);
    assert!(named(&story).is_empty());
}
