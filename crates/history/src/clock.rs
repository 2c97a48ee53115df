//! The clock that the moments of a run count from.

use std::time::{Duration, Instant, SystemTime};

use leaseproof_domain::{Micros, UnixMicros};

/// The clock of a run. Its epoch, `Micros(0)`, is the moment of [`RunClock::start`]. It never goes backwards, also if the
/// wall clock is set during the run.
#[derive(Clone, Copy, Debug)]
pub struct RunClock {
    start: Instant,
    epoch: UnixMicros,
}

impl RunClock {
    /// A clock whose epoch is now.
    pub fn start() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let epoch = UnixMicros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        Self { start: Instant::now(), epoch }
    }

    /// The present moment of the run.
    pub fn now(&self) -> Micros {
        self.micros(Instant::now())
    }

    /// The run's moment at `instant`; zero for an instant before the epoch.
    pub fn micros(&self, instant: Instant) -> Micros {
        Micros(0).after(instant.saturating_duration_since(self.start))
    }

    /// The instant of a moment of the run.
    pub fn instant(&self, at: Micros) -> Instant {
        self.start + at.since(Micros(0))
    }

    /// How long it is until a moment of the run; zero if that is past.
    pub fn until(&self, at: Micros) -> Duration {
        at.since(self.now())
    }

    /// The wall clock of this machine at the epoch.
    pub fn epoch(&self) -> UnixMicros {
        self.epoch
    }
}
