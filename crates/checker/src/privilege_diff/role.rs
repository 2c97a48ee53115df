//! What a role is: attributes, memberships, settings.

use leaseproof_domain::{Escalation, EscalationKind, Membership, PrivilegeSet};
use leaseproof_scenario::{RolePromise, brings_membership};

use super::Deviation;
use super::held::{DATABASE_OWNER, own_database};

pub(super) fn attributes(promise: &RolePromise, set: &PrivilegeSet, found: &mut Vec<Deviation>) {
    for ((name, promised), (_, held)) in promise.attributes.named().into_iter().zip(set.attributes.named()) {
        match (promised, held) {
            (true, false) => {
                let what = format!("lacks the attribute {name}, which is promised");
                found.push(Deviation::missing(name, what, &promise.origin));
            }
            (false, true) => {
                let what = format!("has the attribute {name}, which is not promised");
                found.push(Deviation::extra(name, what, &promise.origin).of_statements(true));
            }
            _ => {}
        }
    }
    let Some(promised) = &promise.connection_limit else { return };
    let held = set.attributes.connection_limit;
    // In pg_authid, -1 is no limit.
    if held.unwrap_or(-1) != promised.value {
        let limit = |limit: i32| {
            if limit < 0 { "no connection limit".into() } else { format!("a connection limit of {limit}") }
        };
        let what = format!("has {}, but {} is promised", limit(held.unwrap_or(-1)), limit(promised.value));
        let more = held.is_none_or(|held| (0..held).contains(&promised.value));
        let deviation = if more { Deviation::extra } else { Deviation::missing };
        found.push(deviation("CONNECTION LIMIT".to_owned(), what, &promised.origin).of_statements(true));
    }
}

pub(super) fn memberships(promise: &RolePromise, set: &PrivilegeSet, found: &mut Vec<Deviation>) {
    for promised in &promise.member_of {
        let group = &promised.value.role;
        // No catalog shows that the owner of a database is a member of this one.
        let owns_database = || set.owned.iter().any(|(object, _)| *object == own_database(set));
        if group == DATABASE_OWNER && (set.database != promise.database || owns_database()) {
            continue;
        }
        if set.memberships.iter().all(|membership| membership.group != *group) {
            let what = format!("is not a member of {group}, which is promised");
            found.push(Deviation::missing(format!("membership of {group}"), what, &promised.origin));
        }
    }
    for membership in &set.memberships {
        let group = &membership.group;
        match promise.member_of.iter().find(|promised| promised.value.role == *group) {
            Some(promised) => {
                for (option, promised_option, held) in [
                    ("ADMIN", Some(promised.value.admin), membership.admin),
                    ("INHERIT", promised.value.inherit, membership.inherit),
                    ("SET", promised.value.set, membership.set),
                ] {
                    let privilege = format!("membership of {group} WITH {option} OPTION");
                    match (promised_option, held) {
                        (Some(true), false) => {
                            let what = format!("{}, which is promised", without(option, membership));
                            found.push(Deviation::missing(privilege, what, &promised.origin));
                        }
                        (Some(false), true) => {
                            let what = format!("{}, which is not promised", with(option, membership));
                            found.push(Deviation::extra(privilege, what, &promised.origin).of_statements(true));
                        }
                        _ => {}
                    }
                }
            }
            None if comes_with_another(membership, set) => {}
            None => {
                let through = if membership.direct { "" } else { " through another group" };
                // One finding for the cause, and none for each privilege.
                let brings = if group.starts_with("pg_") {
                    "; the privileges that PostgreSQL gives to it are not listed"
                } else {
                    ""
                };
                let powers: String = powers(group, set).map(|power| format!("; it {power}")).collect();
                let what = format!("is a member of {group}{through}, which is not promised{brings}{powers}");
                let extra = Deviation::extra(format!("membership of {group}"), what, &promise.origin);
                found.push(extra.of_statements(membership.direct));
            }
        }
    }
}

/// What the group lets it do that no ACL says.
fn powers<'s>(group: &'s str, set: &'s PrivilegeSet) -> impl Iterator<Item = &'s str> {
    let of_group = move |escalation: &&Escalation| {
        comes_with_a_membership(escalation.kind) && escalation.role.as_deref() == Some(group)
    };
    let named = format!("the predefined role {group} ");
    let words = move |escalation: &'s Escalation| escalation.what.strip_prefix(&named).unwrap_or(&escalation.what);
    set.escalations.iter().filter(of_group).map(words)
}

/// Whether such a way is one that a membership opens: it is reported with a membership that is not promised.
pub(super) fn comes_with_a_membership(kind: EscalationKind) -> bool {
    matches!(kind, EscalationKind::SetRole | EscalationKind::PredefinedRole)
}

/// Whether it is a member only because a predefined role is one, which is judged itself.
fn comes_with_another(membership: &Membership, set: &PrivilegeSet) -> bool {
    let brings = |other: &Membership| brings_membership(&other.group, &membership.group);
    !membership.direct && !membership.admin && set.memberships.iter().any(brings)
}

fn with(option: &str, membership: &Membership) -> String {
    let group = &membership.group;
    match option {
        "ADMIN" => format!("can grant membership of {group} to others"),
        "INHERIT" => format!("inherits the privileges of {group}"),
        _ => format!("can SET ROLE to {group}"),
    }
}

fn without(option: &str, membership: &Membership) -> String {
    let group = &membership.group;
    match option {
        "ADMIN" => format!("cannot grant membership of {group} to others"),
        "INHERIT" => format!("does not inherit the privileges of {group}"),
        _ => format!("cannot SET ROLE to {group}"),
    }
}

/// What its sessions in the promised database begin with; a setting for another database is never promised.
pub(super) fn settings(promise: &RolePromise, set: &PrivilegeSet, found: &mut Vec<Deviation>) {
    if promise.grants.is_none() {
        return;
    }
    let effective = |name: &str| {
        let mut named = set.settings.iter().filter(|setting| setting.name.eq_ignore_ascii_case(name));
        // What is set for one database comes before what is set for all (process_settings in postinit.c).
        let of_all = named.clone().find(|setting| setting.database.is_none());
        named.find(|setting| setting.database.as_ref() == Some(&promise.database)).or(of_all)
    };
    for (name, promised) in &promise.settings {
        let wanted = &promised.value;
        match effective(name) {
            Some(held) if held.value == *wanted => {}
            Some(held) => {
                let what = format!("has {held}, but {name} = {wanted} is promised");
                found.push(Deviation::missing(format!("SET {name}"), what, &promised.origin));
            }
            None => {
                let what = format!("lacks the setting {name} = {wanted}, which is promised");
                found.push(Deviation::missing(format!("SET {name}"), what, &promised.origin));
            }
        }
    }
    for setting in &set.settings {
        let here = setting.database.as_ref().is_none_or(|database| *database == promise.database);
        if !here || !promise.settings.keys().any(|name| name.eq_ignore_ascii_case(&setting.name)) {
            let what = format!("has {setting}, which is not promised");
            let extra = Deviation::extra(format!("SET {}", setting.name), what, &promise.origin);
            found.push(extra.of_statements(true));
        }
    }
}
