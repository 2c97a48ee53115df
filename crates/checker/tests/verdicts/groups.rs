//! Groups that creation statements create: RUN-2 names each that the scenario does not declare, once, and INV-3 none.

use insta::assert_snapshot;
use leaseproof_domain::{CreatedGroup, Event, RoleSeen, UnixMicros, Username};
use leaseproof_scenario::Promised;

use crate::story::{S, Story, line, membership, privileges, username};

fn group(oid: u32, name: &str) -> RoleSeen {
    RoleSeen {
        cluster: String::new(),
        oid,
        name: Username::new(name),
        valid_until: None,
        login: false,
        password: Some(false),
    }
}

/// The good story, in which these roles appear at 1.7 s and stay.
fn with_roles(roles: &[RoleSeen]) -> Story {
    Story::good().without(|event| matches!(event, Event::Residue { .. })).with(|story| {
        story.observation(1_700_000, roles.to_vec(), vec![]);
        story.residue(20 * S, false, roles.to_vec(), vec![]);
        story.residue(21 * S, true, roles.to_vec(), vec![]);
    })
}

/// Every credential is a member of these.
fn shared(story: Story, groups: &[&str]) -> Story {
    let mut story = story.each(|event| {
        if let Event::PrivilegeSet { set, .. } = event {
            *set = privileges();
            set.memberships = groups.iter().map(|group| membership(group, true)).collect();
        }
    });
    story.plan.roles[0].grants = None;
    story
}

fn declaring(mut story: Story, names: &[&str]) -> Story {
    story.plan.promise.creates =
        names.iter().map(|name| Promised { value: (*name).into(), origin: line(19) }).collect();
    story
}

#[test]
fn a_shared_group_that_is_not_declared_is_one_finding() {
    let story = shared(with_roles(&[group(900, "app_readers")]), &["app_readers"]);
    story.passes("INV-3");
    let findings = story.fails("RUN-2");
    assert_eq!((findings.len(), findings[0].oid, findings[0].promised.clone()), (1, Some(900), Some(line(13))));
    assert_snapshot!(findings[0].what, @r#"app_readers was created during the run and stays: a role without LOGIN, password and VALID UNTIL, so a group and no credential. If creation statements are to create it, declare it in [promise]: creates = ["app_readers"]"#);
    let groups = story.judged().verdicts.observed.groups;
    let expected = CreatedGroup {
        cluster: String::new(),
        name: Username::new("app_readers"),
        oid: 900,
        declared: false,
        stays: true,
    };
    assert_eq!(groups, [expected]);
}

#[test]
fn several_groups_that_are_not_declared_are_one_finding_that_declares_all_of_them() {
    let both = ["app_readers", "app_writers"];
    let story = shared(with_roles(&[group(900, both[0]), group(901, both[1])]), &both);
    let findings = story.fails("RUN-2");
    assert_eq!(findings.len(), 1);
    assert_snapshot!(findings[0].what, @r#"app_readers, app_writers were created during the run and stay: each is a role without LOGIN, password and VALID UNTIL, so a group and no credential. If creation statements are to create them, declare them in [promise]: creates = ["app_readers", "app_writers"]"#);
    let one = declaring(story, &both[..1]).fails("RUN-2");
    assert!(one[0].what.starts_with("app_writers was created") && one[0].what.ends_with("creates = [\"app_writers\"]"));
}

#[test]
fn a_declared_group_may_stay_under_its_exact_name() {
    let story = |names: &[&str]| {
        let there = with_roles(&[group(900, "app_readers"), group(901, "Audit \"Team\"")]);
        declaring(shared(there, &["app_readers", "Audit \"Team\""]), names)
    };
    let both = story(&["app_readers", "Audit \"Team\""]);
    both.passes("RUN-2");
    both.passes("INV-3");
    assert!(both.judgment("RUN-2").notes.is_empty());
    let findings = story(&["App_Readers", "Audit \"Team\""]).fails("RUN-2");
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0].what.ends_with("creates = [\"app_readers\"], in place of `App_Readers`"),
        "{}",
        findings[0].what
    );
}

#[test]
fn a_group_needs_no_members_to_be_one_of_all_credentials() {
    // Three credentials, one group.
    let story = with_roles(&[group(900, "owners")]);
    story.passes("INV-3");
    assert_eq!(story.fails("RUN-2").len(), 1);
    // Two groups of three credentials may be made for each.
    let story = with_roles(&[group(900, "owners"), group(901, "others")]);
    assert_eq!((story.fails("INV-3").len(), story.fails("RUN-2").len()), (2, 4));
}

