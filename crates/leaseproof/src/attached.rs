//! `--environment attached`: options and limits of a run in an environment that is already running.

use clap::{Args, ValueEnum};
use leaseproof_domain::Ttl;
use leaseproof_pipeline::attached::{self, Permissions};
use leaseproof_scenario::{EnvironmentKind, Plan};

use crate::console;
use crate::failure::Failure;

/// The value of `--environment`.
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
    environment: Option<Where>,
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

impl From<Where> for EnvironmentKind {
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
    plan.environment = args.environment.map_or(plan.environment, EnvironmentKind::from);
    if plan.environment != EnvironmentKind::Attached {
        return match &args.allow_writes_to {
            Some(_) if is_alone => {
                Err(Failure::usage("--allow-writes-to is for attached environments only: add --environment attached"))
            }
            _ => Ok(()),
        };
    }
    let estimate = attached::prepare(
        plan,
        &Permissions {
            writes_to: args.allow_writes_to.as_deref(),
            max_live_leases: args.max_live_leases,
            max_duration: args.max_duration,
            probes: args.probes,
            insecure_http: args.insecure_http,
        },
    )?;
    for server in plan.attached.iter().flat_map(leaseproof_environment::sent_in_clear) {
        let words = "passwords and data go to another machine without encryption";
        console::note(format!("warning: {server} has sslmode = \"disable\": {words}"));
    }
    console::note(estimate.words(plan));
    Ok(estimate.within(args.max_live_leases, args.max_duration)?)
}
