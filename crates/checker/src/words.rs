//! Formats figures for findings.

use std::time::Duration;

pub(crate) use leaseproof_domain::count;

/// A span in seconds, to the millisecond: `3.605 s`.
pub(crate) fn seconds(micros: i128) -> String {
    format!("{:.3} s", micros as f64 / 1e6)
}

/// The span between two moments, in seconds.
pub(crate) fn span(duration: Duration) -> String {
    seconds(i128::try_from(duration.as_micros()).unwrap_or(i128::MAX))
}

/// What the workload says before the reason why a login's query had no answer.
pub(crate) const TO_THE_QUERY: &str = "no answer from PostgreSQL to the query: ";
/// What the clients of Vault and PostgreSQL say of a request that they gave up at the time-out.
pub(crate) const TIMED_OUT: &str = "it took longer than ";
