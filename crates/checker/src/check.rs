use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use leaseproof_domain::{Event, Observer, Subject};
use leaseproof_scenario::{Ask, Plan};

use crate::arrivals::Arrivals;
use crate::causes::GeneratedNames;
use crate::clusters::Clusters;
use crate::collector::{FindingCollector, Written};
use crate::coverage::{Place, too_little};
use crate::fold::{Groups, LeftBefore, Lifecycle, Orphan, Run};
use crate::part::Part;
use crate::windows::{Selection, Windows};

/// One promise, judged.
pub(crate) trait Check {
    /// Sees each event, after the run has taken it in.
    fn see(&mut self, _event: &Event, _run: &Run<'_>, _collector: &mut FindingCollector) {}

    /// Sees each lifecycle of its subject once, whole.
    fn lifecycle(&mut self, _lifecycle: &Lifecycle, _run: &Run<'_>, _collector: &mut FindingCollector) {}

    /// Sees the run when all lifecycles were seen.
    fn end(&mut self, _run: &Run<'_>, _whole: &Whole<'_>, _collector: &mut FindingCollector) {}

    /// The observers without whose observations it cannot pass.
    fn relies_on(&self) -> &'static [Observer] {
        &[]
    }

    /// The observers that observe at a pace of their own and without most of whose observations it cannot pass.
    fn observers(&self) -> &'static [Observer] {
        self.relies_on()
    }

    /// Whether it rests on what was seen of roles, so that it is judged cluster by cluster.
    fn is_of_clusters(&self) -> bool {
        let of_cluster = |observer: &Observer| {
            use Observer::{Dependencies, Leases, Privileges, RoleRead, Roles, Sessions};
            matches!(observer, Roles | Leases | Privileges | RoleRead | Sessions | Dependencies)
        };
        self.relies_on().iter().chain(self.observers()).any(of_cluster)
    }

    /// Of which arrivals it cannot pass without most; none if what it judges does not follow from arrivals.
    fn arrivals(&self) -> Option<Selection<'_>> {
        Some(Selection::default())
    }

    /// Whether a dropped arrival is a sample of it.
    fn judges_dropped(&self) -> bool {
        false
    }

    /// Whether its verdict rests on timing, where that is not the same for all that it is asked of.
    fn rests_on_timing(&self) -> Option<bool> {
        None
    }

    /// Why it is Unknown where it saw no sample.
    fn without_samples(&self) -> &'static str;

    /// The keys of the scenario that give it more samples if they are raised; none if more load does not help.
    fn raise(&self) -> &'static [&'static str] {
        &["rate", "for"]
    }
}

/// What is known of a run only at its end.
pub(crate) struct Whole<'a> {
    pub(crate) windows: &'a Windows<'a>,
    pub(crate) orphans: &'a [Orphan],
    /// The groups of the whole run and of its clusters.
    pub(crate) groups: Vec<&'a Groups>,
    /// The roles from before the run that have no lease.
    pub(crate) left: &'a LeftBefore,
    /// The arrivals that were due, of a complete run.
    pub(crate) arrivals: Option<Arrivals<'a>>,
    /// Whether the run was completed and its history read to the end: what is not there did not happen.
    pub(crate) complete: bool,
}

/// A check with its collector. A check that panics is left alone from then on, and is Unknown.
pub(crate) struct Asked {
    pub(crate) ask: Ask,
    /// The check, or one for each cluster that is judged by itself.
    checks: Vec<PartCheck>,
    collector: FindingCollector,
    crashed: Option<String>,
    /// Whether what it would be shown cannot be distinguished.
    blinded: bool,
}

/// A check of one part of the run.
struct PartCheck {
    /// The place of the part.
    part: usize,
    /// Its cluster; none for the whole.
    cluster: Option<String>,
    check: Box<dyn Check>,
}

/// What came of a check.
pub(crate) struct Outcome {
    pub(crate) written: Written,
    pub(crate) crashed: Option<String>,
    pub(crate) without_samples: &'static str,
    /// The keys that give it more samples.
    pub(crate) raise: &'static [&'static str],
    /// Why more of them would not.
    pub(crate) futile: Option<String>,
    /// Where the check itself says so.
    pub(crate) rests_on_timing: Option<bool>,
}

impl Outcome {
    /// Why the check was not judged, where what the scenario asks is too little for it.
    pub(crate) fn not_judged(&self) -> Option<&str> {
        let nothing = self.crashed.is_none() && self.written.findings.is_empty() && self.written.samples == 0;
        let nothing = nothing && self.written.coverage.as_ref().and_then(too_little).is_none();
        self.written.not_judged.as_deref().filter(|_| nothing)
    }
}

