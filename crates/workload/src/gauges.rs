use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers that go up and down while a run lasts. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Gauges {
    numbers: Arc<Numbers>,
}

#[derive(Default)]
struct Numbers {
    arrived: AtomicU64,
    extra: AtomicU64,
    live: AtomicU64,
    waiting: AtomicU64,
    finished: AtomicU64,
    failures: AtomicU64,
}

/// One unit of a gauge that falls again when this is dropped.
#[must_use]
pub(crate) struct Counted {
    gauges: Gauges,
    which: fn(&Numbers) -> &AtomicU64,
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(&self.gauges.numbers).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gauges {
    pub(crate) fn arrived(&self) -> u64 {
        self.numbers.arrived.load(Ordering::Relaxed)
    }

    pub(crate) fn extra(&self) -> u64 {
        self.numbers.extra.load(Ordering::Relaxed)
    }

    pub(crate) fn live(&self) -> u64 {
        self.numbers.live.load(Ordering::Relaxed)
    }

    pub(crate) fn finished(&self) -> u64 {
        self.numbers.finished.load(Ordering::Relaxed)
    }

    pub(crate) fn failures(&self) -> u64 {
        self.numbers.failures.load(Ordering::Relaxed)
    }

    pub(crate) fn count_arrival(&self) {
        self.numbers.arrived.fetch_add(1, Ordering::Relaxed);
    }

    /// One more lifecycle begins that is no arrival of the schedule.
    pub(crate) fn count_extra(&self) {
        self.numbers.extra.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_finished(&self) {
        self.numbers.finished.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_failure(&self) {
        self.numbers.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// One more credential is live.
    pub(crate) fn enter_lifecycle(&self) -> Counted {
        self.counted(|numbers| &numbers.live)
    }

    /// One more lifecycle waits for an answer.
    pub(crate) fn wait(&self) -> Counted {
        self.counted(|numbers| &numbers.waiting)
    }

    /// One more lifecycle waits for an answer, unless `cap` do already. Only arrivals are turned away: what has begun goes on.
    pub(crate) fn wait_below(&self, cap: u64) -> Option<Counted> {
        // Only the scheduler asks, one arrival at a time, so that nobody slips in between the two.
        (self.numbers.waiting.load(Ordering::Relaxed) < cap).then(|| self.wait())
    }

    fn counted(&self, which: fn(&Numbers) -> &AtomicU64) -> Counted {
        which(&self.numbers).fetch_add(1, Ordering::Relaxed);
        Counted { gauges: self.clone(), which }
    }
}

#[cfg(test)]
mod tests {
    use super::Gauges;

    #[test]
    fn an_arrival_beyond_the_cap_is_turned_away_until_an_answer_comes() {
        let gauges = Gauges::default();
        let first = gauges.wait_below(2);
        let second = gauges.wait_below(2);
        assert!(first.is_some() && second.is_some());
        assert!(gauges.wait_below(2).is_none());
        drop(first);
        let third = gauges.wait_below(2);
        assert!(third.is_some());
        // A lifecycle that goes on is not turned away.
        let _fourth = gauges.wait();
        assert!(gauges.wait_below(3).is_none());
    }

    #[test]
    fn a_lifecycle_is_counted_as_long_as_it_lasts() {
        let gauges = Gauges::default();
        let lifecycle = gauges.enter_lifecycle();
        assert_eq!(gauges.live(), 1);
        drop(lifecycle);
        assert_eq!(gauges.live(), 0);
    }
}
