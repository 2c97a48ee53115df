use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Expected, Finding, Grant, GrantedTo, Object, Origin, ProbeOutcome, ProbeRecord, Why};

use super::tried::expect_probes;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};
use crate::words::count;

/// How many kinds of unproved probes are reported one by one.
const REPORTED: usize = 20;

/// What is promised can be done, and what is not promised is refused.
#[derive(Default)]
pub(super) struct ProbesMatchPromises {
    /// Probes that proved something.
    proved: u64,
    broken: BTreeMap<Broken, Example>,
    /// What was not proved and why, and how often.
    unproved: BTreeMap<(Expected, String), BTreeSet<Grant>>,
}

/// One way in which what is done deviates from what is promised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Broken {
    expected: Expected,
    grant: Grant,
}

/// The first credential that deviates so, and how many do.
struct Example {
    finding: Finding,
    credentials: u64,
}

impl Check for ProbesMatchPromises {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        if lifecycle.acknowledged().is_none() {
            return;
        }
        expect_probes(lifecycle, run, collector);
        let mut broken = BTreeSet::new();
        for probe in &lifecycle.probes {
            let Some(mut words) = self.judge(probe, lifecycle, run) else { continue };
            if let Some(why) = held_through(probe, lifecycle, run) {
                words.push_str(&format!(" ({why})"));
            }
            let key = Broken { expected: probe.expected, grant: probe.grant.clone() };
            if broken.insert(key.clone()) {
                self.count(key, words, probe, lifecycle, run);
            }
        }
    }

    fn end(&mut self, _: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        collector.samples(self.proved);
        for example in std::mem::take(&mut self.broken).into_values() {
            let others = match example.credentials - 1 {
                0 => String::new(),
                more => format!(" (and {})", count(more, "more credential")),
            };
            collector.find(Finding { what: format!("{}{others}", example.finding.what), ..example.finding });
        }
        self.tell_unproved(collector);
    }

    fn is_of_clusters(&self) -> bool {
        true
    }

    fn without_samples(&self) -> &'static str {
        "no probe had a result"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["probes.share", "rate", "for"]
    }
}

impl ProbesMatchPromises {
    /// What is broken, in words; none where nothing is, or where nothing is shown.
    fn judge(&mut self, probe: &ProbeRecord, lifecycle: &Lifecycle, run: &Run<'_>) -> Option<String> {
        // Once the credential may be taken back, a refusal is no wonder.
        let in_force = lifecycle.not_ended(probe.to);
        let promised = probe.expected == Expected::Promised;
        match &probe.outcome {
            ProbeOutcome::Allowed => {
                self.proved += 1;
                let owner =
                    || run.promise(&lifecycle.role).is_some_and(|role| role.promises_ownership(&probe.grant.object));
                (!promised && !owner()).then(|| format!("can use {}, which is not promised", probe.grant))
            }
            ProbeOutcome::Refused { .. } | ProbeOutcome::Blocked { .. } if !in_force => None,
            ProbeOutcome::Refused { sqlstate, message } | ProbeOutcome::Blocked { sqlstate, message } if promised => {
                self.proved += 1;
                let grant = &probe.grant;
                Some(format!("cannot use {grant}, which is promised ({sqlstate}): {message}"))
            }
            ProbeOutcome::Refused { .. } => {
                self.proved += 1;
                None
            }
            ProbeOutcome::Blocked { message, .. } => {
                self.leave(probe, &format!("other privileges are missing: {message}"));
                None
            }
            ProbeOutcome::Unproved { why } => {
                self.leave(probe, why);
                None
            }
            ProbeOutcome::Indeterminate { .. } if !in_force => None,
            ProbeOutcome::Indeterminate { why } => {
                self.leave(probe, &format!("no answer: {why}"));
                None
            }
        }
    }

    fn leave(&mut self, probe: &ProbeRecord, why: &str) {
        self.unproved.entry((probe.expected, why.to_owned())).or_default().insert(probe.grant.clone());
    }

    fn count(&mut self, key: Broken, words: String, probe: &ProbeRecord, lifecycle: &Lifecycle, run: &Run<'_>) {
        match self.broken.get_mut(&key) {
            Some(example) => example.credentials += 1,
            None => {
                let code = match &probe.outcome {
                    ProbeOutcome::Refused { sqlstate, .. } | ProbeOutcome::Blocked { sqlstate, .. } => {
                        Some(sqlstate.clone())
                    }
                    _ => None,
                };
                let what = format!("{} {words}", lifecycle.name());
                let finding = Finding {
                    privilege: Some(probe.grant.to_string()),
                    promised: origin(probe, lifecycle, run),
                    code,
                    ..lifecycle.finding(probe.from, what)
                };
                self.broken.insert(key, Example { finding, credentials: 1 });
            }
        }
    }

    /// Each reason once, with what it is given for.
    fn tell_unproved(&self, collector: &mut FindingCollector) {
        for ((expected, why), grants) in self.unproved.iter().take(REPORTED) {
            let reported: Vec<String> = grants.iter().take(3).map(ToString::to_string).collect();
            let more = match grants.len().saturating_sub(reported.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            collector.note(format!("not tested ({expected}): {}{more}: {why}", reported.join(", ")));
        }
        if let Some(more) = self.unproved.len().checked_sub(REPORTED).filter(|more| *more > 0) {
            collector.note(format!("not tested for {}", count(more as u64, "more reason")));
        }
    }
}

/// The line that promises the privilege; for one that is not promised, the line of all grants.
fn origin(probe: &ProbeRecord, lifecycle: &Lifecycle, run: &Run<'_>) -> Option<Origin> {
    let promise = run.promise(&lifecycle.role)?;
    let none: BTreeSet<Object> = BTreeSet::new();
    let objects = run.objects.get(&promise.on, &promise.database).unwrap_or(&none);
    let promised = promise.promised(objects);
    let same = |grant: &Grant| grant.privilege == probe.grant.privilege && grant.object == probe.grant.object;
    let line = promised.into_iter().find(|(grant, _)| same(grant)).map(|(_, origin)| origin.clone());
    line.or_else(|| promise.grants.as_ref().map(|grants| grants.origin.clone()))
}

/// Why the credential holds what it was not promised, as the catalog says: through which groups.
fn held_through(probe: &ProbeRecord, lifecycle: &Lifecycle, run: &Run<'_>) -> Option<String> {
    let through_group = |why: &&Why| matches!(why, Why::Member(_) | Why::Predefined(_));
    let sets = lifecycle.track.iter().flat_map(|track| &track.privileges).filter_map(|(_, set)| run.sets.get(set));
    let same =
        |held: &&GrantedTo| held.grant.privilege == probe.grant.privilege && held.grant.object == probe.grant.object;
    let mut reasons = sets.flat_map(|set| &set.held).filter(same).map(|held| &held.why).filter(through_group);
    reasons.next().filter(|_| probe.expected == Expected::Forbidden).map(ToString::to_string)
}
