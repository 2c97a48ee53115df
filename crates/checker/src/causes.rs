//! Causes: the findings of all failed checks, grouped by their text.
//!
//! Findings with the same server message are one cause, even if they belong to different checks; so are findings about one
//! server that cannot be reached, whatever each operation reports of it. A check that fails for the same credentials as an
//! earlier one, in a way that follows from it, is listed under that cause.

mod connection;
mod draft;
mod follows;
mod group;
mod names;
mod notes;
mod pattern;
mod place;
mod privilege;
mod spells;
mod steps;
mod unlogged;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use leaseproof_domain::{CauseFault, CheckId, FailureCause, Micros};

use self::draft::Draft;
use self::group::Said;
pub(crate) use self::group::{Group, Groups};
pub use self::names::GeneratedNames;
pub(crate) use self::pattern::without_details;
pub(crate) use self::place::{complete, statements, undecided_by};

/// From this share of its samples on a check fails throughout, and not only for some credentials.
const THROUGHOUT: f64 = 0.9;

/// What one failed check found.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) check: CheckId,
    /// Whether the failure is declared in the scenario.
    pub(crate) known_issue: bool,
    pub(crate) samples: u64,
    pub(crate) groups: Groups,
}

/// How much a check judged, and found.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    samples: u64,
    findings: u64,
}

impl Found {
    /// Whether so many findings are nearly all of its samples.
    fn is_throughout(&self, findings: u64) -> bool {
        self.samples > 0 && findings as f64 >= self.samples as f64 * THROUGHOUT
    }
}

/// What the plan and the run say of causes.
pub(crate) struct Context<'a> {
    /// For how long a request is in flight at most.
    pub(crate) timeout: Duration,
    /// The fault in whose window a moment is, and which of some codes it does not expect.
    pub(crate) fault: &'a dyn Fn(Micros, &BTreeSet<String>) -> Option<CauseFault>,
}

/// The causes behind the failed checks: SAT-1 first, then in order of time, declared ones last. The order of `failed` and
/// of the findings in it does not matter.
pub(crate) fn causes(failed: Vec<Failed>, context: &Context<'_>) -> Vec<FailureCause> {
    let timeout = context.timeout;
    let mut roots: Vec<Draft> = Vec::new();
    for mut draft in joined(drafts(failed), timeout) {
        roots.sort_by_key(|root| (root.rank(), root.first()));
        if let Some(root) = roots.iter_mut().find(|root| root.explains(&draft, timeout)) {
            root.take(draft);
            continue;
        }
        // Of some of the credentials only.
        let many = roots.iter_mut().filter(|root| root.may_explain_some(&draft));
        for root in many.collect::<Vec<_>>() {
            root.take_some(&mut draft);
        }
        if draft.is_empty() {
            continue;
        }
        match roots.iter_mut().find(|root| root.is_needed_by(&draft)) {
            Some(root) => root.take(draft),
            None => roots.push(draft),
        }
    }
    let mut roots = of_all_privileges(roots);
    roots.sort_by_cached_key(Draft::order);
    roots.into_iter().map(|root| root.finish(context)).collect()
}

/// One draft for each thing that is said, those of the earlier checks first.
fn drafts(failed: Vec<Failed>) -> Vec<Draft> {
    let mut said: BTreeMap<(bool, Said), BTreeMap<CheckId, Group>> = BTreeMap::new();
    let mut found: BTreeMap<CheckId, Found> = BTreeMap::new();
    for Failed { check, known_issue, samples: judged, groups } in failed {
        let of_check = found.entry(check).or_default();
        of_check.samples += judged;
        for (key, group) in groups.0 {
            of_check.findings += group.count;
            let checks = said.entry((known_issue, key)).or_default();
            match checks.get_mut(&check) {
                Some(same) => same.merge(group),
                None => drop(checks.insert(check, group)),
            }
        }
    }
    let drafts =
        said.into_iter().filter_map(|((known_issue, (key, _)), groups)| Draft::new(known_issue, key, groups, &found));
    let mut drafts: Vec<Draft> = drafts.collect();
    drafts.sort_by_cached_key(|draft| (draft.rank(), draft.order()));
    drafts
}

/// What says that a connection failed, and not which, belongs to the one that failed at that time.
fn joined(drafts: Vec<Draft>, timeout: Duration) -> Vec<Draft> {
    let is_named = |draft: &Draft| draft.connection.as_ref().is_some_and(|connection| connection.endpoint.is_some());
    let (mut named, others): (Vec<Draft>, Vec<Draft>) = drafts.into_iter().partition(is_named);
    if named.is_empty() {
        return others;
    }
    let mut rest = Vec::new();
    for draft in others {
        let near = named.iter_mut().filter(|named| named.may_be_behind(&draft, timeout));
        match near.min_by_key(|named| (named.apart(&draft), named.order_key())) {
            Some(named) => named.join(draft),
            None => rest.push(draft),
        }
    }
    rest.extend(named);
    rest.sort_by_cached_key(|draft| (draft.rank(), draft.order()));
    rest
}

/// What is said of several privileges in the same words is one cause.
fn of_all_privileges(drafts: Vec<Draft>) -> Vec<Draft> {
    let mut merged: BTreeMap<(bool, CheckId, String), Draft> = BTreeMap::new();
    for draft in drafts {
        let said = (draft.known_issue, draft.check, draft.key.clone());
        match merged.get_mut(&said) {
            Some(same) => same.join(draft),
            None => drop(merged.insert(said, draft)),
        }
    }
    merged.into_values().collect()
}

#[cfg(test)]
mod tests;
