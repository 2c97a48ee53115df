//! Causes: the findings of all failed checks, grouped by their text.
//!
//! Findings with the same server message are one cause, even if they belong to different checks. A check that fails for
//! the same credentials as an earlier one, in a way that follows from it, is listed under that cause.

mod group;
mod pattern;
mod place;
mod privilege;

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{AlsoBroken, CheckId, FailureCause, Micros};

use self::group::Said;
pub(crate) use self::group::{Group, Groups};
pub use self::pattern::without_details;
pub(crate) use self::place::{complete, undecided_by};

/// Which checks fail because another one does: a role that cannot be dropped is left over, a login that is refused is
/// not usable in time. `docs/mutants.md` shows each pair on real servers.
const FOLLOWS: &[(&str, &[&str])] = &[
    ("SAT-1", &["AVL-1", "ISS-1", "LOG-1", "EXP-1", "INV-1", "INV-10", "FLT-1", "THR-1", "DNS-1", "DNS-2"]),
    ("AVL-1", &["INV-1", "INV-10", "FLT-1", "THR-1"]),
    ("ISS-1", &["POL-1", "INV-1", "INV-2", "INV-3", "INV-5", "INV-10", "RUN-2"]),
    ("LOG-1", &["INV-1", "INV-5", "DNS-1", "DNS-2", "DNS-3"]),
    ("GRA-1", &["PRB-1", "PRB-2", "INV-9", "LOG-1", "INV-5"]),
    ("TTL-2", &["INV-4", "INV-5"]),
    ("TTL-7", &["TTL-2", "INV-4", "INV-7"]),
    ("REV-1", &["EXP-1", "RUN-2", "INV-3", "INV-6a", "INV-8", "INV-10", "INV-11"]),
    ("EXP-1", &["RUN-2", "INV-3", "INV-6a", "INV-8", "INV-10", "INV-11"]),
    ("INV-2", &["INV-5"]),
];
/// From this share of its samples on a check fails throughout, and not only for some credentials.
const THROUGHOUT: f64 = 0.9;

/// What one failed check found.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) check: CheckId,
    /// Whether the failure is declared in the scenario.
    pub(crate) known: bool,
    pub(crate) samples: u64,
    pub(crate) groups: Groups,
}

/// A cause that is being put together.
struct Draft {
    known: bool,
    /// What it says, without the privilege.
    key: String,
    check: CheckId,
    group: Group,
    also: BTreeMap<CheckId, u64>,
    /// Whether its check failed throughout.
    throughout: bool,
}

/// The causes behind the failed checks: SAT-1 first, then in order of time, declared ones last. The order of `failed` and
/// of the findings in it does not matter.
pub(crate) fn causes(failed: Vec<Failed>) -> Vec<FailureCause> {
    let mut roots: Vec<Draft> = Vec::new();
    for draft in drafts(failed) {
        match roots.iter_mut().filter(|root| root.explains(&draft)).min_by_key(|root| (rank(root.check), root.first()))
        {
            Some(root) => root.take(draft),
            None => roots.push(draft),
        }
    }
    let mut roots = of_all_privileges(roots);
    roots.sort_by(|one, other| one.order().cmp(&other.order()));
    roots.into_iter().map(Draft::finish).collect()
}

/// One draft for each thing that is said, those of the earlier checks first.
fn drafts(failed: Vec<Failed>) -> Vec<Draft> {
    let mut said: BTreeMap<(bool, Said), BTreeMap<CheckId, Group>> = BTreeMap::new();
    let mut samples: BTreeMap<CheckId, (u64, u64)> = BTreeMap::new();
    for Failed { check, known, samples: judged, groups } in failed {
        let (all, found) = samples.entry(check).or_default();
        *all += judged;
        for (key, group) in groups.0 {
            *found += group.count;
            let checks = said.entry((known, key)).or_default();
            match checks.get_mut(&check) {
                Some(same) => same.merge(group),
                None => drop(checks.insert(check, group)),
            }
        }
    }
    let throughout = |check: &CheckId| {
        samples.get(check).is_some_and(|(all, found)| *all > 0 && *found as f64 >= *all as f64 * THROUGHOUT)
    };
    let mut drafts: Vec<Draft> = said
        .into_iter()
        .filter_map(|((known, (key, _)), mut checks)| {
            let check = *checks.keys().min_by_key(|check| rank(**check))?;
            let mut group = checks.remove(&check)?;
            let also = checks.iter().map(|(check, group)| (*check, group.count)).collect();
            group.subjects.extend(checks.into_values().flat_map(|group| group.subjects));
            Some(Draft { known, key, check, group, also, throughout: throughout(&check) })
        })
        .collect();
    drafts.sort_by(|one, other| (rank(one.check), one.order()).cmp(&(rank(other.check), other.order())));
    drafts
}

