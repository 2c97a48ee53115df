use leaseproof_domain::Ttl;

use crate::fold::Step;

/// Vault takes "now" rounded to the second where it reckons what is left of a maximum TTL
/// (`sdk/framework/lease.go`, CalculateTTL).
const ROUNDING: i128 = 500_000;
/// Answers tell whole seconds, the rest cut off.
pub(super) const SECOND: i128 = 1_000_000;

/// How much of a maximum TTL was left when Vault worked on a renewal, in microseconds: between the bounds.
pub(super) struct Left {
    least: i128,
    most: i128,
}

impl Left {
    pub(super) fn of(max: Ttl, issue: &Step, renewal: &Step) -> Self {
        let max = max.duration().as_micros() as i128;
        Self {
            least: i128::from(issue.start.0) + max - i128::from(renewal.end.0) - ROUNDING,
            most: i128::from(issue.end.0) + max - i128::from(renewal.start.0) + ROUNDING,
        }
    }

    /// Whether an increment of so many seconds certainly fits.
    pub(super) fn holds(&self, seconds: u64) -> bool {
        i128::from(seconds) * SECOND <= self.least
    }

    /// Whether an increment of so many seconds is certainly too long.
    pub(super) fn cuts(&self, seconds: u64) -> bool {
        i128::from(seconds) * SECOND > self.most
    }

    /// Whether a lease of so many seconds goes certainly past the maximum.
    pub(super) fn is_passed_by(&self, seconds: u64) -> bool {
        i128::from(seconds) * SECOND > self.most
    }

    /// Whether a lease of so many seconds can be what was left.
    pub(super) fn can_be(&self, seconds: u64) -> bool {
        let granted = i128::from(seconds) * SECOND;
        granted <= self.most && granted > self.least - SECOND
    }

    /// What was left, in whole seconds, as Vault answers it at most.
    pub(super) fn seconds(&self) -> i128 {
        self.most / SECOND
    }
}
