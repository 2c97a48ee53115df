use std::collections::BTreeSet;

use leaseproof_domain::{Event, Finding, LeaseId, RoleSeen};

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, ObservationTime, Run};
use crate::words::count;

/// No role is left without a lease.
#[derive(Default)]
pub(super) struct OrphansAfterRun {
    after_drain: bool,
    after_release: bool,
    /// What was left without a lease once the run's token was revoked, with the observation that showed it.
    left: Vec<(RoleSeen, ObservationTime)>,
    /// What was left whose lease Vault still listed.
    listed: Vec<(RoleSeen, ObservationTime)>,
    /// Whether Vault was still revoking leases then.
    shrinking: bool,
    /// Credentials that outlive their token with a lease.
    outlived: u64,
    /// Groups that stay and that the scenario does not declare, with the observation that showed them.
    groups: Vec<(RoleSeen, ObservationTime)>,
}

impl Check for OrphansAfterRun {
    fn see(&mut self, event: &Event, run: &Run<'_>, collector: &mut FindingCollector) {
        let Event::Residue { from, to, released, roles, leases, shrinking } = event else { return };
        let observation = ObservationTime { from: *from, to: *to };
        if *released {
            self.after_release = true;
            self.shrinking = *shrinking;
            let (groups, roles): (Vec<_>, Vec<_>) = roles.iter().partition(|role| run.groups.is_shared(&role.name));
            let undeclared = groups.into_iter().filter(|group| !run.groups.is_declared(&group.name));
            self.groups.extend(undeclared.map(|group| (group.clone(), observation)));
            let (outlived, roles): (Vec<_>, Vec<_>) =
                roles.into_iter().partition(|role| after_its_early_end(role, leases, run));
            self.outlived += outlived.len() as u64;
            let (listed, left) = Leases::of(leases, run).split(roles, |_, listed| listed, run);
            self.listed.extend(listed.into_iter().map(|role| (role.clone(), observation)));
            self.left.extend(left.into_iter().map(|role| (role.clone(), observation)));
            return;
        }
        self.after_drain = true;
        let orphans = without_lease(roles, leases, observation, run);
        let allowed = allowed(run);
        if orphans.len() as u64 > allowed {
            for role in orphans {
                let what = format!(
                    "{} has no lease after the drain; {} allowed{}",
                    role.name,
                    allowed_words(allowed),
                    run.groups.why_not_allowed(&role.name)
                );
                collector.find(finding(run, role, observation, what));
            }
        }
    }

    fn lifecycle(&mut self, lifecycle: &Lifecycle, _: &Run<'_>, collector: &mut FindingCollector) {
        if lifecycle.acknowledged().is_some() {
            collector.sample();
        }
    }

    fn end(&mut self, run: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        let (doubtful, certain): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.left).into_iter().partition(|(role, _)| is_in_doubt(role, run, whole));
        let many = doubtful.len() as u64;
        let excused = many <= allowed(run);
        for (role, observation) in certain.iter().chain(doubtful.iter().filter(|_| !excused)) {
            let what = format!(
                "{} still exists after the run's token was revoked; 0 orphaned roles are allowed{}{}",
                role.name,
                run.groups.why_not_allowed(&role.name),
                run.why_not_revoked(&role.name)
            );
            collector.find(finding(run, role, *observation, what));
        }
        let groups = std::mem::take(&mut self.groups);
        if let Some((first, observation)) = groups.first() {
            collector.find(finding(run, first, *observation, undeclared(&groups, run)));
        }
        tell_declared(run, whole, collector);
        self.still_listed(run, collector);
        if excused && many > 0 {
            collector.note(format!(
                "{} left by an issue whose COMMIT was in flight in a fault: Vault has no lease for it; drop it by hand",
                count(many, "role")
            ));
        }
        if !self.after_drain {
            collector.cannot_say("roles and leases were not observed after the drain");
        }
        if !self.after_release {
            collector.cannot_say("roles and leases were not observed after the run's token was revoked");
        }
        if self.outlived > 0 {
            let credentials = count(self.outlived, "credential");
            collector.note(format!(
                "{credentials} issued while the token expired outlived it, each with its lease; not judged"
            ));
        }
    }

    fn is_of_clusters(&self) -> bool {
        true
    }

    fn without_samples(&self) -> &'static str {
        "no credential was acknowledged"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}

impl OrphansAfterRun {
    /// A role whose lease Vault still lists is no orphan: it is being revoked, or cannot be.
    fn still_listed(&self, run: &Run<'_>, collector: &mut FindingCollector) {
        if self.listed.is_empty() {
            return;
        }
        let many = self.listed.len() as u64;
        if self.shrinking {
            return collector.cannot_say(format!(
                "Vault was still revoking when the run stopped waiting; it still listed the leases of {}",
                count(many, "role")
            ));
        }
        let stopped = run.revocation.stopped_at().unwrap_or_default();
        collector
            .note(format!("{} whose leases Vault still lists: revocation stopped at {stopped}", count(many, "role")));
        for (role, observation) in &self.listed {
            let what = format!(
                "{} still exists after the run's token was revoked: Vault still lists its lease and revoked nothing after \
                 {stopped}; every lease must be revoked{}",
                role.name,
                run.why_not_revoked(&role.name)
            );
            collector.find(finding(run, role, *observation, what));
        }
    }
}

/// How many roles may be without a lease.
fn allowed(run: &Run<'_>) -> u64 {
    run.plan.promise.orphans.as_ref().map_or(0, |promise| promise.value)
}

