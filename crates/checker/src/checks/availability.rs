use std::collections::BTreeMap;

use leaseproof_domain::{Event, Finding, Micros, Operation, Outcome};

use super::due;
use super::endpoints::Endpoints;
use super::named::Named;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};
use crate::timeouts::Timeouts;

/// Every request is answered within the client's time-out.
#[derive(Default)]
pub(super) struct Availability {
    requests: BTreeMap<Operation, Requests>,
    /// Credentials that had to log in.
    logins: BTreeMap<Operation, Endpoints>,
}

/// The requests of one operation that were due outside fault windows.
#[derive(Default)]
struct Requests {
    due: u64,
    sent_unanswered: u64,
    dropped: u64,
    /// The lifecycles of those that were sent and had no answer.
    unanswered: Named,
    /// When the first one was due that had no answer, how long its client waits, and what was seen instead.
    first: Option<(Micros, u128, String)>,
}

impl Requests {
    /// One that was due then had no answer. They are reported as they end, and not as they were due.
    fn without_answer(&mut self, due: Micros, timeout: u128, why: &str) {
        if self.first.as_ref().is_none_or(|(first, ..)| due < *first) {
            self.first = Some((due, timeout, why.to_owned()));
        }
    }
}

impl Check for Availability {
    fn see(&mut self, event: &Event, run: &Run<'_>, collector: &mut FindingCollector) {
        let timeouts = Timeouts::of(run.plan);
        match event {
            Event::Operation(record) if record.lifecycle > 0 && record.op != Operation::Refused => {
                // What fails because a credential's token has ended was answered, and is no evidence either way.
                if run.faults.in_window_of(record.op, record.start, record.end) || run.ended_early(record).is_some() {
                    return;
                }
                collector.sample();
                let requests = self.requests.entry(record.op).or_default();
                requests.due += 1;
                if let Outcome::Indeterminate { why } = &record.outcome {
                    requests.sent_unanswered += 1;
                    requests.unanswered.add(record.lifecycle);
                    let timeout = timeouts.operation(record).as_millis();
                    requests.without_answer(record.intended, timeout, why);
                }
            }
            Event::Dropped(dropped)
                if !run.faults.in_window_of(Operation::Issue, dropped.intended, dropped.intended) =>
            {
                collector.sample();
                let requests = self.requests.entry(Operation::Issue).or_default();
                requests.due += 1;
                requests.dropped += 1;
                let timeout = timeouts.dropped(dropped).as_millis();
                requests.without_answer(dropped.intended, timeout, "dropped: in_flight of [client] was reached");
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        for op in [Operation::Renew, Operation::Revoke] {
            due::expect(op, lifecycle, run, collector);
        }
        for op in [Operation::Login, Operation::Relogin, Operation::DeadLogin] {
            due::see_endpoints(op, lifecycle, run, self.logins.entry(op).or_default());
        }
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        self.logins.iter().for_each(|(op, logins)| logins.expect(due::part(*op), run, collector));
        let allowed = run.plan.promise.unanswered.as_ref();
        let share = allowed.map_or(0.0, |promise| promise.value);
        for (op, requests) in &self.requests {
            let unanswered = requests.sent_unanswered + requests.dropped;
            // A share of few requests is rounded up to a whole one.
            if unanswered as f64 <= (share * requests.due as f64).ceil() {
                continue;
            }
            let (at, words) = words(*op, requests, unanswered, share);
            let promised = allowed.map(|promise| promise.origin.clone());
            let lifecycles = requests.unanswered.numbers();
            collector.find(Finding { what: words, at, promised, lifecycles, ..Finding::default() });
        }
    }

    fn judges_dropped(&self) -> bool {
        true
    }

    fn without_samples(&self) -> &'static str {
        "no request was due outside fault windows"
    }
}

fn words(op: Operation, requests: &Requests, unanswered: u64, share: f64) -> (Option<Micros>, String) {
    let Requests { due, sent_unanswered, dropped, first, .. } = requests;
    let (at, timeout, why) = first.as_ref().map_or((None, 0, ""), |(at, ms, why)| (Some(*at), *ms, why.as_str()));
    let allowed = if share > 0.0 { format!("all but {} %", share * 100.0) } else { "every one".to_owned() };
    let words = format!(
        "{op}: expected {allowed} of {due} due requests answered within {timeout} ms, got {unanswered} without an answer \
         ({:.1} %): {sent_unanswered} sent, {dropped} dropped; the first: {why}",
        unanswered as f64 * 100.0 / (*due).max(1) as f64,
    );
    (at, words)
}
