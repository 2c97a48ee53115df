use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use leaseproof_domain::{Event, LeaseObservation, Operation, OperationRecord, RoleObservation};
use leaseproof_history::EventStream;

/// The longest response time that is counted as itself; longer ones count as this one.
const LONGEST: Duration = Duration::from_secs(3600);
/// Significant decimal digits of a quantile.
const DIGITS: u8 = 3;

/// Metrics of a run while it lasts. Clones share them. Memory is bounded for a run of any length.
#[derive(Clone, Debug, Default)]
pub struct LiveMetrics {
    totals: Arc<Mutex<Snapshot>>,
}

/// The metrics at one moment. All counts are totals since the beginning of the run.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The operations that were performed so far.
    pub operations: BTreeMap<Operation, OperationMetrics>,
    /// Arrivals that were dropped because of the limit of concurrent lifecycles.
    pub dropped: u64,
    /// Vault's leases of the promised roles, as last observed.
    pub leases: u64,
    /// PostgreSQL's roles of credentials, as last observed.
    pub roles: u64,
}

/// One operation's counts and response times.
#[derive(Debug)]
pub struct OperationMetrics {
    /// Completed as expected.
    pub ok: u64,
    /// Answered with an error, unless an error was expected. Each attempt of a login that is repeated counts.
    pub failed: u64,
    /// Without an answer within the client's timeout.
    pub unanswered: u64,
    /// Not performed because of the load generator itself.
    pub own_faults: u64,
    response: Histogram<u64>,
}

impl LiveMetrics {
    /// Metrics of everything that is published from now on.
    pub fn subscribe(stream: &EventStream) -> Self {
        let metrics = Self::default();
        let own = metrics.clone();
        stream.subscribe(move |event| own.lock().add(event));
        metrics
    }

