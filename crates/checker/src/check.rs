use std::panic::{AssertUnwindSafe, catch_unwind};

use leaseproof_domain::{Event, Observer, Subject};
use leaseproof_scenario::{Ask, Plan};

use crate::arrivals::Arrivals;
use crate::collector::{FindingCollector, Written};
use crate::coverage::{Place, too_little};
use crate::fold::{LeftBefore, Life, Orphan, Run};
use crate::windows::{Selection, Windows};

/// One promise, judged.
pub(crate) trait Check {
    /// Sees each event, after the run has taken it in.
    fn see(&mut self, _event: &Event, _run: &Run<'_>, _sheet: &mut FindingCollector) {}

    /// Sees each lifecycle of its subject once, whole.
    fn life(&mut self, _life: &Life, _run: &Run<'_>, _sheet: &mut FindingCollector) {}

    /// Sees the run when all lifecycles were seen.
    fn end(&mut self, _run: &Run<'_>, _whole: &Whole<'_>, _sheet: &mut FindingCollector) {}

    /// The observers without whose looks it cannot pass.
    fn relies_on(&self) -> &'static [Observer] {
        &[]
    }

    /// The observers that look at a pace of their own and without most of whose observations it cannot pass.
    fn observers(&self) -> &'static [Observer] {
        self.relies_on()
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
    check: Box<dyn Check>,
    collector: FindingCollector,
    crashed: Option<String>,
    /// Whether what it would be shown cannot be told apart.
    blinded: bool,
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
    pub(crate) fn new(ask: &Ask, check: Box<dyn Check>, plan: &Plan) -> Self {
        let mut collector = FindingCollector::new(ask, plan);
        let blinded = has_several_clusters(plan)
            && check.relies_on().iter().any(|observer| !matches!(observer, Observer::Audit | Observer::Irrevocable));
        if blinded {
            collector.cannot_say("the history does not distinguish the roles of several clusters");
        }
        Self { ask: ask.clone(), check, collector, crashed: None, blinded }
    }

    pub(crate) fn see(&mut self, event: &Event, run: &Run<'_>) {
        self.guarded(|check, collector| check.see(event, run, collector));
    }

    pub(crate) fn life(&mut self, life: &Life, run: &Run<'_>) {
        let others = matches!(&self.ask.subject, Subject::Role(name) if **name != *life.role);
        if !others {
            self.collector.begin_life(&life.phase, &life.role);
            self.guarded(|check, collector| check.life(life, run, collector));
            self.collector.end_life();
        }
    }

    pub(crate) fn end(mut self, run: &Run<'_>, whole: &Whole<'_>) -> (Ask, Outcome) {
        let subject = self.ask.subject.clone();
        self.guarded(|check, collector| check.end(run, whole, collector));
        self.guarded(|check, collector| expect_data(check, &subject, run, whole, collector));
        for observer in self.check.relies_on() {
            if let Some((_, why)) = run.gaps.iter().find(|(blind, _)| blind == observer) {
                self.collector.cannot_say(format!("{} could not be observed all the time: {why}", seen_by(*observer)));
            }
        }
        let (without_samples, raise) = (self.check.without_samples(), self.check.raise());
        let rests_on_timing = self.check.rests_on_timing();
        let written = self.collector.finish();
        (self.ask, Outcome { written, crashed: self.crashed, without_samples, raise, futile: None, rests_on_timing })
    }

    fn guarded(&mut self, step: impl FnOnce(&mut dyn Check, &mut FindingCollector)) {
        if self.blinded || self.crashed.is_some() {
            return;
        }
        // Neither the check nor its collector is believed after a panic, so it does not matter in what state it left them.
        let ended = catch_unwind(AssertUnwindSafe(|| step(&mut *self.check, &mut self.collector)));
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
    run: &Run<'_>,
    whole: &Whole<'_>,
    collector: &mut FindingCollector,
) {
    if let (Some(selection), Some(arrivals)) = (check.arrivals(), &whole.arrivals) {
        arrivals.expect(selection, check.judges_dropped(), subject, collector);
    }
    for observer in check.observers() {
        let part = format!("of the observations of {}", seen_by(*observer));
        for (phase, expected, judged) in run.observed(*observer) {
            collector.expect_at(&part, &Place::phase(&phase.name), expected, judged);
        }
    }
}

/// Looks at roles do not say which cluster they are of: with credentials in several, an OID may mean two roles.
pub(crate) fn has_several_clusters(plan: &Plan) -> bool {
    plan.roles.iter().any(|role| plan.roles.iter().any(|other| other.on != role.on))
}

/// What an observer looks at, in words.
fn seen_by(observer: Observer) -> &'static str {
    match observer {
        Observer::Roles => "the catalog's roles",
        Observer::Leases => "Vault's leases",
        Observer::Privileges => "the credentials' privileges",
        Observer::RoleRead => "single roles",
        Observer::Audit => "the audit log",
        Observer::Sessions => "the sessions",
        Observer::Dependencies => "pg_shdepend",
        Observer::Irrevocable => "Vault's irrevocable leases",
        Observer::Metrics => "Vault's telemetry",
    }
}
