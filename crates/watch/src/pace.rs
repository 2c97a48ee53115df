use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use leaseproof_domain::{Event, HarnessFault, HarnessTrouble, Micros, Observer, Redactor, WatchGap};
use leaseproof_history::Recorder;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Something that is observed again and again.
pub(crate) trait Observe: Send {
    /// Observes once; records the result, or that the observation failed.
    fn observe(&mut self) -> impl Future<Output = ()> + Send;
}

/// Observes every `pace` until it is stopped. An observation that takes longer than the pace lets the next ones fall out: they
/// never pile up, and a slow environment is not asked more often for being slow.
pub(crate) async fn at_pace(mut observer: impl Observe, first: Duration, pace: Duration, stop: CancellationToken) {
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + first, pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = ticks.tick() => observer.observe().await,
        }
    }
}

/// Where observations are written down.
#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) recorder: Recorder,
    pub(crate) redactor: Arc<Redactor>,
}

impl Book {
    pub(crate) fn now(&self) -> Micros {
        self.recorder.now()
    }

    pub(crate) fn record(&self, event: Event) {
        self.recorder.record(event);
    }

    /// Writes down that `observer` could not observe from `from` until now, and what the harness lacked where that is why.
    pub(crate) fn gap(&self, observer: Observer, from: Micros, why: &impl Display, fault: Option<HarnessFault>) {
        self.gap_in("", observer, from, why, fault);
    }

    /// The same of one cluster.
    pub(crate) fn gap_in(
        &self,
        cluster: &str,
        observer: Observer,
        from: Micros,
        why: &impl Display,
        fault: Option<HarnessFault>,
    ) {
        let (cluster, why, to) = (cluster.to_owned(), self.redactor.scrub(&why.to_string()).text, self.now());
        if let Some(fault) = fault {
            self.record(Event::Harness(HarnessTrouble { from, to, fault, why: why.clone() }));
        }
        self.record(Event::WatchGap(WatchGap { cluster, observer, from, to, why }));
    }
}
