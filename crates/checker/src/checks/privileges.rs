use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use leaseproof_domain::{Finding, Micros, Observer, Operation};

use super::shown::expect_shown;
use crate::causes;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, ObservationTime, Run, Track};
use crate::privilege_diff::{Deviation, privilege_diff};
use crate::words::count;

/// How long after an observation showed a role its privileges are read at the latest.
const READ: Duration = Duration::from_secs(1);

/// A credential's privileges are exactly the promised ones.
#[derive(Default)]
pub(super) struct Privileges {
    /// What deviates in each set, by the number of the list of objects, worked out once: most credentials of a role hold
    /// the same set.
    diffs: BTreeMap<(Rc<str>, u32, usize), Option<Deviations>>,
    met: BTreeMap<Deviation, Example>,
    /// Readings of the whole set, and of its extras only.
    whole: u64,
    extras_only: u64,
}

/// The statements that determine what a credential has at first, and after a renewal.
const CREATION: &str = "creation_statements";
const RENEWAL: &str = "renew_statements";

type Deviations = Rc<[Deviation]>;

/// The first credential that deviates so, and how many do.
struct Example {
    at: Micros,
    finding: Finding,
    credentials: u64,
    /// The Vault role, and which of its statements were run last before that.
    role: Rc<str>,
    statements: &'static str,
}

impl Check for Privileges {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        expect_shown(lifecycle, run, collector);
        let Some(track) = lifecycle.acknowledged().and(lifecycle.track.as_ref()) else { return };
        expect_read(lifecycle, track, run, collector);
        let mut met: BTreeMap<&Deviation, Micros> = BTreeMap::new();
        let mut diffs = Vec::new();
        for (observation, set) in &track.privileges {
            let Some(found) = self.diff(&lifecycle.role, (*observation, *set), run) else {
                collector.cannot_say(format!(
                    "the privileges or objects behind a reading of {} are not in the history",
                    lifecycle.role
                ));
                continue;
            };
            diffs.push((*observation, is_of_own_database(&lifecycle.role, *set, run), found));
        }
        for (observation, own, found) in &diffs {
            // While a credential is being taken back, less than was promised is no wonder.
            let whole = lifecycle.not_ended(observation.to);
            *(if whole && *own { &mut self.whole } else { &mut self.extras_only }) += 1;
            for deviation in found.iter().filter(|deviation| whole || deviation.is_extra()) {
                let at = met.entry(deviation).or_insert(observation.from);
                *at = (*at).min(observation.from);
            }
        }
        for (deviation, at) in met {
            let mut before = diffs.iter().filter(|(observation, own, _)| *own && observation.to < at);
            let renewed = before
                .any(|(observation, _, found)| !found.contains(deviation) && is_renewed(lifecycle, *observation, at));
            self.count(deviation, at, lifecycle, if renewed { RENEWAL } else { CREATION });
        }
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        collector.samples(self.whole + self.extras_only);
        if self.whole == 0 && self.extras_only > 0 {
            collector.cannot_say("every reading of privileges may have overlapped with its credential's end");
        }
        for (deviation, example) in std::mem::take(&mut self.met) {
            let others = match example.credentials - 1 {
                0 => String::new(),
                more => format!(" (and {})", count(more, "more credential")),
            };
            let Example { role, statements, .. } = &example;
            let statements = causes::statements(run.plan, role, statements).filter(|_| deviation.of_statements);
            collector.find(Finding {
                what: format!("{} {}{others}", example.finding.what, deviation.what),
                statements,
                privilege: Some(deviation.privilege),
                promised: deviation.origin,
                ..example.finding
            });
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Privileges]
    }

    fn without_samples(&self) -> &'static str {
        "no credential's privileges were read"
    }
}

/// Expects a credential's privileges to be read: what an observation showed is read in the same observation, unless it goes meanwhile or a
/// fault keeps anybody from reading.
pub(super) fn expect_read(lifecycle: &Lifecycle, track: &Track, run: &Run<'_>, collector: &mut FindingCollector) {
    if let Some(observation) = track.appeared
        && lifecycle.not_ended(observation.to.after(READ))
        && !run.is_excused(observation.from, observation.to.after(READ))
    {
        collector.expect(track.privileges.iter().any(|(_, set)| is_of_own_database(&lifecycle.role, *set, run)));
    }
}

/// Whether the credential was renewed after an observation, and before that moment.
fn is_renewed(lifecycle: &Lifecycle, observation: ObservationTime, before: Micros) -> bool {
    lifecycle.steps_of(Operation::Renew).any(|step| step.is_ok() && step.end > observation.from && step.start < before)
}

/// Whether a set of privileges was read in the database that the role's credentials log in to.
fn is_of_own_database(role: &str, set: u32, run: &Run<'_>) -> bool {
    let own = run.promise(role).map(|promise| &promise.database);
    own == run.sets.get(&set).map(|set| &set.database)
}

impl Privileges {
    /// What deviates in a reading. Where an action was taken meanwhile, only what deviates before and after it.
    fn diff(
        &mut self,
        role: &Rc<str>,
        (observation, set): (ObservationTime, u32),
        run: &Run<'_>,
    ) -> Option<Deviations> {
        let promise = run.promise(role)?;
        let (cluster, database) = (&promise.on, &promise.database);
        let mut all = run.objects.met_by(cluster, database, observation, &run.actions).map(|list| {
            let work_out = || {
                let objects = run.objects.list(cluster, database, list)?;
                Some(privilege_diff(promise, objects, run.sets.get(&set)?).into())
            };
            self.diffs.entry((Rc::clone(role), set, list)).or_insert_with(work_out).clone()
        });
        let first: Deviations = all.next()??;
        let Some(second) = all.next() else { return Some(first) };
        let second: Deviations = second?;
        Some(first.iter().filter(|deviation| second.contains(deviation)).cloned().collect())
    }

    fn count(&mut self, deviation: &Deviation, at: Micros, lifecycle: &Lifecycle, statements: &'static str) {
        let example = |credentials: u64| {
            let finding = lifecycle.finding(at, lifecycle.name().to_owned());
            Example { at, finding, credentials, role: Rc::clone(&lifecycle.role), statements }
        };
        match self.met.get_mut(deviation) {
            None => drop(self.met.insert(deviation.clone(), example(1))),
            Some(known) if at < known.at => *known = example(known.credentials + 1),
            Some(known) => known.credentials += 1,
        }
    }
}
