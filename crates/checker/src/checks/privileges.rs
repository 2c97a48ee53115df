use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use leaseproof_domain::{Finding, Micros, Observer, Operation};

use super::shown::expect_shown;
use crate::causes;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Life, Look, Run, Track};
use crate::privilege_diff::{Deviation, privilege_diff};
use crate::words::count;

/// How long after a look showed a role its privileges are read at the latest.
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
    fn life(&mut self, life: &Life, run: &Run<'_>, collector: &mut FindingCollector) {
        expect_shown(life, run, collector);
        let Some(track) = life.acknowledged().and(life.track.as_ref()) else { return };
        expect_read(life, track, run, collector);
        let mut met: BTreeMap<&Deviation, Micros> = BTreeMap::new();
        let mut diffs = Vec::new();
        for (look, set) in &track.privileges {
            let Some(found) = self.diff(&life.role, (*look, *set), run) else {
                collector.cannot_say(format!(
                    "the privileges or objects behind a reading of {} are not in the history",
                    life.role
                ));
                continue;
            };
            diffs.push((*look, is_of_own_database(&life.role, *set, run), found));
        }
        for (look, own, found) in &diffs {
            // While a credential is being taken back, less than was promised is no wonder.
            let whole = life.not_ended(look.to);
            *(if whole && *own { &mut self.whole } else { &mut self.extras_only }) += 1;
            for deviation in found.iter().filter(|deviation| whole || deviation.is_extra()) {
                let at = met.entry(deviation).or_insert(look.from);
                *at = (*at).min(look.from);
            }
        }
        for (deviation, at) in met {
            let mut before = diffs.iter().filter(|(look, own, _)| *own && look.to < at);
            let renewed = before.any(|(look, _, found)| !found.contains(deviation) && is_renewed(life, *look, at));
            self.count(deviation, at, life, if renewed { RENEWAL } else { CREATION });
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

/// Expects a credential's privileges to be read: what a look showed is read in the same look, unless it goes meanwhile or a
/// fault keeps anybody from reading.
pub(super) fn expect_read(life: &Life, track: &Track, run: &Run<'_>, collector: &mut FindingCollector) {
    if let Some(look) = track.appeared
        && life.not_ended(look.to.after(READ))
        && !run.is_excused(look.from, look.to.after(READ))
    {
        collector.expect(track.privileges.iter().any(|(_, set)| is_of_own_database(&life.role, *set, run)));
    }
}

/// Whether the credential was renewed after a look, and before that moment.
fn is_renewed(life: &Life, look: Look, before: Micros) -> bool {
    life.steps_of(Operation::Renew).any(|step| step.is_ok() && step.end > look.from && step.start < before)
}

/// Whether a set of privileges was read in the database that the role's credentials log in to.
fn is_of_own_database(role: &str, set: u32, run: &Run<'_>) -> bool {
    let own = run.promise(role).map(|promise| &promise.database);
    own == run.sets.get(&set).map(|set| &set.database)
}

impl Privileges {
    /// What deviates in a reading. Where an action was taken meanwhile, only what deviates before and after it.
    fn diff(&mut self, role: &Rc<str>, (look, set): (Look, u32), run: &Run<'_>) -> Option<Deviations> {
        let promise = run.promise(role)?;
        let (cluster, database) = (&promise.on, &promise.database);
        let mut all = run.objects.met_by(cluster, database, look, &run.actions).map(|list| {
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

    fn count(&mut self, deviation: &Deviation, at: Micros, life: &Life, statements: &'static str) {
        let example = |credentials: u64| {
            let finding = life.finding(at, life.name().to_owned());
            Example { at, finding, credentials, role: Rc::clone(&life.role), statements }
        };
        match self.met.get_mut(deviation) {
            None => drop(self.met.insert(deviation.clone(), example(1))),
            Some(known) if at < known.at => *known = example(known.credentials + 1),
            Some(known) => known.credentials += 1,
        }
    }
}
