use std::time::Duration;

use super::PhasePlan;

/// When the arrivals of a phase with a constant rate are due: arrival `k`, counted from 0, at `k / rate` after the
/// phase's beginning, as long as that lies within the phase.
///
/// Every moment is computed from `k` and not from the arrival before it, so that no rounding adds up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    rate: f64,
    arrivals: u64,
}

impl Schedule {
    /// The schedule of `rate` arrivals a second over `length`. A rate that is not above zero has no arrivals.
    pub fn new(rate: f64, length: Duration) -> Self {
        if rate.is_nan() || rate <= 0.0 {
            return Self { rate: 0.0, arrivals: 0 };
        }
        let exact = rate * length.as_secs_f64();
        // 0.3/s over 10 s are 3 arrivals, also where the product comes out as 3.0000000000000004.
        let whole = exact.round();
        let arrivals = if (exact - whole).abs() <= 1e-9 * exact.max(1.0) { whole } else { exact.ceil() };
        Self { rate, arrivals: arrivals as u64 }
    }

    /// The schedule of a phase.
    pub fn of(phase: &PhasePlan) -> Self {
        Self::new(phase.rate, phase.duration.duration())
    }

    /// How many arrivals there are.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// How long after the phase's beginning arrival `k` is due, in whole microseconds.
    pub fn due(&self, k: u64) -> Duration {
        Duration::from_micros((k as f64 * 1e6 / self.rate).round() as u64)
    }

    /// Every arrival's moment, in order.
    pub fn moments(self) -> impl Iterator<Item = Duration> {
        (0..self.arrivals).map(move |k| self.due(k))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Schedule;

    #[test]
    fn arrivals_come_at_equal_distances_from_the_beginning() {
        let millis = |rate, seconds: f64| -> Vec<u128> {
            Schedule::new(rate, Duration::from_secs_f64(seconds)).moments().map(|due| due.as_millis()).collect()
        };
        assert_eq!(millis(8.0, 1.0), [0, 125, 250, 375, 500, 625, 750, 875]);
        assert_eq!(millis(0.5, 5.0), [0, 2000, 4000]);
        assert_eq!(millis(0.3, 10.0).len(), 3);
        assert!(millis(0.0, 10.0).is_empty());
        assert!(millis(8.0, 0.0).is_empty());
        assert_eq!(Schedule::new(8.0, Duration::from_secs(40)).arrivals(), 320);
    }

    proptest! {
        #[test]
        fn a_schedule_sums_to_its_rate(rate in 0.01_f64..5_000.0, millis in 0_u64..600_000) {
            let length = Duration::from_millis(millis);
            let schedule = Schedule::new(rate, length);
            let exact = rate * length.as_secs_f64();
            prop_assert!((schedule.arrivals() as f64 - exact).abs() <= 1.0);
        }

        #[test]
        fn every_arrival_is_in_order_and_in_the_phase(rate in 0.01_f64..500.0, millis in 1_u64..20_000) {
            let length = Duration::from_millis(millis);
            let schedule = Schedule::new(rate, length);
            let moments: Vec<Duration> = schedule.moments().collect();
            prop_assert_eq!(moments.len() as u64, schedule.arrivals());
            prop_assert!(moments.is_sorted());
            prop_assert!(moments.iter().all(|due| *due <= length));
            prop_assert_eq!(schedule.moments().collect::<Vec<_>>(), moments);
        }
    }
}
