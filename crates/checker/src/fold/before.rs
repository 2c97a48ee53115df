//! What was there before the first credential was asked for.

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{LeaseBefore, OrphanBefore, RoleSeen, UnixMicros, Username};
use leaseproof_scenario::{Plan, RoleNames, RolePromise};
use regex::Regex;

/// Vault adds these seconds to a lease's end for VALID UNTIL (sdk/database/dbplugin/v5), and cuts it to whole seconds.
const ADDED: i64 = 5;
/// How far VALID UNTIL may be from that: Vault asks for the time once for the role and once for the lease.
const SLACK: i64 = 3;
/// How long creation statements may take at most from the time in a name to the lease's issue.
const STATEMENTS: i64 = 120;

/// Roles and leases from before the run.
#[derive(Default)]
pub(crate) struct Before {
    /// By cluster; empty in histories that do not name it.
    roles: Vec<(String, Vec<RoleSeen>)>,
    leases: Option<Vec<LeaseBefore>>,
}

impl Before {
    pub(super) fn baseline(&mut self, cluster: &str, roles: &[RoleSeen]) {
        self.roles.push((cluster.to_owned(), roles.to_vec()));
    }

    pub(super) fn leases(&mut self, leases: &[LeaseBefore]) {
        self.leases.get_or_insert_default().extend(leases.iter().cloned());
    }

    /// How many roles were looked at.
    pub(crate) fn looked_at(&self) -> u64 {
        self.roles.iter().map(|(_, roles)| roles.len().max(1) as u64).sum()
    }

    /// Whether Vault's leases were looked at.
    pub(crate) fn knows_leases(&self) -> bool {
        self.leases.is_some()
    }

    /// Whether a role of that name was there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.roles.iter().any(|(_, roles)| roles.iter().any(|role| role.name.as_str() == name))
    }

    /// The roles that match a username pattern and for which no lease is left: each lease accounts for one role.
    pub(crate) fn orphans(&self, plan: &Plan) -> Vec<OrphanBefore> {
        let Some(leases) = &self.leases else { return Vec::new() };
        let names = plan.role_names();
        let names: Vec<(&RoleNames<'_>, Regex)> =
            names.iter().filter_map(|names| Some((names, whole(&names.pattern)?))).collect();
        let accounts = accounts(plan);
        let mut matching: BTreeMap<Option<&str>, Vec<Candidate<'_>>> = BTreeMap::new();
        for (cluster, roles) in &self.roles {
            for role in roles.iter().filter(|role| !accounts.contains(role.name.as_str())) {
                let on = |names: &RoleNames<'_>| cluster.is_empty() || names.on == cluster;
                // A pattern that the scenario says may match a group's name as well.
                let fits = |(names, pattern): &&(&RoleNames<'_>, Regex)| {
                    on(names) && pattern.is_match(role.name.as_str()) && !(names.said && role.is_group())
                };
                if let Some((names, _)) = names.iter().find(fits) {
                    let of = names.role.map(|role| role.name.as_str());
                    matching.entry(of).or_default().push(Candidate { cluster, role, of: names.role });
                }
            }
        }
        let mut orphans: Vec<OrphanBefore> =
            matching.into_values().flat_map(|candidates| without_lease(candidates, leases)).collect();
        orphans.sort();
        orphans
    }
}

struct Candidate<'a> {
    cluster: &'a str,
    role: &'a RoleSeen,
    of: Option<&'a RolePromise>,
}

/// Accounts that are no credentials: those that Vault and the environment log in as.
fn accounts(plan: &Plan) -> BTreeSet<String> {
    let superusers = plan.postgres.values().map(|cluster| cluster.superuser.clone());
    plan.vault_accounts().into_iter().chain(superusers).collect()
}

/// Pairs the candidates of one Vault role with its leases, those that end last first: of leases that were not looked up
/// it is most likely that the latest roles have them.
fn without_lease(mut candidates: Vec<Candidate<'_>>, leases: &[LeaseBefore]) -> Vec<OrphanBefore> {
    let prefix = candidates
        .first()
        .and_then(|candidate| candidate.of)
        .map(|role| format!("{}/creds/{}/", role.mount.trim_matches('/'), role.name));
    let mut leases: Vec<&LeaseBefore> = leases
        .iter()
        .filter(|lease| prefix.as_ref().is_some_and(|prefix| lease.lease.as_str().starts_with(prefix)))
        .collect();
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.role.valid_until));
    let mut orphans = Vec::new();
    for Candidate { cluster, role, of } in candidates {
        let nearest = leases.iter().enumerate().filter(|(_, lease)| fit(role, lease));
        match nearest.min_by_key(|(_, lease)| distance(role, lease)).map(|(place, _)| place) {
            Some(place) => drop(leases.swap_remove(place)),
            None => orphans.push(OrphanBefore {
                name: role.name.clone(),
                oid: role.oid,
                cluster: cluster.to_owned(),
                login: role.login,
                valid_until: role.valid_until,
                role: of.map(|role| role.name.clone()),
            }),
        }
    }
    orphans
}

/// Whether the lease can be the role's, as far as is known of it.
fn fit(role: &RoleSeen, lease: &LeaseBefore) -> bool {
    let ends = match (role.valid_until, lease.expires) {
        (Some(until), Some(expires)) => (seconds(until) - seconds(expires) - ADDED).abs() <= SLACK,
        _ => true,
    };
    let begins = match (time_in(&role.name), lease.issued) {
        (Some(named), Some(issued)) => (-SLACK..=STATEMENTS).contains(&(seconds(issued) - named)),
        _ => true,
    };
    ends && begins
}

fn distance(role: &RoleSeen, lease: &LeaseBefore) -> i64 {
    let begun = time_in(&role.name).zip(lease.issued).map(|(named, issued)| (seconds(issued) - named).abs());
    begun.unwrap_or(i64::MAX)
}

/// The Unix time that a name ends with, as the engine's own template has it.
fn time_in(name: &Username) -> Option<i64> {
    let digits = name.as_str().rsplit('-').next().filter(|digits| digits.len() == 10)?;
    digits.parse().ok()
}

fn seconds(time: UnixMicros) -> i64 {
    time.0.div_euclid(1_000_000)
}

/// A pattern that a name has to match whole.
pub(super) fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}
