//! The wait for Vault to revoke what a run's token had.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often it is observed what is left.
const PACE: Duration = Duration::from_millis(250);
/// How often that is recorded.
const RECORD_EVERY: Duration = Duration::from_secs(1);
/// How long a run that was interrupted waits.
const INTERRUPTED: Duration = Duration::from_secs(10);

/// How long what is left may take to go.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseWait {
    /// Without any role or lease going, it has stopped shrinking. Vault tries a revocation that failed again after 10 to
    /// 30 s (vault/expiration.go, revokeExponentialBackoff).
    pub stall: Duration,
    /// At most, whatever goes meanwhile.
    pub longest: Duration,
}

/// What is left while it shrinks, or does not.
pub(crate) struct Backlog {
    stall: Duration,
    ends: Instant,
    interrupted: bool,
    /// The fewest that were left, and since when; before the first observation, more than there can be.
    fewest: u64,
    since: Instant,
    recorded: Option<Instant>,
}

impl Backlog {
    pub(crate) fn begin(waits: &ReleaseWait, interrupted: bool, now: Instant) -> Self {
        let longest = if interrupted { waits.longest.min(INTERRUPTED) } else { waits.longest };
        let ends = now + longest;
        Self { stall: waits.stall, ends, interrupted, fewest: u64::MAX, since: now, recorded: None }
    }

    /// Takes in how many are left. Answers whether that is to be recorded.
    pub(crate) fn see(&mut self, left: u64, now: Instant) -> bool {
        if left < self.fewest {
            (self.fewest, self.since) = (left, now);
        }
        let due = self.recorded.is_none_or(|last| now.duration_since(last) >= RECORD_EVERY);
        if due {
            self.recorded = Some(now);
        }
        due
    }

    /// Whether nothing went for as long as that means that nothing will.
    pub(crate) fn has_stalled(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= self.stall
    }

    /// Whether it is not observed any more.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.has_stalled(now) || now >= self.ends
    }

    /// Waits until it is observed again. True where `stop` was cancelled meanwhile.
    pub(crate) async fn pause(&self, pace: Duration, stop: &CancellationToken) -> bool {
        let stopped = async {
            if self.interrupted {
                std::future::pending().await
            } else {
                stop.cancelled().await;
            }
        };
        tokio::select! {
            biased;
            () = stopped => true,
            () = tokio::time::sleep(pace.max(PACE)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    use super::{Backlog, ReleaseWait};

    const WAITS: ReleaseWait = ReleaseWait { stall: Duration::from_secs(35), longest: Duration::from_secs(600) };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_is_observed_as_long_as_it_shrinks() {
        let mut now = Instant::now();
        let mut backlog = Backlog::begin(&WAITS, false, now);
        assert!(backlog.see(20, now));
        for left in (10..20).rev() {
            now += seconds(34);
            backlog.see(left, now);
            assert!(!backlog.is_over(now), "{left}");
        }
        // Others come and go: only fewer than ever is progress.
        backlog.see(12, now + seconds(30));
        backlog.see(11, now + seconds(34));
        assert!(!backlog.is_over(now + seconds(34)));
        assert!(backlog.has_stalled(now + seconds(35)) && backlog.is_over(now + seconds(35)));
    }

    #[test]
    fn it_is_not_observed_for_ever() {
        let begun = Instant::now();
        let mut backlog = Backlog::begin(&WAITS, false, begun);
        for ten in 0..60 {
            backlog.see(1_000 - ten, begun + seconds(10 * ten));
        }
        assert!(!backlog.is_over(begun + seconds(599)));
        let over = begun + seconds(600);
        assert!(backlog.is_over(over) && !backlog.has_stalled(over));
    }

    #[test]
    fn what_could_not_be_observed_has_stalled_too() {
        let begun = Instant::now();
        assert!(Backlog::begin(&WAITS, false, begun).is_over(begun + seconds(35)));
    }

    #[tokio::test]
    async fn an_interrupted_run_waits_a_short_while_and_a_signal_ends_the_wait() {
        let begun = Instant::now();
        assert!(Backlog::begin(&WAITS, true, begun).is_over(begun + seconds(10)));
        let stop = CancellationToken::new();
        let backlog = Backlog::begin(&WAITS, false, begun);
        assert!(!backlog.pause(Duration::ZERO, &stop).await);
        stop.cancel();
        assert!(backlog.pause(Duration::ZERO, &stop).await);
        assert!(!Backlog::begin(&WAITS, true, begun).pause(Duration::ZERO, &stop).await, "it was interrupted before");
    }
}
