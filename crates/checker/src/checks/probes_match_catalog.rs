use std::collections::BTreeMap;

use leaseproof_domain::{Finding, Grant, Object, ObjectKind, Observer, PrivilegeSet, ProbeOutcome, ProbeRecord};

use super::shown::expect_shown;
use super::tried::expect_probes;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};
use crate::words::count;

/// The part of what is expected that needs a reading of the same credential.
const BESIDE: &str = "of the probes with a reading of the catalog";

/// What a credential can do is what the catalog says it may.
#[derive(Default)]
pub(super) struct ProbesMatchCatalog {
    /// Probes that were set beside the catalog, and those that could not be.
    compared: u64,
    beside_nothing: u64,
    /// The first disagreement of each kind, and how many there are.
    disagree: BTreeMap<(bool, Grant), (Finding, u64)>,
}

impl Check for ProbesMatchCatalog {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        expect_shown(lifecycle, run, collector);
        expect_probes(lifecycle, run, collector);
        if lifecycle.probes.is_empty() {
            return;
        }
        let readings: Vec<&PrivilegeSet> = lifecycle
            .track
            .iter()
            .flat_map(|track| &track.privileges)
            .filter(|(observation, _)| lifecycle.not_ended(observation.to))
            .filter_map(|(_, set)| run.sets.get(set))
            .collect();
        for probe in &lifecycle.probes {
            let works = match &probe.outcome {
                ProbeOutcome::Allowed => true,
                ProbeOutcome::Refused { .. } => false,
                _ => continue,
            };
            if !lifecycle.not_ended(probe.to) {
                continue;
            }
            match listed(&readings, probe) {
                None => {
                    self.beside_nothing += 1;
                    // Of single columns the catalog says less, whoever reads it.
                    if readings.is_empty() && !run.is_excused(probe.from, probe.to) {
                        collector.expect_of(BESIDE, false);
                    }
                }
                Some(listed) => {
                    self.compared += 1;
                    collector.expect_of(BESIDE, true);
                    if listed != works {
                        self.count(works, probe, lifecycle);
                    }
                }
            }
        }
    }

    fn end(&mut self, _: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        collector.samples(self.compared);
        for (finding, times) in std::mem::take(&mut self.disagree).into_values() {
            let others = match times - 1 {
                0 => String::new(),
                more => format!(" (and {})", count(more, "more credential")),
            };
            collector.find(Finding { what: format!("{}{others}", finding.what), ..finding });
        }
        if self.beside_nothing > 0 {
            let probes = count(self.beside_nothing, "probe");
            collector.note(format!(
                "{probes} could not be compared with the catalog: no reading of the same credential, different readings, or single columns only"
            ));
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Privileges]
    }

    fn without_samples(&self) -> &'static str {
        "no probe could be compared with a reading of the same credential's privileges"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["probes.share", "rate", "for"]
    }
}

impl ProbesMatchCatalog {
    fn count(&mut self, works: bool, probe: &ProbeRecord, lifecycle: &Lifecycle) {
        let (name, grant) = (lifecycle.name(), &probe.grant);
        let known = self.disagree.entry((works, grant.clone())).or_insert_with(|| {
            let (what, code) = match &probe.outcome {
                ProbeOutcome::Refused { sqlstate, message } => (
                    format!("{name} has {grant} in the catalog, but using it is rejected: {message}"),
                    Some(sqlstate.clone()),
                ),
                _ => (format!("{name} does not have {grant} in the catalog, but using it works"), None),
            };
            (Finding { privilege: Some(grant.to_string()), code, ..lifecycle.finding(probe.from, what) }, 0)
        });
        known.1 += 1;
    }
}

/// Whether the catalog lists the privilege as held; none where it was not read, or cannot be compared.
fn listed(readings: &[&PrivilegeSet], probe: &ProbeRecord) -> Option<bool> {
    let of_database = probe.grant.object.kind == ObjectKind::Database;
    let mut answers =
        readings.iter().filter(|set| of_database || set.database == probe.database).map(|set| holds(set, &probe.grant));
    let first = answers.next()??;
    answers.all(|answer| answer == Some(first)).then_some(first)
}

/// None where single columns are held: whether those are all that there are is not in the set.
fn holds(set: &PrivilegeSet, grant: &Grant) -> Option<bool> {
    if set.attributes.superuser {
        return Some(true);
    }
    let object = &grant.object;
    let table = Object { kind: ObjectKind::Table, column: None, ..object.clone() };
    let of = |wanted: &dyn Fn(&Object) -> bool| {
        set.held.iter().any(|held| held.grant.privilege == grant.privilege && wanted(&held.grant.object))
    };
    if of(&|held| held == object || object.kind == ObjectKind::Column && *held == table) {
        return Some(true);
    }
    let column_of =
        |held: &Object| held.kind == ObjectKind::Column && held.name == object.name && held.schema == object.schema;
    if object.kind == ObjectKind::Table && of(&column_of) {
        return None;
    }
    Some(false)
}
