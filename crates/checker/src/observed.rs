use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{
    AuthFailure, CreatedGroup, Event, HeldSession, LeaseId, MetricReading, Observed, ObservedNote, Observer, Outcome,
    RoleSeen, ServerNote, Username,
};

use crate::fold::{LeftBefore, ObservationTime, Run};
use crate::part::Part;

/// Takes in what an event tells that no check judges.
pub(crate) fn see(observed: &mut Observed, event: &Event) {
    match event {
        Event::HeldSession(held) => *observed.held_sessions.entry(fate(held)).or_default() += 1,
        Event::Leases(observation) => observed.most_leases = observed.most_leases.max(observation.total),
        Event::AuthFailure(failure) => *observed.refused_logins.entry(reason(failure)).or_default() += 1,
        Event::Metrics(reading) => {
            gauges(&mut observed.gauges, reading);
            observed.gauges_missing = None;
        }
        Event::WatchGap(gap) if gap.observer == Observer::Metrics && observed.gauges.is_empty() => {
            observed.gauges_missing.get_or_insert_with(|| gap.why.clone());
        }
        Event::Setup(setup) => {
            let of = |note: &ServerNote| ObservedNote {
                of: setup.action.clone(),
                origin: Some(setup.origin.clone()),
                note: note.clone(),
            };
            observed.notes.extend(setup.notes.iter().map(of));
        }
        Event::LoggedNote(logged) => {
            let of = format!("log of {}", logged.server);
            observed.notes.push(ObservedNote { of, origin: None, note: logged.note.clone() });
        }
        _ => {}
    }
}

/// Takes in what is left after the drain; the run, or the part of it, has taken it in already.
pub(crate) fn residue(observed: &mut Observed, event: &Event, run: &Run<'_>) {
    if let Event::Residue { from, to, released: false, roles, leases, .. } = event {
        let observation = ObservationTime { from: *from, to: *to };
        observed.leases_without_role += without_role(leases, roles, observation, run);
    }
}

/// How many roles from before the run are reported by name.
const NAMED: usize = 100;

/// What is known at the end: roles from before the run, and groups that appeared.
pub(crate) fn roles(observed: &mut Observed, left: LeftBefore, parts: &[Part<'_>]) {
    let LeftBefore { mut orphans, undecided } = left;
    observed.more_orphans_before = orphans.len().saturating_sub(NAMED) as u64;
    orphans.truncate(NAMED);
    observed.orphans_before = orphans;
    observed.undecided_before = undecided;
    for part in parts {
        let cluster = part.cluster.unwrap_or_default().to_owned();
        let shared = part.run.groups.shared().into_iter();
        observed.groups.extend(shared.map(|group| CreatedGroup { cluster: cluster.clone(), ..group }));
    }
}

fn fate(held: &HeldSession) -> String {
    match &held.query {
        Outcome::Ok => "stayed open".to_owned(),
        Outcome::Failed(failure) => format!("rejected with {}", failure.code),
        Outcome::Indeterminate { .. } | Outcome::Harness { .. } => "no answer".to_owned(),
    }
}

/// PostgreSQL's reason, which names the user in quotation marks at its beginning.
fn reason(failure: &AuthFailure) -> String {
    let Some(reason) = &failure.reason else { return "no reason recorded".to_owned() };
    reason.replacen(&format!("\"{}\"", failure.username), "…", 1)
}

fn gauges(largest: &mut BTreeMap<String, u64>, reading: &MetricReading) {
    for (name, value) in &reading.gauges {
        let value = value.round() as u64;
        let most = largest.entry(name.clone()).or_default();
        *most = value.max(*most);
    }
}

/// How many leases have no role. Leases that no answer named are only counted: as many such leases as such roles are pairs.
fn without_role(leases: &[LeaseId], roles: &[RoleSeen], observation: ObservationTime, run: &Run<'_>) -> u64 {
    let there: BTreeSet<&Username> = roles.iter().map(|role| &role.name).collect();
    let unreported = |role: &&RoleSeen| {
        run.lifecycle_of(&role.name).is_none() && !run.dns.owns(&role.name) && !run.groups.is_shared(&role.name)
    };
    let untold_roles = roles.iter().filter(unreported).count();
    let (reported, unreported): (Vec<&LeaseId>, Vec<&LeaseId>) =
        leases.iter().filter(|lease| !run.dns.owns_lease(lease)).partition(|lease| run.is_owned(lease));
    let lost = reported.into_iter().filter_map(|lease| run.lifecycle_with(lease)).filter(|lifecycle| {
        let is_there = lifecycle.username.as_ref().is_none_or(|name| there.contains(&*name.of_role()));
        !is_there && !run.may_be_ending(lifecycle, observation)
    });
    (lost.count() + unreported.len().saturating_sub(untold_roles)) as u64
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{AuthFailure, Micros, Username};

    use super::reason;

    #[test]
    fn a_reason_is_reported_without_the_user() {
        let failure = |reason: Option<&str>| AuthFailure {
            at: Micros(0),
            source: "postgres.target".to_owned(),
            line: 1,
            username: Username::new("v-a"),
            reason: reason.map(str::to_owned),
        };
        assert_eq!(reason(&failure(Some("User \"v-a\" has an expired password."))), "User … has an expired password.");
        assert_eq!(reason(&failure(Some("Role \"v-a\" does not exist."))), "Role … does not exist.");
        assert_eq!(reason(&failure(None)), "no reason recorded");
    }
}
