use crate::{Micros, Operation};

/// What became of one operation's requests in one second of a run: a row of `seconds.csv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFigures {
    /// The second, counted from the run's beginning: the first one is 0.
    pub second: u32,
    /// The operation.
    pub op: Operation,
    /// Requests whose intended start is in this second, including dropped arrivals.
    pub due: u32,
    /// Requests that were answered in this second, with a failure or without.
    pub completed: u32,
    /// Of those, the ones with a failure.
    pub failed: u32,
    /// Requests that were given up in this second without an answer, and arrivals that were dropped in it.
    pub unanswered: u32,
    /// The median of the response times of the requests that were due in this second; a request without an answer counts
    /// with the time that it waited, and at least with the client's timeout. None if nothing was due.
    pub p50: Option<Micros>,
    /// The 99th percentile of the same times.
    pub p99: Option<Micros>,
    /// Requests that were due until the end of this second and were neither answered nor given up by then.
    pub backlog: u64,
}