    /// Reads the metrics as they are now. Events wait until `read` returns, so it has to be quick.
    pub fn read<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> T {
        read(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    fn add(&mut self, event: &Event) {
        match event {
            Event::Operation(record) => self.operations.entry(record.op).or_default().add(record),
            Event::Dropped(_) => self.dropped += 1,
            Event::Roles(RoleObservation { appeared, gone, .. }) => {
                self.roles = (self.roles + appeared.len() as u64).saturating_sub(gone.len() as u64);
            }
            Event::Leases(LeaseObservation { appeared, gone, .. }) => {
                self.leases = (self.leases + appeared.len() as u64).saturating_sub(gone.len() as u64);
            }
            _ => {}
        }
    }
}

impl Default for OperationMetrics {
    fn default() -> Self {
        let longest = u64::try_from(LONGEST.as_micros()).unwrap_or(u64::MAX);
        let response = Histogram::new_with_bounds(1, longest, DIGITS).expect("bounds and digits are in range");
        Self { ok: 0, failed: 0, unanswered: 0, own_faults: 0, response }
    }
}

impl OperationMetrics {
    /// The response time that this share of the completed operations did not exceed, `0.99` for the 99th percentile. None
    /// before the first one.
    pub fn response(&self, share: f64) -> Option<Duration> {
        let is_any = !self.response.is_empty();
        is_any.then(|| Duration::from_micros(self.response.value_at_quantile(share)))
    }

    fn add(&mut self, record: &OperationRecord) {
        let outcome = &record.outcome;
        if outcome.harness().is_some() {
            self.own_faults += 1;
            return;
        }
        // Like the final figures: an operation without an answer took at least as long as it was waited for.
        let response = u64::try_from(record.end.since(record.intended).as_micros()).unwrap_or(u64::MAX);
        self.response.saturating_record(response.max(1));
        let refused = outcome.failure().is_some();
        match (outcome.is_open(), refused == record.op.expects_success()) {
            (true, _) => self.unanswered += 1,
            (false, true) => self.failed += 1,
            (false, false) => self.ok += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leaseproof_domain::{
        Event, Failure, FailureSource, HarnessFault, LeaseId, LeaseObservation, Micros, Operation, OperationRecord,
        Outcome, RoleObservation, RoleSeen, Span, Username,
    };
    use leaseproof_history::EventStream;

    use super::LiveMetrics;

    fn operation(op: Operation, millis: u64, outcome: Outcome) -> Event {
        let span = Span { intended: Micros(0), start: Micros(1), end: Micros(millis * 1_000) };
        Event::Operation(OperationRecord::new(1, "app", "steady", op, span, outcome))
    }

    fn refused() -> Outcome {
        Outcome::Failed(Failure { source: FailureSource::Vault, code: "500".into(), message: String::new() })
    }

    #[test]
    fn each_outcome_is_counted_once_and_an_expected_rejection_is_ok() {
        let stream = EventStream::new();
        let metrics = LiveMetrics::subscribe(&stream);
        let open = Outcome::Indeterminate { why: "no answer".into() };
        let own = Outcome::Harness { fault: HarnessFault::Ports, why: "no port".into() };
        let all = [Outcome::Ok, Outcome::Ok, refused(), open, own];
        all.into_iter().for_each(|outcome| stream.publish(operation(Operation::Issue, 10, outcome)));
        // A request that is to be refused.
        stream.publish(operation(Operation::Refused, 10, refused()));
        stream.publish(operation(Operation::Refused, 10, Outcome::Ok));
        let counts = |op: Operation| {
            metrics.read(|snapshot| {
                let of = &snapshot.operations[&op];
                [of.ok, of.failed, of.unanswered, of.own_faults]
            })
        };
        assert_eq!(counts(Operation::Issue), [2, 1, 1, 1]);
        assert_eq!(counts(Operation::Refused), [1, 1, 0, 0]);
    }

    #[test]
    fn response_times_are_from_the_intended_start_also_without_an_answer() {
        let stream = EventStream::new();
        let metrics = LiveMetrics::subscribe(&stream);
        (1..=99).for_each(|millis| stream.publish(operation(Operation::Issue, millis, Outcome::Ok)));
        stream.publish(operation(Operation::Issue, 10_000, Outcome::Indeterminate { why: "no answer".into() }));
        let near = |share: f64, millis: u64| {
            let got = metrics.read(|snapshot| snapshot.operations[&Operation::Issue].response(share)).unwrap();
            let expected = Duration::from_millis(millis);
            assert!(got.abs_diff(expected) <= expected / 500, "{share}: {got:?}");
        };
        near(0.5, 50);
        near(0.99, 99);
        near(1.0, 10_000);
        assert!(!metrics.read(|snapshot| snapshot.operations.contains_key(&Operation::Renew)));
    }

    #[test]
    fn leases_and_roles_are_those_that_appeared_and_are_not_gone() {
        let stream = EventStream::new();
        let metrics = LiveMetrics::subscribe(&stream);
        let role = |oid: u32| RoleSeen {
            cluster: String::new(),
            oid,
            name: Username::new(format!("v-{oid}")),
            valid_until: None,
            login: true,
            password: None,
        };
        let roles = |appeared: &[u32], gone: &[u32]| {
            let appeared = appeared.iter().copied().map(role).collect();
            let (from, to, changed, gone) = (Micros(0), Micros(1), Vec::new(), gone.to_vec());
            Event::Roles(RoleObservation { cluster: String::new(), from, to, appeared, changed, gone, total: 0 })
        };
        let leases = |appeared: &[&str], gone: &[&str]| {
            let ids = |ids: &[&str]| ids.iter().copied().map(LeaseId::new).collect();
            let (from, to, appeared, gone) = (Micros(0), Micros(1), ids(appeared), ids(gone));
            Event::Leases(LeaseObservation { from, to, appeared, gone, total: 0 })
        };
        // Each of two clusters has its own observations.
        let all =
            [roles(&[1, 2], &[]), roles(&[1, 3], &[]), leases(&["a", "b"], &[]), roles(&[], &[2]), leases(&[], &["a"])];
        all.into_iter().for_each(|event| stream.publish(event));
        assert_eq!(metrics.read(|snapshot| (snapshot.roles, snapshot.leases)), (3, 1));
    }
}
