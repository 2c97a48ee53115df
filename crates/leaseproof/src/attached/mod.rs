//! `--estate attached`: options and limits of a run in an environment that is already running.

mod estimate;
mod guard;
mod left_out;

use clap::{Args, ValueEnum};
use leaseproof_domain::Ttl;
use leaseproof_scenario::{AttachedPlan, EstateKind, Plan};

pub(crate) use estimate::Estimate;
pub(crate) use guard::Guard;

use crate::console;
use crate::failure::Failure;

/// The query of a lifecycle that has none: it reads nothing.
const NOTHING: &str = "SELECT 1";

/// The value of `--estate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Where {
    /// Child processes of leaseproof on loopback
    Processes,
    /// Containers of the local engine
    Containers,
    /// The running servers in the scenario's [attached]
    Attached,
}

/// Options for attached environments.
#[derive(Clone, Debug, Args)]
pub(crate) struct AttachedArgs {
    /// The environment, instead of the scenario's
    #[arg(long, value_enum, value_name = "WHERE")]
    estate: Option<Where>,
    /// Required with an attached environment: the name of Vault's host, which permits the run to create credentials there
    #[arg(long, value_name = "HOST")]
    allow_writes_to: Option<String>,
    /// For an attached environment: how many of the run's leases may be live at the same time
    #[arg(long, value_name = "N", default_value_t = 200)]
    max_live_leases: u64,
    /// For an attached environment: how long the load may last
    #[arg(long, value_name = "SPAN", default_value = "30m")]
    max_duration: Ttl,
    /// For an attached environment: try privileges with the credentials (PRB-1, PRB-2, PWD-2); rejected statements
    /// appear as errors in PostgreSQL's log
    #[arg(long)]
    probes: bool,
    /// For an attached environment: allows an http:// address of another machine; the harness's Vault token and all
    /// passwords are then sent without encryption
    #[arg(long)]
    insecure_http: bool,
}

impl From<Where> for EstateKind {
    fn from(said: Where) -> Self {
        match said {
            Where::Attached => Self::Attached,
            Where::Containers => Self::Containers,
            Where::Processes => Self::Processes,
        }
    }
}

/// Sets the plan's environment from the command line. For an attached environment it prints the expected cost.
///
/// In a series, plans of other environments may go with the option that only attached ones need.
pub(crate) fn prepare(plan: &mut Plan, args: &AttachedArgs, is_alone: bool) -> Result<(), Failure> {
    plan.estate = args.estate.map_or(plan.estate, EstateKind::from);
    if plan.estate != EstateKind::Attached {
        return match &args.allow_writes_to {
            Some(_) if is_alone => {
                Err(Failure::usage("--allow-writes-to is for attached environments only: add --estate attached"))
            }
            _ => Ok(()),
        };
    }
    let Some(attached) = &mut plan.attached else {
        return Err(Failure::usage(format!(
            "the scenario {} has no [attached]: add the addresses of Vault and PostgreSQL there",
            plan.name
        )));
    };
    allowed(attached, args.allow_writes_to.as_deref())?;
    attached.max_live_leases = args.max_live_leases;
    attached.max_duration = args.max_duration;
    attached.insecure_http = args.insecure_http;
    leaseproof_estate::in_clear(attached).map_err(Failure::usage)?;
    for server in leaseproof_estate::sent_in_clear(attached) {
        let words = "passwords and data go to another machine without encryption";
        console::note(format!("warning: {server} has sslmode = \"disable\": {words}"));
    }
    if !plan.lies.is_empty() {
        return Err(Failure::usage("[[lie]] is not supported in an attached environment"));
    }
    let unfit = unfit(plan);
    if !unfit.is_empty() {
        return Err(Failure::usage(format!("{}\nnothing was started", unfit.join("\n"))));
    }
    for life in plan.lives.iter_mut().filter(|life| life.query != NOTHING) {
        life.query = leaseproof_estate::rolled_back(&life.query).map_err(Failure::usage)?.sql;
    }
    left_out::leave_out(plan, args.probes);
    let estimate = Estimate::of(plan);
    console::note(estimate.words(plan));
    estimate.within(args.max_live_leases, args.max_duration)
}

/// Why the plan cannot be run in its attached environment as this machine and the scenario are, each with its line.
pub(crate) fn unfit(plan: &Plan) -> Vec<String> {
    let unusable = plan.attached.as_ref().map(leaseproof_estate::unusable_inputs).unwrap_or_default();
    let faults = plan.faults.iter().map(|fault| ("[[fault]]", &fault.origin));
    let disturbing = faults.chain(plan.actions.iter().map(|action| ("[[action]]", &action.step.origin)));
    let disturbing = disturbing.map(|(what, origin)| {
        format!("{origin}: {what} is not supported in an attached environment, whose servers are not leaseproof's")
    });
    unusable.into_iter().chain(leaseproof_estate::not_done_there(plan)).chain(disturbing).collect()
}

/// Checks that `--allow-writes-to` names the host of the scenario's Vault.
fn allowed(attached: &AttachedPlan, said: Option<&str>) -> Result<(), Failure> {
    let host = attached.vault.host();
    match said {
        Some(said) if attached.vault.is_host(said) => Ok(()),
        Some(said) => Err(Failure::usage(format!(
            "--allow-writes-to: expected {host}, the host of the scenario's Vault, got {said}; nothing was started"
        ))),
        None => Err(Failure::usage(format!(
            "this run would create credentials at {}, in an attached environment; to permit that, add \
             --allow-writes-to {host}. Otherwise run the other scenarios by name, or keep this one in a folder of its own",
            attached.vault.address
        ))),
    }
}
