//! What was there before the first credential was requested.

mod owners;

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{LeaseBefore, OrphanBefore, OtherLeases, RoleSeen, UndecidedBefore, Username};
use leaseproof_scenario::{Plan, RoleNames, RolePromise};
use regex::Regex;

use self::owners::{Group, groups};

/// How many roles that are not judged are named.
const NAMED: usize = 20;

/// Roles and leases from before the run.
#[derive(Default)]
pub(crate) struct Before {
    /// By cluster; empty in histories that do not name it.
    roles: Vec<(String, Vec<RoleSeen>)>,
    leases: Option<Vec<LeaseBefore>>,
    others: Option<OtherLeases>,
    gone: BTreeSet<Username>,
}

/// The roles from before the run that match a username pattern, and that Vault's leases do not account for.
#[derive(Default)]
pub(crate) struct LeftBefore {
    /// Roles that no lease can own.
    pub(crate) orphans: Vec<OrphanBefore>,
    /// Roles that some lease may own.
    pub(crate) undecided: Vec<UndecidedBefore>,
}

impl LeftBefore {
    /// How many roles have no lease, at least and at most.
    pub(crate) fn count(&self) -> (u64, u64) {
        let orphans = self.orphans.len() as u64;
        let sum = |of: fn(&UndecidedBefore) -> u64| self.undecided.iter().map(of).sum::<u64>();
        (orphans + sum(|undecided| undecided.at_least), orphans + sum(|undecided| undecided.at_most))
    }
}

impl Before {
    pub(super) fn baseline(&mut self, cluster: &str, roles: &[RoleSeen]) {
        self.roles.push((cluster.to_owned(), roles.to_vec()));
    }

    pub(super) fn leases(&mut self, leases: &[LeaseBefore], others: Option<&OtherLeases>, gone: &[Username]) {
        self.leases.get_or_insert_default().extend(leases.iter().cloned());
        self.others = others.cloned();
        self.gone.extend(gone.iter().cloned());
    }

    /// How many roles were observed.
    pub(crate) fn observed(&self) -> u64 {
        self.roles.iter().map(|(_, roles)| roles.len().max(1) as u64).sum()
    }

    /// Whether the roles of a cluster were observed.
    pub(crate) fn has_cluster(&self, name: &str) -> bool {
        self.roles.iter().any(|(cluster, _)| cluster.is_empty() || cluster == name)
    }

    /// Whether Vault's leases were observed.
    pub(crate) fn knows_leases(&self) -> bool {
        self.leases.is_some()
    }

