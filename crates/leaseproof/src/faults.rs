//! Injects the plan's faults at their times during the load.

use std::time::Duration;

use leaseproof_domain::{Event, FaultMark, FaultPoint, Micros};
use leaseproof_estate::Estate;
use leaseproof_history::Recorder;
use leaseproof_scenario::{FaultPlan, Plan};
use leaseproof_workload::Progress;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::stop::Stop;

/// Injects and heals every fault of the plan, one after the other. After `cancel` is cancelled, or the load is over, no
/// fault begins and an active one is healed immediately.
pub(crate) async fn inject(
    plan: &Plan,
    estate: &mut Estate,
    recorder: &Recorder,
    progress: watch::Receiver<Progress>,
    cancel: &CancellationToken,
) -> Result<(), Stop> {
    for (number, fault) in (1..).zip(&plan.faults) {
        let pace = Pace { recorder, progress: progress.clone(), cancel };
        let Some(due) = pace.due(fault).await else { return Ok(()) };
        if let Some(words) = estate.lacks_standby(fault) {
            if !pace.wait_until(due).await {
                return Ok(());
            }
            mark(recorder, number, FaultPoint::StandbyLost, words);
            continue;
        }
        if let Some(lag) = fault.lag {
            if !pace.wait_until(Micros(due.0.saturating_sub(micros(lag.duration())))).await {
                return Ok(());
            }
            let words = estate.precede(fault).await?;
            mark(recorder, number, FaultPoint::Step, format!("{words} ({lag} before)"));
        }
        if !pace.wait_until(due).await {
            return Ok(());
        }
        mark(recorder, number, FaultPoint::Begins, fault.words());
        let (injected, words) = estate.inject(fault).await?;
        mark(recorder, number, FaultPoint::Step, words);
        pace.wait_until(recorder.now().after(fault.lasts.duration())).await;
        let lost = estate.heal(injected, |words| mark(recorder, number, FaultPoint::Step, words)).await?;
        if let Some(words) = lost {
            mark(recorder, number, FaultPoint::StandbyLost, words);
        }
        mark(recorder, number, FaultPoint::Healed, "healed".to_owned());
    }
    Ok(())
}

fn mark(recorder: &Recorder, fault: u32, point: FaultPoint, words: String) {
    recorder.record(Event::Fault(FaultMark { fault, point, at: recorder.now(), words }));
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

struct Pace<'a> {
    recorder: &'a Recorder,
    progress: watch::Receiver<Progress>,
    cancel: &'a CancellationToken,
}

impl Pace<'_> {
    /// The time of the fault, counted from the start of its phase. None if the load ends before.
    async fn due(&self, fault: &FaultPlan) -> Option<Micros> {
        let mut progress = self.progress.clone();
        let begun = progress.wait_for(|progress| progress.phase == fault.phase && progress.begun.is_some());
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            progress = begun => Some(progress.ok()?.begun?.after(fault.at.duration())),
        }
    }

    /// Whether that time came before the end of the load.
    async fn wait_until(&self, moment: Micros) -> bool {
        let mut progress = self.progress.clone();
        // It ends with its sender, and so with the load.
        let over = async { while progress.changed().await.is_ok() {} };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => false,
            () = tokio::time::sleep(moment.since(self.recorder.now())) => true,
            () = over => false,
        }
    }
}
