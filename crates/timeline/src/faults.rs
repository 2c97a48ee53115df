use std::time::Duration;

use leaseproof_domain::{Event, FaultMark, FaultPoint, Micros};
use leaseproof_environment::{Environment, EnvironmentError};
use leaseproof_history::Recorder;
use leaseproof_scenario::Plan;

use crate::Moments;

/// Injects and heals every fault of the plan, one after the other.
pub(crate) async fn inject(
    plan: &Plan,
    environment: &mut Environment,
    recorder: &Recorder,
    moments: &Moments,
) -> Result<(), EnvironmentError> {
    for (number, fault) in (1..).zip(&plan.faults) {
        let Some(due) = moments.due(&fault.phase, fault.at.duration()).await else { return Ok(()) };
        if let Some(words) = environment.lacks_standby(fault) {
            if !moments.wait_until(due).await {
                return Ok(());
            }
            mark(recorder, number, FaultPoint::StandbyLost, words);
            continue;
        }
        if let Some(lag) = fault.kind.lag() {
            if !moments.wait_until(Micros(due.0.saturating_sub(micros(lag.duration())))).await {
                return Ok(());
            }
            let words = environment.precede(fault).await?;
            mark(recorder, number, FaultPoint::Step, format!("{words} ({lag} before)"));
        }
        if !moments.wait_until(due).await {
            return Ok(());
        }
        mark(recorder, number, FaultPoint::Begins, fault.words());
        let (injected, words) = environment.inject(fault).await?;
        mark(recorder, number, FaultPoint::Step, words);
        moments.wait_until(recorder.now().after(fault.lasts.duration())).await;
        let lost = environment.heal(injected, |words| mark(recorder, number, FaultPoint::Step, words)).await?;
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
