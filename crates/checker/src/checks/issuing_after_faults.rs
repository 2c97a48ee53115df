use leaseproof_domain::{Event, Finding, MeasuredOf, Micros, Operation};

use super::named::NamedByTime;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Fault, Run};
use crate::times::Times;
use crate::words::span;

/// After each fault credentials are issued again, within `recovers_within`; so they are after each action that affects
/// issuing.
#[derive(Default)]
pub(super) struct IssuingAfterFaults {
    /// The lifecycles of issues that did not succeed after a healing, until one did, by the time at which these were sent.
    failed: NamedByTime,
}

impl Check for IssuingAfterFaults {
    fn see(&mut self, event: &Event, run: &Run<'_>, _: &mut FindingCollector) {
        let awaited = |fault: &Fault<'_>| fault.healed.is_some() && fault.issued.is_none();
        if let Event::Operation(record) = event
            && record.op == Operation::Issue
            && record.lifecycle > 0
            && !record.outcome.is_ok()
            && run.faults.iter().any(awaited)
        {
            self.failed.add(record.start, record.lifecycle);
        }
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        let mut outages = Times::default();
        let mut expected = 0;
        for fault in run.faults.iter().filter(|fault| fault.source.affects(Operation::Issue)) {
            expected += 1;
            let words = fault.words();
            let (Some(begun), Some(over)) = (fault.begun, fault.over()) else {
                collector.cannot_say(match fault.begun {
                    None => format!("{words} did not begin"),
                    Some(_) => format!("{words} was not healed"),
                });
                continue;
            };
            match fault.recovered() {
                _ if fault.last_error.is_none() => {}
                Some(at) => outages.record(at.0.saturating_sub(begun.0)),
                None => outages.record_at_least(run.now.0.saturating_sub(begun.0)),
            }
            let in_time = fault.issued.is_some_and(|issued| issued <= over);
            let was_due = fault.due.is_some_and(|due| due <= over || fault.issued.is_none());
            if !(in_time || was_due) {
                collector.cannot_say(not_due(fault, &words));
                continue;
            }
            if fault.issued.is_none() && fault.tried.is_none_or(|tried| tried < over) {
                collector.cannot_say(cut_short(fault, &words));
                continue;
            }
            collector.sample();
            if !in_time {
                collector.find(Finding { lifecycles: self.failed_after(fault), ..finding(fault, begun, over, &words) });
            }
        }
        collector.measured(outages.summary(), MeasuredOf { expected, arrivals: None });
    }

    fn without_samples(&self) -> &'static str {
        "no fault took place"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}

impl IssuingAfterFaults {
    /// The lifecycles whose issue did not succeed from the healing on, until one did.
    fn failed_after(&self, fault: &Fault<'_>) -> Vec<u64> {
        let from = fault.healed.unwrap_or_default();
        let to = fault.issued.unwrap_or(Micros(u64::MAX));
        self.failed.within(&(from..=to))
    }
}

/// Why nothing shows whether credentials were issued again in time.
fn not_due(fault: &Fault<'_>, words: &str) -> String {
    let within = fault.source.recovers_within();
    let next = match (fault.due, fault.healed) {
        (Some(due), Some(healed)) => {
            format!(
                "the next one was due {} after it. Raise `rate` of the phase, or `recovers_within`",
                span(due.since(healed))
            )
        }
        _ => "the load had ended. Let the phase last longer, or heal it earlier".to_owned(),
    };
    format!("no credential was due within {within} after {words} was healed: {next}")
}

/// Why the requests that failed do not show that none would have succeeded in time: they are all from before the deadline.
fn cut_short(fault: &Fault<'_>, words: &str) -> String {
    let within = fault.source.recovers_within();
    let last = fault.tried.zip(fault.healed).map(|(tried, healed)| span(tried.since(healed))).unwrap_or_default();
    format!(
        "no credential was issued after {words} was healed, but the last request for one ended {last} after the healing, \
         within recovers_within ({within}): the load ended too early. Let the phase last longer, or heal it earlier"
    )
}

fn finding(fault: &Fault<'_>, begun: Micros, over: Micros, words: &str) -> Finding {
    let healed = fault.healed.map(|healed| span(healed.since(begun))).unwrap_or_default();
    let came = match fault.issued {
        None => "no credential that was requested after that was acknowledged".to_owned(),
        Some(at) => {
            let at = span(at.since(begun));
            format!("the first credential that was requested after that was issued {at} after the beginning")
        }
    };
    Finding {
        what: format!(
            "{words} was healed {healed} after its beginning; {came}; expected within {} of the healing",
            fault.source.recovers_within()
        ),
        at: Some(over),
        promised: Some(fault.source.origin().clone()),
        ..Finding::default()
    }
}
