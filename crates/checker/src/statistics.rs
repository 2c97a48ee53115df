use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use leaseproof_domain::{
    ArrivalCounts, DnsQuery, MeasuredOf, Operation, OperationRecord, OperationStatistics, Outcome,
};

use crate::timeouts::{micros, waited};
use crate::times::Times;

/// An operation sent within this many microseconds of its intended start is on time, whatever its service time is.
const ALWAYS_ON_TIME: u64 = 10_000;

/// Where the time of an operation counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clocking {
    /// From the intended start: what a client that arrived on schedule waited.
    Response,
    /// From the actual start: what the server took.
    Service,
}

/// Which times a histogram holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// Those of everything that was due, without an answer at what was waited and at least the client's time-out.
    Due,
    /// Of those, the ones without an answer.
    Unanswered,
}

/// The figures of one operation.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) ok: u64,
    pub(crate) failed: u64,
    pub(crate) indeterminate: u64,
    /// Arrivals that were never sent.
    pub(crate) dropped: u64,
    pub(crate) response: Times,
    pub(crate) service: Times,
    /// How far after their intended start the operations were sent, of those that are not on time whatever they take.
    pub(crate) behind: Vec<u64>,
    codes: BTreeMap<String, u64>,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.ok += other.ok;
        self.failed += other.failed;
        self.indeterminate += other.indeterminate;
        self.dropped += other.dropped;
        self.response.add(&other.response);
        self.service.add(&other.service);
        self.behind.extend(&other.behind);
        for (code, times) in &other.codes {
            *self.codes.entry(code.clone()).or_default() += times;
        }
    }

    fn sent(&mut self, behind: u64) {
        if behind > ALWAYS_ON_TIME {
            self.behind.push(behind);
        }
    }

    /// How many were sent.
    pub(crate) fn total(&self) -> u64 {
        self.ok + self.failed + self.indeterminate
    }

    /// How many were due.
    pub(crate) fn due(&self) -> u64 {
        self.total() + self.dropped
    }

    /// How many of those had no answer.
    pub(crate) fn unanswered(&self) -> u64 {
        self.indeterminate + self.dropped
    }
}

/// The figures of a run or of a part of it, operation by operation.
#[derive(Default)]
pub(crate) struct Statistics {
    pub(crate) operations: BTreeMap<Operation, Figures>,
    /// Arrivals that came to be sent.
    pub(crate) arrived: u64,
    /// Arrivals that the in-flight cap turned away.
    pub(crate) dropped: u64,
    /// From a lease's end to the first observation without its role; of a role that stayed, to the last observation.
    pub(crate) expiry_lag: Times,
    /// How punctually questions were sent to a live DNS server.
    pub(crate) questions: Figures,
}

impl Statistics {
    /// A query to a live DNS server.
    pub(crate) fn query(&mut self, query: &DnsQuery) {
        let figures = &mut self.questions;
        figures.ok += 1;
        figures.service.record(query.end.0.saturating_sub(query.start.0));
        figures.sent(query.start.0.saturating_sub(query.intended.0));
    }

    /// An operation. One without an answer took `least` at least.
    pub(crate) fn operation(&mut self, record: &OperationRecord, least: Duration) {
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
            Outcome::Indeterminate { .. } | Outcome::Harness { .. } => figures.indeterminate += 1,
        }
        let (response, service) = (waited(record.intended, record.end, least), waited(record.start, record.end, least));
        if record.outcome.is_open() {
            figures.response.record_at_least(response);
            figures.service.record_at_least(service);
        } else {
            figures.response.record(response);
            figures.service.record(service);
        }
        figures.sent(record.start.0.saturating_sub(record.intended.0));
    }

    /// An arrival that was turned away is an issue that was due: its client has no answer. It has no service time.
    pub(crate) fn dropped(&mut self, least: Duration) {
        self.dropped += 1;
        let figures = self.operations.entry(Operation::Issue).or_default();
        figures.dropped += 1;
        figures.response.record_at_least(micros(least));
    }

    /// Adds the figures of another part.
    pub(crate) fn add(&mut self, other: &Self) {
        for (op, figures) in &other.operations {
            self.operations.entry(*op).or_default().add(figures);
        }
        self.arrived += other.arrived;
        self.dropped += other.dropped;
        self.expiry_lag.add(&other.expiry_lag);
        self.questions.add(&other.questions);
    }

    /// What a distribution that follows from the arrivals of these windows covers, if so many samples were expected.
    pub(crate) fn measured_of(&self, expected: u64) -> MeasuredOf {
        let issues = self.operations.get(&Operation::Issue);
        let arrivals = issues.map(|issues| ArrivalCounts {
            due: issues.due(),
            answered: issues.ok + issues.failed,
            unanswered: issues.indeterminate,
            dropped: issues.dropped,
        });
        MeasuredOf { expected, arrivals }
    }

    /// The figures as reports show them.
    pub(crate) fn tables(&self) -> Vec<OperationStatistics> {
        self.operations.iter().map(|(op, figures)| table(*op, figures)).collect()
    }

    /// The distributions themselves.
    pub(crate) fn histograms(self) -> BTreeMap<(Operation, Clocking, Extent), Histogram<u64>> {
        let mut histograms = BTreeMap::new();
        for (op, figures) in self.operations {
            for (clocking, times) in [(Clocking::Response, figures.response), (Clocking::Service, figures.service)] {
                let (due, unanswered) = times.into_histograms();
                histograms.insert((op, clocking, Extent::Due), due);
                histograms.extend(unanswered.map(|times| ((op, clocking, Extent::Unanswered), times)));
            }
        }
        histograms
    }
}

fn table(op: Operation, figures: &Figures) -> OperationStatistics {
    let mut codes: Vec<(String, u64)> = figures.codes.iter().map(|(code, count)| (code.clone(), *count)).collect();
    codes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    OperationStatistics {
        op,
        due: figures.due(),
        ok: figures.ok,
        failed: figures.failed,
        indeterminate: figures.indeterminate,
        dropped: figures.dropped,
        response: figures.response.summary(),
        service: figures.service.summary(),
        codes,
    }
}