/// What is said of several privileges in the same words is one cause.
fn of_all_privileges(drafts: Vec<Draft>) -> Vec<Draft> {
    let mut merged: BTreeMap<(bool, CheckId, String), Draft> = BTreeMap::new();
    for draft in drafts {
        let said = (draft.known, draft.check, draft.key.clone());
        match merged.get_mut(&said) {
            Some(same) => same.join(draft),
            None => drop(merged.insert(said, draft)),
        }
    }
    merged.into_values().collect()
}

/// Saturation and availability come before what they make fail, and so do wrong privileges and TTLs; the others stand as
/// in the catalogue.
fn rank(check: CheckId) -> (u8, CheckId) {
    let first = match check.as_str() {
        "SAT-1" => 0,
        "AVL-1" => 1,
        "GRA-1" | "TTL-7" => 2,
        _ => 3,
    };
    (first, check)
}

impl Draft {
    fn first(&self) -> Micros {
        self.group.example.at.unwrap_or(Micros(u64::MAX))
    }

    fn order(&self) -> (bool, bool, Micros, (u8, CheckId), String, Option<&str>) {
        let privilege = self.group.example.privilege.as_deref();
        let saturated = self.check.as_str() == "SAT-1";
        (self.known, !saturated, self.first(), rank(self.check), self.group.shown(), privilege)
    }

    fn checks(&self) -> BTreeSet<CheckId> {
        self.also.keys().copied().chain([self.check]).collect()
    }

    /// Whether the other's checks fail because this one does: for the same credentials, or where this one failed
    /// throughout. A wrong privilege explains what is said of that privilege, and the queries that need it.
    fn explains(&self, other: &Self) -> bool {
        let follows = FOLLOWS.iter().find(|(check, _)| *check == self.check.as_str()).map_or(&[][..], |(_, ids)| ids);
        if self.known != other.known || !other.checks().iter().all(|check| follows.contains(&check.as_str())) {
            return false;
        }
        let (own, others) = (&self.group, &other.group);
        match (own.privileges.is_empty(), others.privileges.is_empty()) {
            (true, true) if (self.check.as_str(), other.check.as_str()) == ("TTL-7", "TTL-2") => {
                others.lines().is_subset(&own.lines())
            }
            (true, true) => {
                let subjects = !others.subjects.is_empty() && others.subjects.is_subset(&own.subjects);
                subjects || self.throughout || self.check.as_str() == "SAT-1"
            }
            (false, false) => others.privileges.is_subset(&own.privileges) || privilege::brings(own, others),
            (false, true) => privilege::is_missed_by(own, others),
            (true, false) => false,
        }
    }

    /// Takes what follows from this.
    fn take(&mut self, other: Self) {
        for (check, count) in other.also.into_iter().chain([(other.check, other.group.count)]) {
            *self.also.entry(check).or_default() += count;
        }
        self.group.subjects.extend(other.group.subjects);
    }

    /// Takes what says the same of another privilege.
    fn join(&mut self, other: Self) {
        for (check, count) in other.also {
            *self.also.entry(check).or_default() += count;
        }
        self.group.merge(other.group);
    }

    fn finish(self) -> FailureCause {
        let (what, about) = (self.group.shown(), self.group.cause_subjects());
        let Group { count, mut example, added, privileges, .. } = self.group;
        example.what.push_str(&added);
        FailureCause {
            what: if count == 1 { example.what.clone() } else { what },
            check: self.check,
            count,
            first_at: example.at,
            privileges: privileges.into_iter().collect(),
            example,
            also_breaks: self.also.into_iter().map(|(check, count)| AlsoBroken { check, count }).collect(),
            known: self.known,
            about,
            warnings: Vec::new(),
            after: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