impl Asked {
    /// `check` makes one; it makes one for each cluster if it rests on what was seen in several.
    pub(crate) fn new(
        ask: &Ask,
        plan: &Plan,
        clusters: &Clusters<'_>,
        names: &Rc<GeneratedNames>,
        check: impl Fn() -> Box<dyn Check>,
    ) -> Self {
        let first = check();
        let own = match &ask.subject {
            Subject::Role(name) => clusters.of_role(name),
            _ if ask.check.as_str().starts_with("DNS-") => {
                plan.pdns.as_ref().and_then(|pdns| clusters.of_role(&pdns.role))
            }
            _ => None,
        };
        let checks = if first.is_of_clusters() && !clusters.several().is_empty() {
            let parts = (1..).zip(clusters.several()).filter(|(_, name)| own.is_none_or(|own| own == **name));
            parts.map(|(part, name)| PartCheck { part, cluster: Some((*name).to_owned()), check: check() }).collect()
        } else {
            vec![PartCheck { part: 0, cluster: None, check: first }]
        };
        let collector = FindingCollector::new(ask, plan, names);
        Self { ask: ask.clone(), checks, collector, crashed: None, blinded: false }
    }

    /// What observers saw cannot be distinguished from here on.
    pub(crate) fn blind(&mut self) {
        if self.checks.iter().any(|of| of.check.is_of_clusters()) {
            self.collector.cannot_say("the history does not distinguish the roles of several clusters");
            self.blinded = true;
        }
    }

    /// Sees an event that a part of the run has taken in.
    pub(crate) fn see(&mut self, event: &Event, part: usize, run: &Run<'_>) {
        self.guarded(part, |check, collector| check.see(event, run, collector));
    }

    /// Sees a lifecycle of a part of the run.
    pub(crate) fn lifecycle(&mut self, lifecycle: &Lifecycle, part: usize, run: &Run<'_>) {
        let others = matches!(&self.ask.subject, Subject::Role(name) if **name != *lifecycle.role);
        if !others {
            self.collector.begin_lifecycle(&lifecycle.phase, &lifecycle.role);
            self.guarded(part, |check, collector| check.lifecycle(lifecycle, run, collector));
            self.collector.end_lifecycle();
        }
    }

    /// Ends the check with each part of the run.
    pub(crate) fn end(mut self, parts: &[Part<'_>], wholes: &[Whole<'_>]) -> (Ask, Outcome) {
        let subject = self.ask.subject.clone();
        for (number, (part, whole)) in parts.iter().zip(wholes).enumerate() {
            let run = &part.run;
            self.guarded(number, |check, collector| check.end(run, whole, collector));
            self.guarded(number, |check, collector| expect_data(check, &subject, part, whole, collector));
            for of_part in self.checks.iter().filter(|of_part| of_part.part == number) {
                for observer in of_part.check.relies_on() {
                    if let Some((_, why)) = run.gaps.iter().find(|(blind, _)| blind == observer) {
                        let seen = part.seen_by(*observer);
                        self.collector.cannot_say(format!("{seen} could not be observed all the time: {why}"));
                    }
                }
            }
        }
        let check = &self.checks[0].check;
        let (without_samples, raise) = (check.without_samples(), check.raise());
        let rests_on_timing = check.rests_on_timing();
        let written = self.collector.finish();
        (self.ask, Outcome { written, crashed: self.crashed, without_samples, raise, futile: None, rests_on_timing })
    }

    /// Does a step of the check of one part.
    fn guarded(&mut self, part: usize, step: impl FnOnce(&mut dyn Check, &mut FindingCollector)) {
        if self.blinded || self.crashed.is_some() {
            return;
        }
        let Some(PartCheck { cluster, check, .. }) = self.checks.iter_mut().find(|of_part| of_part.part == part) else {
            return;
        };
        self.collector.begin_cluster(cluster.as_deref());
        // Neither the check nor its collector is believed after a panic, so it does not matter in what state it left them.
        let ended = catch_unwind(AssertUnwindSafe(|| step(&mut **check, &mut self.collector)));
        if let Err(panic) = ended {
            let words = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
            self.crashed = Some(words.unwrap_or_else(|| "no reason was recorded".to_owned()));
        }
    }
}

/// What every check needs: the arrivals that it follows from, and observations for as long as there is a load.
fn expect_data(
    check: &dyn Check,
    subject: &Subject,
    part: &Part<'_>,
    whole: &Whole<'_>,
    collector: &mut FindingCollector,
) {
    if let (Some(selection), Some(arrivals)) = (check.arrivals(), &whole.arrivals) {
        arrivals.expect(selection, check.judges_dropped(), subject, collector);
    }
    for observer in check.observers() {
        let what = format!("of the observations of {}", part.seen_by(*observer));
        for (phase, expected, judged) in part.run.observed(*observer) {
            collector.expect_at(&what, &Place::phase(&phase.name), expected, judged);
        }
    }
}