/// Whether a role belongs to no credential that any client received, and appeared while a fault window was open: its COMMIT may have
/// been under way when PostgreSQL was lost, and Vault answers that with an error and writes no lease.
fn is_in_doubt(role: &RoleSeen, run: &Run<'_>, whole: &Whole<'_>) -> bool {
    let orphan = whole.orphans.iter().find(|orphan| orphan.track.oid == role.oid);
    orphan.is_some_and(|orphan| run.faults.in_window(orphan.appeared.from, orphan.appeared.to))
}

fn allowed_words(allowed: u64) -> String {
    if allowed == 0 {
        "0 orphaned roles are".to_owned()
    } else if allowed == 1 {
        "1 orphaned role is".to_owned()
    } else {
        format!("{allowed} orphaned roles are")
    }
}

/// The roles that certainly have no lease.
fn without_lease<'r>(
    roles: &'r [RoleSeen],
    leases: &[LeaseId],
    observation: ObservationTime,
    run: &Run<'_>,
) -> Vec<&'r RoleSeen> {
    // Those of a live server's agent are being revoked with its token: the observation after that judges them.
    let others = |role: &&RoleSeen| !run.dns.owns(&role.name) && !run.groups.is_shared(&role.name);
    let roles = roles.iter().filter(others).collect();
    let ending = |lifecycle: &Lifecycle, listed: bool| listed || run.may_be_ending(lifecycle, observation);
    Leases::of(leases, run).split(roles, ending, run).1
}

/// The leases that Vault lists.
struct Leases<'l> {
    listed: BTreeSet<&'l LeaseId>,
    /// How many of them no answer named: each may be the lease of a role that no answer named.
    unreported: usize,
}

impl<'l> Leases<'l> {
    fn of(leases: &'l [LeaseId], run: &Run<'_>) -> Self {
        let unreported = leases.iter().filter(|lease| !run.is_owned(lease) && !run.dns.owns_lease(lease)).count();
        Self { listed: leases.iter().collect(), unreported }
    }

    /// The roles that have, or may have, one of the leases, and those that have none. `has` decides on a role whose lease
    /// is known by whether it is listed.
    fn split<'r>(
        mut self,
        roles: Vec<&'r RoleSeen>,
        has: impl Fn(&Lifecycle, bool) -> bool,
        run: &Run<'_>,
    ) -> (Vec<&'r RoleSeen>, Vec<&'r RoleSeen>) {
        roles.into_iter().partition(|role| match run.lifecycle_of(&role.name) {
            Some(lifecycle) => {
                has(lifecycle, lifecycle.lease.as_ref().is_some_and(|lease| self.listed.contains(lease)))
            }
            None if run.dns.owns(&role.name) => run.dns.leases_of(&role.name).any(|lease| self.listed.contains(lease)),
            None => {
                let explained = self.unreported > 0;
                self.unreported = self.unreported.saturating_sub(1);
                explained
            }
        })
    }
}

/// What groups are that stay, and how all of them are declared.
fn undeclared(groups: &[(RoleSeen, ObservationTime)], run: &Run<'_>) -> String {
    let names: Vec<&str> = groups.iter().map(|(role, _)| role.name.as_str()).collect();
    let list = |separator: &str, quote: &str| {
        names.iter().map(|name| format!("{quote}{name}{quote}")).collect::<Vec<_>>().join(separator)
    };
    let unseen = groups.iter().any(|(role, _)| role.password.is_none());
    let password = if unseen { " (its password cannot be read here)" } else { "" };
    let instead: Vec<String> = run
        .plan
        .promise
        .creates
        .iter()
        .filter_map(|promised| {
            let near = names.iter().any(|name| promised.value.eq_ignore_ascii_case(name));
            near.then(|| format!("`{}`", promised.value))
        })
        .collect();
    let instead = if instead.is_empty() { String::new() } else { format!(", in place of {}", instead.join(" and ")) };
    let orphans = if allowed(run) > 0 { "; `orphans` does not count groups" } else { "" };
    let (what, them) = match names.len() {
        1 => ("was created during the run and stays: a role", "it"),
        _ => ("were created during the run and stay: each is a role", "them"),
    };
    format!(
        "{} {what} without LOGIN, password and VALID UNTIL{password}, so a group and no credential. If creation statements are to create {them}, \
         declare {them} in [promise]: creates = [{}]{instead}{orphans}",
        list(", ", ""),
        list(", ", "\""),
    )
}

/// Declared groups that are not there at the end.
fn tell_declared(run: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
    for promised in &run.plan.promise.creates {
        let name = &promised.value;
        match run.groups.appeared(name) {
            Some(true) => {}
            Some(false) => collector.note(format!("{name}, which `creates` names, was created and dropped again")),
            None if run.before.has(name) => {
                collector
                    .note(format!("{name}, which `creates` names, existed before the first credential was issued"));
            }
            // It is in another cluster.
            None if whole.groups.iter().any(|groups| groups.appeared(name).is_some()) => {}
            None => {
                collector.note(format!("{name}, which `creates` names, did not appear: check its spelling and case"))
            }
        }
    }
}

/// Whether Vault still has the role's lease, which it may have written down while its token was ending.
fn after_its_early_end(role: &RoleSeen, leases: &[LeaseId], run: &Run<'_>) -> bool {
    let Some(lifecycle) = run.lifecycle_of(&role.name).filter(|lifecycle| lifecycle.may_outlive_its_early_end()) else {
        return false;
    };
    lifecycle.lease.as_ref().is_some_and(|lease| leases.contains(lease))
}

fn finding(run: &Run<'_>, role: &RoleSeen, observation: ObservationTime, what: String) -> Finding {
    Finding {
        what,
        lease: run.lifecycle_of(&role.name).and_then(|lifecycle| lifecycle.lease.clone()),
        username: Some(role.name.clone()),
        oid: Some(role.oid),
        at: Some(observation.from),
        promised: run.plan.promise.orphans.as_ref().map(|promise| promise.origin.clone()),
        ..Finding::default()
    }
}
