//! Waiting for something to come true: one loop for all of it.

use std::thread;
use std::time::{Duration, Instant};

/// How long a process may take to follow a signal before it gets the next one.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(3);

/// Tries at a pace until the time is over.
pub(crate) struct Tries {
    until: Instant,
    pace: Duration,
}

impl Tries {
    /// The first one is now.
    pub(crate) fn new(longest: Duration, pace: Duration) -> Self {
        Self { until: Instant::now() + longest, pace }
    }

    /// Waits for the next one. False if the time is over.
    pub(crate) async fn again(&self) -> bool {
        if Instant::now() >= self.until {
            return false;
        }
        tokio::time::sleep(self.pace).await;
        true
    }
}

/// Waits, blocking, until a condition holds. False if it does not hold at `moment`.
pub(crate) fn holds_by(moment: Instant, pace: Duration, mut holds: impl FnMut() -> bool) -> bool {
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= moment {
            return false;
        }
        thread::sleep(pace);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Tries, holds_by};

    const PACE: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn tries_go_on_until_the_time_is_over() {
        let tries = Tries::new(Duration::from_secs(60), PACE);
        let begun = Instant::now();
        assert!(tries.again().await && tries.again().await);
        assert!(begun.elapsed() >= 2 * PACE);
        assert!(!Tries::new(Duration::ZERO, PACE).again().await);
    }

    #[test]
    fn a_condition_holds_at_once_later_or_not_in_time() {
        let now = Instant::now();
        assert!(holds_by(now, PACE, || true));
        let mut left = 3;
        assert!(holds_by(now + Duration::from_secs(60), PACE, || {
            left -= 1;
            left == 0
        }));
        assert!(!holds_by(Instant::now() + 3 * PACE, PACE, || false));
    }
}
