use leaseproof_domain::{Finding, Micros, Observer};

use super::shown::{SEEN, expect_shown};
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run, Term};
use crate::times::Times;
use crate::windows::Selection;
use crate::words::span;

/// A lease that expires takes its role with it, within `dead_within`.
pub(super) struct Expiry {
    role: Option<String>,
    lags: Times,
    /// Credentials that were left to expire.
    expected: u64,
}

impl Expiry {
    pub(super) fn new(role: Option<String>) -> Self {
        Self { role, lags: Times::default(), expected: 0 }
    }
}

impl Check for Expiry {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(term) = left_to_expire(lifecycle) else { return };
        let Some(promise) = run.plan.promise.dead_within.as_ref() else { return };
        self.expected += 1;
        expect_shown(lifecycle, run, collector);
        let deadline = run.gone_by(term.latest);
        let lag = expiry_lag(lifecycle, run);
        if let Some(lag) = &lag {
            lag.record(&mut self.lags);
        }
        let appeared = lifecycle.track.as_ref().is_some_and(|track| track.appeared.is_some());
        // It existed at least until the start of the last observation that showed it.
        let last_seen = match lifecycle.gone() {
            Some(gone) => gone.seen_from,
            None => run.last_observation().map(|observation| observation.from).filter(|_| appeared),
        };
        match last_seen.filter(|seen| deadline.is_some_and(|deadline| *seen > deadline)) {
            Some(seen) => {
                collector.sample();
                let what = format!(
                    "{} still exists {} after its lease ended; it must be gone within {}{}",
                    lifecycle.name(),
                    span(seen.since(term.latest)),
                    promise.value,
                    lifecycle.why_not_revoked(),
                );
                collector
                    .find(Finding { promised: Some(promise.origin.clone()), ..lifecycle.finding(term.latest, what) });
            }
            // An observation long after the deadline does not show that the role was gone in time.
            None if lag.is_some_and(|lag| lag.gone && deadline.is_none_or(|at| lag.to <= at.after(SEEN))) => {
                collector.sample();
            }
            // The observations ended just after its lease.
            None => {
                let over = deadline.is_some_and(|deadline| deadline < run.now);
                if over && (appeared || lifecycle.missed.is_some()) && !run.is_excused(term.earliest, run.now) {
                    collector.expect(false);
                }
                return;
            }
        }
        collector.expect(true);
    }

    fn end(&mut self, _: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        let of_role = whole.windows.merged(Selection { role: self.role.as_deref(), ..Selection::default() });
        collector.measured(self.lags.summary(), of_role.measured_of(self.expected));
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Roles]
    }

    fn without_samples(&self) -> &'static str {
        "no credential was observed to expire"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["end.expire", "rate", "for"]
    }
}

/// Expects it to be known how long the role of a credential that was left to expire outlasted its lease.
pub(super) fn expect_end(lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
    let Some(term) = left_to_expire(lifecycle) else { return };
    let known = expiry_lag(lifecycle, run).is_some();
    let over = run.gone_by(term.latest).is_some_and(|deadline| deadline < run.now);
    if known || over && !run.is_excused(term.earliest, run.now) {
        collector.expect_of("of the credentials that expire", known);
    }
}

/// How long a role outlasted its lease.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lag {
    pub(crate) from: Micros,
    pub(crate) to: Micros,
    /// Whether the role was seen to go. Where it was not, it was still there at `to`.
    pub(crate) gone: bool,
}

impl Lag {
    pub(crate) fn record(&self, times: &mut Times) {
        let lag = self.to.0.saturating_sub(self.from.0);
        if self.gone { times.record(lag) } else { times.record_at_least(lag) }
    }
}

/// From the lease's earliest possible end to the end of the first observation without its role; of a role that was not seen to
/// go, from its latest possible end to the last observation, which still showed it. None for a credential that was not left to
/// expire, and for one that was not seen after its lease's end.
pub(crate) fn expiry_lag(lifecycle: &Lifecycle, run: &Run<'_>) -> Option<Lag> {
    let term = left_to_expire(lifecycle)?;
    if let Some(gone) = lifecycle.gone() {
        let to = gone.observation.to;
        return (to >= term.earliest).then_some(Lag { from: term.earliest, to, gone: true });
    }
    let appeared = lifecycle.track.as_ref().is_some_and(|track| track.appeared.is_some());
    let to = run.last_observation().filter(|_| appeared)?.from;
    (to > term.latest).then_some(Lag { from: term.latest, to, gone: false })
}

/// The lease's end of a credential that nobody asked to revoke.
pub(super) fn left_to_expire(lifecycle: &Lifecycle) -> Option<Term> {
    if lifecycle.revocation().is_some() {
        return None;
    }
    lifecycle.last_term()
}
