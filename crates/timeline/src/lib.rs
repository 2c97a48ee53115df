//! Injects the faults of a scenario and takes its operator's actions, each at its time in a phase of the load.
//!
//! Times count from the events of the load itself ([`Moments`]), never from what a display shows. Faults run one after the
//! other, and so do actions; an action may be taken while a fault lasts. This crate knows when something is due; what it
//! does to servers is in `environment`, and what it means for promises is judged by `checker`.

mod actions;
mod faults;
mod moments;

use leaseproof_environment::{Environment, EnvironmentError};
use leaseproof_history::Recorder;
use leaseproof_scenario::Plan;

pub use moments::Moments;

/// Injects every fault and takes every action of the plan, and records both. After the load is over none begins; an active
/// fault is healed immediately, and so is the effect of an action that another one heals.
///
/// # Errors
/// [`EnvironmentError`] if a fault cannot be injected or healed. An action that fails is an event, and no error.
pub async fn run(
    plan: &Plan,
    environment: &mut Environment,
    recorder: &Recorder,
    moments: &Moments,
) -> Result<(), EnvironmentError> {
    let operator = environment.operator();
    let actions = actions::take(plan, &operator, recorder, moments);
    let faults = faults::inject(plan, environment, recorder, moments);
    let (done, ()) = tokio::join!(faults, actions);
    done
}
