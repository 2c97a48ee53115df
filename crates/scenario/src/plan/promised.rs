use leaseproof_domain::Origin;
use serde::{Deserialize, Serialize};

/// A value and the line that says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised<T> {
    /// What is promised.
    pub value: T,
    /// Where.
    pub origin: Origin,
}
