use std::collections::BTreeMap;

use leaseproof_domain::{ClockReading, UnixMicros};

/// What is known of the servers' clocks.
#[derive(Default)]
pub(crate) struct Clocks {
    epoch: UnixMicros,
    offsets: BTreeMap<String, (i64, i64)>,
}

/// Where on the harness's clock a server's moment tampering: microseconds of the run, which may be before its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Between {
    pub(crate) earliest: i128,
    pub(crate) latest: i128,
}

impl Clocks {
    pub(crate) fn set_epoch(&mut self, epoch: UnixMicros) {
        self.epoch = epoch;
    }

    /// A clock may drift between its readings: the true offset lies within the bounds of all of them.
    pub(crate) fn see(&mut self, reading: &ClockReading) {
        let low = reading.offset.saturating_sub(reading.uncertainty);
        let high = reading.offset.saturating_add(reading.uncertainty);
        let known = self.offsets.entry(reading.server.clone()).or_insert((low, high));
        *known = (known.0.min(low), known.1.max(high));
    }

    /// The run's moment at which `server`'s clock shows `wall`; none where that clock was not read.
    pub(crate) fn on_harness(&self, server: &str, wall: UnixMicros) -> Option<Between> {
        let (low, high) = self.offsets.get(server)?;
        let local = i128::from(wall.0) - i128::from(self.epoch.0);
        Some(Between { earliest: local - i128::from(*high), latest: local - i128::from(*low) })
    }
}
