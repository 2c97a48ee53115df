use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use leaseproof_domain::{
    DnsEvent, Event, LatencySummary, Operation, OperationRecord, OperationStatistics, Outcome, Quantity,
};

/// Where the time of an operation counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clocking {
    /// From the intended start: what a client that arrived on schedule waited.
    Response,
    /// From the real start: what the server took.
    Service,
}

/// The longest time that a histogram tells apart: an hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// A distribution of times in microseconds, with three significant digits and the exact largest.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    histogram: Histogram<u64>,
    max: u64,
}

impl Default for Times {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in the range of the crate");
        Self { histogram, max: 0 }
    }
}

impl Times {
    pub(crate) fn record(&mut self, micros: u64) {
        self.histogram.saturating_record(micros);
        self.max = self.max.max(micros);
    }

    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    pub(crate) fn value(&self, quantity: Quantity) -> u64 {
        match quantity {
            Quantity::Max => self.max,
            _ => self.histogram.value_at_quantile(quantity.quantile()).min(self.max),
        }
    }

    pub(crate) fn summary(&self) -> LatencySummary {
        LatencySummary {
            count: self.count(),
            p50: self.value(Quantity::P50),
            p90: self.value(Quantity::P90),
            p99: self.value(Quantity::P99),
            p999: self.value(Quantity::P999),
            max: self.max,
        }
    }
}

/// The figures of one operation.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) ok: u64,
    pub(crate) failed: u64,
    pub(crate) indeterminate: u64,
    pub(crate) response: Times,
    pub(crate) service: Times,
    /// How far after their intended start the operations were sent, of those that are not on time whatever they take.
    pub(crate) behind: Vec<u64>,
    codes: BTreeMap<String, u64>,
}

impl Figures {
    fn sent(&mut self, behind: u64) {
        if behind > crate::validity::ALWAYS_ON_TIME {
            self.behind.push(behind);
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.ok + self.failed + self.indeterminate
    }
}

/// The figures of a run, operation by operation.
#[derive(Default)]
pub(crate) struct Statistics {
    pub(crate) operations: BTreeMap<Operation, Figures>,
    /// Arrivals that came to be sent.
    pub(crate) arrived: u64,
    /// Arrivals that the in-flight cap turned away.
    pub(crate) shed: u64,
    /// From a lease's end to the first look without its role.
    pub(crate) expiry_lag: Times,
    /// How punctually questions were sent to a live DNS server.
    pub(crate) questions: Figures,
}

impl Statistics {
    pub(crate) fn see(&mut self, event: &Event) {
        match event {
            Event::Operation(record) => self.operation(record),
            Event::Shed(_) => self.shed += 1,
            Event::Dns(DnsEvent::Query(query)) => {
                let figures = &mut self.questions;
                figures.ok += 1;
                figures.service.record(query.end.0.saturating_sub(query.start.0));
                figures.sent(query.start.0.saturating_sub(query.intended.0));
            }
            _ => {}
        }
    }

    fn operation(&mut self, record: &OperationRecord) {
        if record.op == Operation::Issue {
            self.arrived += 1;
        }
        let figures = self.operations.entry(record.op).or_default();
        match &record.outcome {
            Outcome::Ok => figures.ok += 1,
            Outcome::Failed(failure) => {
                figures.failed += 1;
                match figures.codes.get_mut(&failure.code) {
                    Some(times) => *times += 1,
                    None => drop(figures.codes.insert(failure.code.clone(), 1)),
                }
            }
            Outcome::Indeterminate { .. } => figures.indeterminate += 1,
        }
        if !matches!(record.outcome, Outcome::Indeterminate { .. }) {
            figures.response.record(record.end.0.saturating_sub(record.intended.0));
            figures.service.record(record.end.0.saturating_sub(record.start.0));
        }
        figures.sent(record.start.0.saturating_sub(record.intended.0));
    }

    /// The figures as reports show them.
    pub(crate) fn tables(&self) -> Vec<OperationStatistics> {
        self.operations.iter().map(|(op, figures)| table(*op, figures)).collect()
    }

    /// The distributions themselves.
    pub(crate) fn histograms(self) -> BTreeMap<(Operation, Clocking), Histogram<u64>> {
        let both = |(op, figures): (Operation, Figures)| {
            [
                ((op, Clocking::Response), figures.response.histogram),
                ((op, Clocking::Service), figures.service.histogram),
            ]
        };
        self.operations.into_iter().flat_map(both).collect()
    }
}

fn table(op: Operation, figures: &Figures) -> OperationStatistics {
    let mut codes: Vec<(String, u64)> = figures.codes.iter().map(|(code, count)| (code.clone(), *count)).collect();
    codes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    OperationStatistics {
        op,
        ok: figures.ok,
        failed: figures.failed,
        indeterminate: figures.indeterminate,
        response: figures.response.summary(),
        service: figures.service.summary(),
        codes,
    }
}
