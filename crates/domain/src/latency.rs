use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Quantity;

/// A distribution of times, in microseconds, over everything that was due.
///
/// Requests without an answer are included as lower bounds: the time that they waited, and at least the client's timeout
/// (censored observations in survival analysis).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LatencySummary {
    /// Samples, censored ones included.
    pub count: u64,
    /// How many of them are lower bounds: the request had no answer or was dropped, the role still existed.
    #[serde(default)]
    pub censored: u64,
    /// Median.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
    /// Largest.
    pub max: u64,
    /// The figures that are lower bounds: the true value is larger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_least: Vec<Quantity>,
}

/// What a measured distribution was expected to cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeasuredOf {
    /// How many samples were expected.
    pub expected: u64,
    /// The arrivals of the check's role, phase and windows, if the samples follow from arrivals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<ArrivalCounts>,
}

/// Arrivals by the answer to their issue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArrivalCounts {
    /// How many were due: the sum of the three figures that follow.
    pub due: u64,
    /// How many issues Vault answered.
    pub answered: u64,
    /// How many issues were sent and had no answer.
    pub unanswered: u64,
    /// How many were never sent.
    pub dropped: u64,
}
