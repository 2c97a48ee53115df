use std::collections::BTreeMap;
use std::time::Duration;

use leaseproof_domain::{Event, Micros, PhaseMark, PhasePoint};
use leaseproof_history::{Recorder, RunClock};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// When each phase of the load began, and whether the load is over.
pub struct Moments {
    clock: RunClock,
    begun: watch::Receiver<BTreeMap<String, Micros>>,
    over: CancellationToken,
}

impl Moments {
    /// Follows the load's events from now on. `over` is cancelled at the latest when the load has ended.
    pub fn follow(recorder: &Recorder, over: CancellationToken) -> Self {
        let (sender, begun) = watch::channel(BTreeMap::new());
        recorder.stream().subscribe(move |event| {
            if let Event::Phase(PhaseMark { phase, point: PhasePoint::Begins, at }) = &**event {
                sender.send_modify(|begun| {
                    begun.insert(phase.clone(), *at);
                });
            }
        });
        Self { clock: recorder.clock(), begun, over }
    }

    /// The time so long after the beginning of a phase. None if the load ends before that phase begins.
    pub(crate) async fn due(&self, phase: &str, at: Duration) -> Option<Micros> {
        let mut begun = self.begun.clone();
        tokio::select! {
            biased;
            () = self.over.cancelled() => None,
            begun = begun.wait_for(|begun| begun.contains_key(phase)) => Some(begun.ok()?.get(phase)?.after(at)),
        }
    }

    /// Whether that time came before the end of the load.
    pub(crate) async fn wait_until(&self, moment: Micros) -> bool {
        tokio::select! {
            biased;
            () = self.over.cancelled() => false,
            () = tokio::time::sleep(self.clock.until(moment)) => true,
        }
    }
}