#[test]
fn a_group_per_credential_is_left_behind_by_each() {
    let own =
        |lifecycle: u64| group(900 + u32::try_from(lifecycle).unwrap(), &format!("{}_group", username(lifecycle)));
    let story = with_roles(&[own(1), own(2), own(3)]);
    assert_eq!(story.fails("INV-3").len(), 3);
    assert!(story.judged().verdicts.observed.groups.is_empty());
    // One alone is no shared one either, and several members of it change nothing.
    let name = format!("{}_group", username(1));
    let story = shared(with_roles(&[own(1)]), &[&name]);
    assert_eq!(story.fails("INV-3").len(), 1);
    assert_eq!(story.fails("RUN-2").len(), 2);
}

#[test]
fn a_shared_group_may_be_named_as_credentials_are() {
    // The engine's own template matches it, and no credential has its name's beginning.
    let name = "v-token-app-role-everybodyeverybody12-1700000000";
    let story = shared(with_roles(&[group(900, name)]), &[name]);
    story.passes("INV-3");
    let findings = story.fails("RUN-2");
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0].what.ends_with(&format!("declare it in [promise]: creates = [\"{name}\"]")),
        "{}",
        findings[0].what
    );
    let declared = declaring(story, &[name]);
    declared.passes("RUN-2");
    declared.passes("INV-3");
}

#[test]
fn a_declared_role_that_is_more_than_a_group_is_not_allowed() {
    let with = |change: &dyn Fn(&mut RoleSeen)| {
        let mut role = group(900, "app_readers");
        change(&mut role);
        let story = declaring(shared(with_roles(&[role]), &["app_readers"]), &["app_readers"]);
        let during = story.fails("INV-3");
        let (left, why) = (story.fails("RUN-2").last().unwrap().what.clone(), ". `creates` allows groups only");
        assert_eq!(during.len(), 1);
        assert_eq!(during[0].what.split_once(why).unwrap().1, left.split_once(why).unwrap().1);
        left
    };
    assert_snapshot!(with(&|role| role.login = true), @"app_readers still exists after the run's token was revoked; 0 orphaned roles are allowed. `creates` allows groups only, without LOGIN, password and VALID UNTIL; this role has LOGIN");
    assert!(with(&|role| role.password = Some(true)).ends_with("this role has a password"));
    assert!(with(&|role| role.valid_until = Some(UnixMicros(1))).ends_with("this role has VALID UNTIL"));
    // Where nobody may see passwords, none is assumed.
    let mut role = group(900, "app_readers");
    role.password = None;
    declaring(shared(with_roles(&[role]), &["app_readers"]), &["app_readers"]).passes("RUN-2");
}

#[test]
fn a_declared_group_that_is_not_created_or_is_gone_again_is_reported() {
    let never = declaring(Story::good(), &["app_raeders"]);
    never.passes("RUN-2");
    assert_snapshot!(never.judgment("RUN-2").notes[0], @"app_raeders, which `creates` names, did not appear: check its spelling and case");
    let before = never.clone().each(|event| {
        if let Event::Baseline(baseline) = event {
            baseline.roles.push(group(800, "app_raeders"));
        }
    });
    assert_snapshot!(before.judgment("RUN-2").notes[0], @"app_raeders, which `creates` names, existed before the first credential was issued");
    let dropped = declaring(Story::good(), &["app_readers"]).with(|story| {
        story.observation(1_700_000, vec![group(900, "app_readers")], vec![]);
    });
    assert_snapshot!(dropped.judgment("RUN-2").notes[0], @"app_readers, which `creates` names, was created and dropped again");
    dropped.passes("INV-3");
}

#[test]
fn a_group_takes_no_lease_and_no_issue_without_an_answer_from_a_credential() {
    // A lease of which no answer reported, and a role that it explains; the group beside it takes it from nobody.
    let stranger = RoleSeen { login: true, password: Some(true), ..group(950, "v-token-le-app-role-x") };
    let story = Story::good().without(|event| matches!(event, Event::Residue { .. })).with(|story| {
        let roles = vec![group(900, "app_readers"), stranger];
        story.observation(1_700_000, roles.clone(), vec![]);
        story.residue(20 * S, false, roles, vec![77]);
        story.residue(21 * S, true, vec![group(900, "app_readers")], vec![]);
    });
    let story = declaring(shared(story, &["app_readers"]), &["app_readers"]);
    story.passes("RUN-2");
    assert_eq!(story.judged().verdicts.observed.leases_without_role, 0);
}
