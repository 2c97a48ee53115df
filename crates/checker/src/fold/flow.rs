//! What was due and what came of it, over time: the load of a run in slices of equal length.

use std::collections::BTreeMap;
use std::time::Duration;

use leaseproof_domain::{Event, Micros, Operation, OperationRecord, Outcome};
use leaseproof_scenario::Plan;

use super::Lifecycle;
use crate::timeouts::{Timeouts, micros, waited};

/// How long a slice is at first, in microseconds.
const FIRST_WIDTH: u64 = 250_000;
/// Where a run has more slices than that, two become one.
const MOST: usize = 4_096;

/// The load of a run, slice by slice.
pub(crate) struct Flow<'p> {
    timeouts: Timeouts<'p>,
    width: u64,
    slices: Vec<Slice>,
    /// How many roles each cluster has, as last observed.
    roles: BTreeMap<String, u64>,
}

/// What happened in a slice of time.
#[derive(Clone, Copy, Default)]
pub(crate) struct Slice {
    /// Requests of lifecycles that were due and sent.
    pub(crate) due: u64,
    /// Requests that ended, whatever came of them.
    pub(crate) ended: u64,
    /// Requests that were given up when their time-out was over, and arrivals that were dropped.
    pub(crate) lost: u64,
    /// Of those, the arrivals that were dropped.
    pub(crate) dropped: u64,
    /// Issues that were due, dropped arrivals included.
    pub(crate) arrivals: u64,
    /// Of those, the ones that were sent and given up later.
    pub(crate) given_up: u64,
    /// Issues that were answered.
    pub(crate) answered: u64,
    /// By operation, how long the requests took that were due.
    pub(crate) waits: [Waits; Operation::ALL.len()],
    /// How many roles the last observation showed, the ones before the run left out.
    pub(crate) roles: Option<u64>,
    /// Leases that began, and leases that ended or may have no end that is known.
    pub(crate) leases_begun: u64,
    pub(crate) leases_ended: u64,
    /// How long the roles outlasted their leases that ended.
    pub(crate) lags: Waits,
    /// Roles of leases that ended in it and that were still there when they were last looked for.
    pub(crate) outlasting: u64,
}

/// A sum of times in microseconds, and of how many.
#[derive(Clone, Copy, Default)]
pub(crate) struct Waits {
    sum: u64,
    pub(crate) count: u64,
}

impl Waits {
    fn add(&mut self, micros: u64) {
        self.sum += micros;
        self.count += 1;
    }

    fn join(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, count: self.count + other.count }
    }

    /// The mean of several, in seconds.
    pub(crate) fn mean(all: impl Iterator<Item = Self>) -> Option<f64> {
        let all = all.fold(Self::default(), Self::join);
        (all.count > 0).then(|| all.sum as f64 / all.count as f64 / 1e6)
    }
}