    /// Whether a role of that name was there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.roles.iter().any(|(_, roles)| roles.iter().any(|role| role.name.as_str() == name))
    }

    /// The roles that match a username pattern and that have fewer leases than there are of them.
    pub(crate) fn left(&self, plan: &Plan) -> LeftBefore {
        let Some(leases) = &self.leases else { return LeftBefore::default() };
        let candidates = self.candidates(plan);
        let others = self.others.as_ref().map_or(&[][..], |others| others.leases.as_slice());
        let unlisted = match &self.others {
            Some(others) => others.unlisted.as_deref(),
            None => Some("the history does not have them"),
        };
        let mut left = LeftBefore::default();
        let mut undecided: BTreeMap<String, UndecidedBefore> = BTreeMap::new();
        for group in groups(&candidates, leases, others) {
            let without_promised = group.roles.len().saturating_sub(group.promised.len());
            let without_any = without_promised.saturating_sub(group.others.len());
            match (without_promised, unlisted) {
                (0, _) => {}
                // No lease may own it: then it is alone.
                (_, None) if without_any == group.roles.len() => {
                    left.orphans.extend(group.roles.iter().map(|candidate| candidate.orphan()));
                }
                (_, unlisted) => {
                    let why = why(&group, unlisted);
                    let known = undecided.entry(why.clone()).or_insert_with(|| undecided_for(why));
                    known.roles += group.roles.len() as u64;
                    known.at_least += if unlisted.is_none() { without_any as u64 } else { 0 };
                    known.at_most += without_promised as u64;
                    known.names.extend(group.roles.iter().map(|candidate| candidate.role.name.clone()));
                }
            }
        }
        left.orphans.sort();
        left.undecided = undecided.into_values().collect();
        for undecided in &mut left.undecided {
            undecided.names.sort();
            undecided.names.truncate(NAMED);
        }
        left
    }

    fn candidates<'a>(&'a self, plan: &'a Plan) -> Vec<Candidate<'a>> {
        let names = plan.role_names();
        let names: Vec<(RoleNames<'a>, Regex)> =
            names.into_iter().filter_map(|names| whole(&names.pattern).map(|pattern| (names, pattern))).collect();
        let accounts = accounts(plan);
        let mut candidates = Vec::new();
        for (cluster, roles) in &self.roles {
            let is_suspect =
                |role: &&RoleSeen| !accounts.contains(role.name.as_str()) && !self.gone.contains(&role.name);
            for role in roles.iter().filter(is_suspect) {
                let on = |names: &RoleNames<'_>| cluster.is_empty() || names.on == cluster;
                // A pattern that the scenario says may match a group's name as well.
                let fits = |(names, pattern): &&(RoleNames<'a>, Regex)| {
                    on(names) && pattern.is_match(role.name.as_str()) && !(names.said && role.is_group())
                };
                let of: Vec<Option<&'a RolePromise>> = names.iter().filter(fits).map(|(names, _)| names.role).collect();
                if !of.is_empty() {
                    candidates.push(Candidate { cluster, role, of: of.into_iter().flatten().collect() });
                }
            }
        }
        candidates
    }
}

/// A role whose name matches a username pattern.
struct Candidate<'a> {
    cluster: &'a str,
    role: &'a RoleSeen,
    /// The promised roles whose pattern it matches.
    of: Vec<&'a RolePromise>,
}

impl Candidate<'_> {
    /// Whether its name matches the pattern of that promised role.
    fn is_named_for(&self, mount: &str, name: &str) -> bool {
        self.of.iter().any(|role| role.mount == mount && role.name == name)
    }

    fn orphan(&self) -> OrphanBefore {
        OrphanBefore {
            name: self.role.name.clone(),
            oid: self.role.oid,
            cluster: self.cluster.to_owned(),
            login: self.role.login,
            valid_until: self.role.valid_until,
            role: self.of.first().map(|role| role.name.clone()),
        }
    }
}

fn undecided_for(why: String) -> UndecidedBefore {
    UndecidedBefore { why, roles: 0, at_least: 0, at_most: 0, names: Vec::new() }
}

/// Why it is not known which of these roles have a lease.
fn why(group: &Group<'_>, unlisted: Option<&str>) -> String {
    if let Some(why) = unlisted {
        return format!(
            "the leases of other Vault roles are not all known ({why}), and one of them may own such a role"
        );
    }
    let of = |leases: &[&LeaseBefore]| {
        let roles: BTreeSet<String> = leases
            .iter()
            .filter_map(|lease| lease.lease.vault_role())
            .map(|(mount, role)| format!("{mount}/creds/{role}"))
            .collect();
        roles.into_iter().collect::<Vec<_>>().join(", ")
    };
    if group.others.is_empty() {
        return format!("a lease of {} may own any of several such roles", of(&group.promised));
    }
    format!("a lease of {}, which the scenario does not promise, may own such a role", of(&group.others))
}

/// Accounts that are no credentials: those that Vault and the environment log in as.
fn accounts(plan: &Plan) -> BTreeSet<String> {
    let superusers = plan.postgres.values().map(|cluster| cluster.superuser.clone());
    plan.vault_accounts().into_iter().chain(superusers).collect()
}

/// A pattern that a name has to match whole.
pub(super) fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}
