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

#[cfg(test)]
mod tests {
    use leaseproof_domain::{Micros, Operation, Outcome, Ttl};

    use super::Left;
    use crate::fold::Step;

    fn step(op: Operation, start: u64, end: u64) -> Step {
        Step {
            op,
            start: Micros(start),
            end: Micros(end),
            outcome: Outcome::Ok,
            lease_seconds: None,
            increment_seconds: None,
            renewable: None,
            warned: false,
            endpoint: None,
            standby: false,
            query_failed: false,
        }
    }

    /// What was left of ten seconds, between 8 s and 10 s where the renewal was with Vault from 2.0 s to 2.5 s.
    fn left(start: u64, end: u64) -> Left {
        let issue = step(Operation::Issue, 1_000_000, 1_500_000);
        Left::of(Ttl::from_secs(10), &issue, &step(Operation::Renew, start, end))
    }

    #[test]
    fn what_certainly_fits_and_what_is_certainly_too_long_is_reported_to_the_microsecond() {
        let [least, fewer, more] = [left(2_000_000, 2_500_000), left(2_000_000, 2_500_001), left(1_999_999, 2_500_000)];
        assert!(least.holds(8) && !least.holds(9) && !fewer.holds(8) && more.holds(8));
        let most = left(2_000_001, 2_500_000);
        for is_too_long in [Left::cuts, Left::is_passed_by] {
            assert!(!is_too_long(&least, 10) && is_too_long(&least, 11) && is_too_long(&most, 10));
        }
    }

    #[test]
    fn an_answer_can_be_what_was_left_where_its_cut_off_rest_is_under_a_second() {
        let [exact, fewer, less] = [left(2_000_000, 2_500_000), left(2_000_000, 2_500_001), left(2_000_001, 2_500_000)];
        assert!(!exact.can_be(7) && fewer.can_be(7) && !fewer.can_be(6));
        assert!(exact.can_be(10) && !exact.can_be(11) && less.can_be(9) && !less.can_be(10));
        assert_eq!((exact.seconds(), less.seconds()), (10, 9));
    }
}