impl<'p> Flow<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        Self { timeouts: Timeouts::of(plan), width: FIRST_WIDTH, slices: Vec::new(), roles: BTreeMap::new() }
    }

    pub(super) fn see(&mut self, event: &Event) {
        match event {
            Event::Operation(record) if record.lifecycle > 0 && record.op != Operation::Refused => {
                self.operation(record)
            }
            Event::Dropped(dropped) => {
                let timeout = self.timeouts.dropped(dropped);
                let slice = self.at(dropped.intended);
                slice.arrivals += 1;
                slice.lost += 1;
                slice.dropped += 1;
                slice.waits[Operation::Issue as usize].add(micros(timeout));
            }
            Event::Roles(observation) => {
                self.roles.insert(observation.cluster.clone(), observation.total);
                let all = self.roles.values().sum();
                self.at(observation.to).roles = Some(all);
            }
            _ => {}
        }
    }

    fn operation(&mut self, record: &OperationRecord) {
        let timeout = self.timeouts.operation(record);
        let answered = !matches!(record.outcome, Outcome::Indeterminate { .. });
        let timed_out = !answered && is_timed_out(record, timeout);
        let due = self.at(record.intended);
        due.due += 1;
        if answered || timed_out {
            let at_least = if timed_out { timeout } else { Duration::ZERO };
            due.waits[record.op as usize].add(waited(record.intended, record.end, at_least));
        }
        due.arrivals += u64::from(record.op == Operation::Issue);
        due.given_up += u64::from(record.op == Operation::Issue && timed_out);
        let end = self.at(record.end);
        end.ended += 1;
        end.lost += u64::from(timed_out);
        if record.op == Operation::Issue {
            end.answered += u64::from(answered);
            // Vault may have made a lease that no client received; its end is unknown.
            end.leases_begun += u64::from(!answered);
        }
    }

    /// Takes in a credential's lease, once its lifecycle is whole: from when on its role outlasts its lease, and until when where
    /// it was seen to go.
    pub(crate) fn lifecycle(&mut self, lifecycle: &Lifecycle, outlasts: Option<(Micros, Option<Micros>)>) {
        let Some(issue) = lifecycle.acknowledged() else { return };
        self.at(issue.end).leases_begun += 1;
        let revoked = lifecycle.revocation().filter(|step| step.is_ok()).map(|step| step.end);
        if let Some(end) = revoked.or(lifecycle.last_term().map(|term| term.latest)) {
            self.at_if_in(end).into_iter().for_each(|slice| slice.leases_ended += 1);
        }
        let Some((from, gone)) = outlasts else { return };
        if let Some(slice) = self.at_if_in(from) {
            match gone {
                Some(to) => slice.lags.add(to.0.saturating_sub(from.0)),
                None => slice.outlasting += 1,
            }
        }
    }

    fn at(&mut self, moment: Micros) -> &mut Slice {
        let mut place = (moment.0 / self.width) as usize;
        while place >= MOST {
            self.halve();
            place = (moment.0 / self.width) as usize;
        }
        if place >= self.slices.len() {
            self.slices.resize(place + 1, Slice::default());
        }
        &mut self.slices[place]
    }

    /// The slice of a moment, unless it lies after everything that was seen.
    fn at_if_in(&mut self, moment: Micros) -> Option<&mut Slice> {
        self.slices.get_mut((moment.0 / self.width) as usize)
    }

    fn halve(&mut self) {
        let join = |pair: &[Slice]| pair.iter().copied().reduce(Slice::join).unwrap_or_default();
        self.slices = self.slices.chunks(2).map(join).collect();
        self.width *= 2;
    }

    /// How long a slice is, in seconds.
    pub(crate) fn width(&self) -> f64 {
        self.width as f64 / 1e6
    }

    /// The places of the slices that lie wholly between two moments.
    pub(crate) fn places(&self, from: Micros, to: Micros) -> std::ops::Range<usize> {
        let first = from.0.div_ceil(self.width) as usize;
        let last = ((to.0 / self.width) as usize).min(self.slices.len());
        first.min(last)..last
    }

    /// The slices of these places.
    pub(crate) fn slices(&self, places: std::ops::Range<usize>) -> &[Slice] {
        &self.slices[places]
    }

    /// At the end of each slice of these places: requests that were due and not completed. What was lost before the first
    /// of them is left out.
    pub(crate) fn waiting(&self, places: std::ops::Range<usize>) -> Vec<f64> {
        let before = &self.slices[..places.start];
        let begun = |slices: &[Slice]| slices.iter().map(|slice| slice.due as f64 - slice.ended as f64).sum::<f64>();
        let mut waiting = begun(before);
        let next = |slice: &Slice| {
            waiting += slice.due as f64 - slice.ended as f64 + slice.lost as f64;
            waiting
        };
        self.slices[places].iter().map(next).collect()
    }

    /// At the end of each slice of these places: roles whose lease has ended, at least so many.
    pub(crate) fn unrevoked(&self, places: std::ops::Range<usize>) -> Vec<f64> {
        let (mut roles, mut leases) = (0.0, 0.0);
        let mut all = Vec::new();
        for slice in &self.slices[..places.end] {
            roles = slice.roles.map_or(roles, |roles| roles as f64);
            leases += slice.leases_begun as f64 - slice.leases_ended as f64;
            all.push((roles - leases).max(0.0));
        }
        all.split_off(places.start)
    }
}

/// Whether a request without an answer was waited for until its time-out: one that broke off is not waiting.
fn is_timed_out(record: &OperationRecord, timeout: Duration) -> bool {
    record.end.since(record.start) >= timeout.mul_f64(0.95)
}

impl Slice {
    fn join(self, next: Self) -> Self {
        Self {
            due: self.due + next.due,
            ended: self.ended + next.ended,
            lost: self.lost + next.lost,
            dropped: self.dropped + next.dropped,
            arrivals: self.arrivals + next.arrivals,
            given_up: self.given_up + next.given_up,
            answered: self.answered + next.answered,
            waits: std::array::from_fn(|op| self.waits[op].join(next.waits[op])),
            roles: next.roles.or(self.roles),
            leases_begun: self.leases_begun + next.leases_begun,
            leases_ended: self.leases_ended + next.leases_ended,
            lags: self.lags.join(next.lags),
            outlasting: self.outlasting + next.outlasting,
        }
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{Event, Micros, RoleObservation};

    use super::Flow;

    #[test]
    fn the_roles_of_all_clusters_are_counted() {
        let plan = leaseproof_testkit::story::plan();
        let mut flow = Flow::new(&plan);
        let mut roles = |cluster: &str, at: u64, total: u64| {
            let (from, to) = (Micros(at), Micros(at));
            let (appeared, changed, gone) = (vec![], vec![], vec![]);
            let cluster = cluster.to_owned();
            flow.see(&Event::Roles(RoleObservation { cluster, from, to, appeared, changed, gone, total }));
        };
        roles("target", 0, 3);
        roles("second", 1_000_000, 4);
        roles("target", 2_000_000, 1);
        let counted: Vec<u64> = flow.slices(0..9).iter().filter_map(|slice| slice.roles).collect();
        assert_eq!(counted, [3, 7, 5]);
    }
}
