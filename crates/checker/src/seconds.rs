//! The figures of a run second by second: one compact row for each second and operation, so that a day fits in memory.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use leaseproof_domain::{Dropped, Micros, Operation, OperationRecord, Outcome, SecondFigures};

use crate::timeouts::{micros, waited};

/// How much longer than two timeouts the times of a second are kept: a login takes a connection's and a query's.
const MARGIN: Duration = Duration::from_secs(30);
/// In microseconds.
const SECOND: u64 = 1_000_000;

/// The rows so far.
pub(crate) struct Seconds {
    rows: BTreeMap<(u32, Operation), Row>,
    /// The times of the requests of recent seconds, which may not all have ended, in order of their seconds.
    open: VecDeque<(u32, Operation, Vec<u32>)>,
    /// For how many seconds times are kept.
    kept: u32,
}

/// One second of one operation. Times are in microseconds; 2^32 of them are more than an hour.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    due: u32,
    completed: u32,
    failed: u32,
    unanswered: u32,
    p50: u32,
    p99: u32,
}

impl Seconds {
    pub(crate) fn new(timeout: Duration) -> Self {
        let kept = 2 * timeout + MARGIN;
        let kept = u32::try_from(kept.as_secs()).unwrap_or(u32::MAX);
        Self { rows: BTreeMap::new(), open: VecDeque::new(), kept }
    }

    /// An operation. One without an answer took `least` at least.
    pub(crate) fn operation(&mut self, record: &OperationRecord, least: Duration) {
        let (due, end) = (second(record.intended), second(record.end));
        let row = self.rows.entry((end, record.op)).or_default();
        match record.outcome {
            Outcome::Ok => row.completed += 1,
            Outcome::Failed(_) => {
                row.completed += 1;
                row.failed += 1;
            }
            Outcome::Indeterminate { .. } | Outcome::Harness { .. } => row.unanswered += 1,
        }
        self.due(due, record.op, waited(record.intended, record.end, least));
        self.close(end);
    }

    pub(crate) fn dropped(&mut self, dropped: &Dropped, least: Duration) {
        let due = second(dropped.intended);
        self.rows.entry((due, Operation::Issue)).or_default().unanswered += 1;
        self.due(due, Operation::Issue, micros(least));
    }

    fn due(&mut self, due: u32, op: Operation, time: u64) {
        let time = u32::try_from(time).unwrap_or(u32::MAX);
        let row = self.rows.entry((due, op)).or_default();
        row.due += 1;
        let place = self.open.partition_point(|(second, other, _)| (*second, *other) < (due, op));
        match self.open.get_mut(place) {
            Some((second, other, times)) if (*second, *other) == (due, op) => times.push(time),
            _ if row.due == 1 => self.open.insert(place, (due, op, vec![time])),
            // It took longer than any that was kept: what is known of the others stays a lower bound.
            _ => row.p99 = row.p99.max(time),
        }
    }

    /// Takes down the quantiles of the seconds of which every request has ended.
    fn close(&mut self, now: u32) {
        while let Some((second, ..)) = self.open.front()
            && second.saturating_add(self.kept) < now
            && let Some((second, op, times)) = self.open.pop_front()
        {
            take_down(&mut self.rows, second, op, times);
        }
    }

    /// The rows in order of time. A second in which nothing of an operation was due or ended has none.
    pub(crate) fn figures(mut self) -> Vec<SecondFigures> {
        for (second, op, times) in std::mem::take(&mut self.open) {
            take_down(&mut self.rows, second, op, times);
        }
        let mut backlogs: BTreeMap<Operation, i64> = BTreeMap::new();
        let figures = self.rows.into_iter().map(|((second, op), row)| {
            let Row { due, completed, failed, unanswered, p50, p99 } = row;
            let backlog = backlogs.entry(op).or_default();
            *backlog += i64::from(due) - i64::from(completed) - i64::from(unanswered);
            let time = |micros: u32| (due > 0).then_some(Micros(micros.into()));
            let (p50, p99, backlog) = (time(p50), time(p99), u64::try_from(*backlog).unwrap_or(0));
            SecondFigures { second, op, due, completed, failed, unanswered, p50, p99, backlog }
        });
        figures.collect()
    }
}

fn take_down(rows: &mut BTreeMap<(u32, Operation), Row>, second: u32, op: Operation, mut times: Vec<u32>) {
    times.sort_unstable();
    let row = rows.entry((second, op)).or_default();
    row.p50 = at(&times, 50);
    row.p99 = at(&times, 99);
}

/// The smallest of the sorted times that so many percent are at most.
fn at(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

fn second(moment: Micros) -> u32 {
    u32::try_from(moment.0 / SECOND).unwrap_or(u32::MAX)
}
