use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Operation;

/// A metric of a run that a threshold can limit, written `issue.response.p99`, `login.service.max`, `renew.failed`,
/// `issue.unanswered`, `lifecycles.dropped` or `expiry.lag.p99`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Metric {
    /// Response time of an operation: from the intended start to the answer. Microseconds.
    Response(Operation, Quantity),
    /// Service time of an operation: from the actual start to the answer. Microseconds.
    Service(Operation, Quantity),
    /// Share of an operation's due requests that were rejected, had no answer, or were dropped, 0 to 1.
    Failed(Operation),
    /// Share of an operation's due requests that had no answer within the client's timeout or were dropped, 0 to 1.
    Unanswered(Operation),
    /// Share of dropped arrivals, 0 to 1.
    Dropped,
    /// From a lease's expiry to the first observation without its role. Microseconds.
    ExpiryLag(Quantity),
}

/// Which figure of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Quantity {
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 99th percentile.
    P99,
    /// 99.9th percentile.
    P999,
    /// Largest value.
    Max,
}

impl Quantity {
    /// Every figure.
    pub const ALL: [Self; 5] = [Self::P50, Self::P90, Self::P99, Self::P999, Self::Max];

    /// Its name in a metric.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
            Self::Max => "max",
        }
    }

    /// The quantile in 0..=1.
    pub const fn quantile(self) -> f64 {
        match self {
            Self::P50 => 0.5,
            Self::P90 => 0.9,
            Self::P99 => 0.99,
            Self::P999 => 0.999,
            Self::Max => 1.0,
        }
    }
}

/// A text that is not a metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a metric")]
pub struct UnknownMetric(pub String);

impl Metric {
    /// All metrics, for suggesting a similar name.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Dropped];
        all.extend(Quantity::ALL.map(Self::ExpiryLag));
        for op in Operation::ALL {
            all.push(Self::Failed(op));
            all.push(Self::Unanswered(op));
            all.extend(Quantity::ALL.map(|q| Self::Response(op, q)));
            all.extend(Quantity::ALL.map(|q| Self::Service(op, q)));
        }
        all
    }

    /// The operation that it is a figure of; none of what is a figure of lifecycles.
    pub const fn operation(self) -> Option<Operation> {
        match self {
            Self::Response(op, _) | Self::Service(op, _) | Self::Failed(op) | Self::Unanswered(op) => Some(op),
            Self::Dropped | Self::ExpiryLag(_) => None,
        }
    }

    /// Whether its value is a time in microseconds, and not a share.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Response(..) | Self::Service(..) | Self::ExpiryLag(_))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(op, quantity) => write!(f, "{op}.response.{}", quantity.name()),
            Self::Service(op, quantity) => write!(f, "{op}.service.{}", quantity.name()),
            Self::Failed(op) => write!(f, "{op}.failed"),
            Self::Unanswered(op) => write!(f, "{op}.unanswered"),
            Self::Dropped => f.write_str("lifecycles.dropped"),
            Self::ExpiryLag(quantity) => write!(f, "expiry.lag.{}", quantity.name()),
        }
    }
}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        Self::all().into_iter().find(|metric| metric.to_string() == text).ok_or_else(|| UnknownMetric(text.to_owned()))
    }
}

impl TryFrom<String> for Metric {
    type Error = UnknownMetric;

    fn try_from(text: String) -> Result<Self, UnknownMetric> {
        text.parse()
    }
}

impl From<Metric> for String {
    fn from(metric: Metric) -> Self {
        metric.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Metric;

    #[test]
    fn every_metric_is_read_back_from_its_name() {
        for metric in Metric::all() {
            assert_eq!(metric.to_string().parse(), Ok(metric));
        }
        assert!("issue.respons.p99".parse::<Metric>().is_err());
    }
}
