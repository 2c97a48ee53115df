//! A run in an environment that is already running: what it may do there, what it costs, and what ends its load.

mod estimate;
mod guard;
mod left_out;

use leaseproof_domain::Ttl;
use leaseproof_scenario::{AttachedPlan, EnvironmentKind, Plan};

pub use estimate::Estimate;
pub(crate) use guard::Guard;

use crate::error::Error;

/// The query of a lifecycle that has none: it reads nothing.
const NOTHING: &str = "SELECT 1";

/// What a run may do in its attached environment.
#[derive(Clone, Copy, Debug)]
pub struct Permissions<'a> {
    /// The host of Vault where the run may create credentials.
    pub writes_to: Option<&'a str>,
    /// How many of the run's leases may be live at the same time.
    pub max_live_leases: u64,
    /// How long the load may last.
    pub max_duration: Ttl,
    /// Whether privileges are tried with the credentials.
    pub probes: bool,
    /// Whether secrets may be sent to another machine without encryption.
    pub insecure_http: bool,
}

/// Adapts the plan to its attached environment: the limits, its queries in transactions that are rolled back, and without the
/// checks that cannot be made there. Returns the expected cost.
///
/// # Errors
/// [`Error::Input`] if the run is not permitted, or the plan cannot be run there.
pub fn prepare(plan: &mut Plan, permissions: &Permissions<'_>) -> Result<Estimate, Error> {
    plan.environment = EnvironmentKind::Attached;
    let Some(attached) = &mut plan.attached else {
        return Err(Error::input(format!(
            "the scenario {} has no [attached]: add the addresses of Vault and PostgreSQL there",
            plan.name
        )));
    };
    check_permitted(attached, permissions.writes_to)?;
    attached.max_live_leases = permissions.max_live_leases;
    attached.max_duration = permissions.max_duration;
    attached.insecure_http = permissions.insecure_http;
    leaseproof_environment::in_clear(attached).map_err(Error::input)?;
    if !plan.tampering.is_empty() {
        return Err(Error::input("[[tamper]] is not supported in an attached environment"));
    }
    let unfit = unfit(plan);
    if !unfit.is_empty() {
        return Err(Error::input(format!("{}\nnothing was started", unfit.join("\n"))));
    }
    for lifecycle in plan.lifecycles.iter_mut().filter(|lifecycle| lifecycle.query != NOTHING) {
        lifecycle.query = leaseproof_environment::rolled_back(&lifecycle.query).map_err(Error::input)?.sql;
    }
    left_out::leave_out(plan, permissions.probes);
    Ok(Estimate::of(plan))
}

/// Why the plan cannot be run in its attached environment as this machine and the scenario are, each with its line.
pub fn unfit(plan: &Plan) -> Vec<String> {
    let unusable = plan.attached.as_ref().map(leaseproof_environment::unusable_inputs).unwrap_or_default();
    let faults = plan.faults.iter().map(|fault| ("[[fault]]", &fault.origin));
    let disturbing = faults.chain(plan.actions.iter().map(|action| ("[[action]]", &action.step.origin)));
    let disturbing = disturbing.map(|(what, origin)| {
        format!("{origin}: {what} is not supported in an attached environment, whose servers are not leaseproof's")
    });
    unusable.into_iter().chain(leaseproof_environment::not_done_there(plan)).chain(disturbing).collect()
}

/// Checks that the permission names the host of the scenario's Vault.
fn check_permitted(attached: &AttachedPlan, permitted: Option<&str>) -> Result<(), Error> {
    let host = attached.vault.host();
    match permitted {
        Some(permitted) if attached.vault.is_host(permitted) => Ok(()),
        Some(permitted) => Err(Error::input(format!(
            "--allow-writes-to: expected {host}, the host of the scenario's Vault, got {permitted}; nothing was started"
        ))),
        None => Err(Error::input(format!(
            "this run would create credentials at {}, in an attached environment; to permit that, add \
             --allow-writes-to {host}. Otherwise run the other scenarios by name, or keep this one in a folder of its own",
            attached.vault.address
        ))),
    }
}
