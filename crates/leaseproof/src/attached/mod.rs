//! `--estate attached`: what is asked of whoever runs against an estate that is not leaseproof's, and what is kept
//! within bounds there.

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

/// Where the servers run, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Where {
    /// Children of leaseproof on loopback
    Processes,
    /// Containers of this machine's engine
    Containers,
    /// Where the scenario's [attached] says
    Attached,
}

/// What is said of an estate that already stands.
#[derive(Clone, Debug, Args)]
pub(crate) struct AttachedArgs {
    /// Where the servers run, in place of what the scenario says
    #[arg(long, value_enum, value_name = "WHERE")]
    estate: Option<Where>,
    /// Needed with an attached estate: the name of Vault's host, as a promise that credentials may be made there
    #[arg(long, value_name = "HOST")]
    allow_writes_to: Option<String>,
    /// On an attached estate: how many of the run's leases may be live at once
    #[arg(long, value_name = "N", default_value_t = 200)]
    max_live_leases: u64,
    /// On an attached estate: how long the load may last
    #[arg(long, value_name = "SPAN", default_value = "30m")]
    max_duration: Ttl,
    /// On an attached estate: try privileges out with the credentials (PRB-1, PRB-2, PWD-2), which leaves refusals in
    /// PostgreSQL's log
    #[arg(long)]
    probes: bool,
    /// On an attached estate: lets an http:// address lead to another machine, which gets the harness's Vault token and
    /// every password without encryption
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

/// Makes the plan one of the estate that was asked for. Of an attached one it prints what the run will cost.
pub(crate) fn prepare(plan: &mut Plan, args: &AttachedArgs) -> Result<(), Failure> {
    plan.estate = args.estate.map_or(plan.estate, EstateKind::from);
    if plan.estate != EstateKind::Attached {
        return match &args.allow_writes_to {
            Some(_) => Err(Failure::usage("--allow-writes-to is of attached estates: say --estate attached")),
            None => Ok(()),
        };
    }
    let Some(attached) = &mut plan.attached else {
        return Err(Failure::usage(format!("the scenario {} has no [attached]: it does not say where", plan.name)));
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
        return Err(Failure::usage("an impostor ([[lie]]) is not put before a Vault that already stands"));
    }
    left_out::leave_out(plan, args.probes);
    let estimate = Estimate::of(plan);
    console::note(estimate.words(plan));
    estimate.within(args.max_live_leases, args.max_duration)
}

/// Whoever runs it has said by name where credentials may be made.
fn allowed(attached: &AttachedPlan, said: Option<&str>) -> Result<(), Failure> {
    let host = host(&attached.vault.address);
    match said {
        Some(said) if said == host => Ok(()),
        Some(said) => Err(Failure::usage(format!(
            "--allow-writes-to says {said}, and the scenario's Vault is at {host}: nothing was started"
        ))),
        None => Err(Failure::usage(format!(
            "this run would make credentials at {}, an estate that is not leaseproof's; where that is meant, say \
             --allow-writes-to {host}",
            attached.vault.address
        ))),
    }
}

/// The host of an address, without its port.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let place = rest.split('/').next().unwrap_or_default();
    match place.strip_prefix('[').and_then(|place| place.split_once(']')) {
        Some((host, _)) => host,
        None => place.rsplit_once(':').map_or(place, |(host, _)| host),
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_host_is_named_without_its_port() {
        for (address, name) in [
            ("https://vault.example:8200", "vault.example"),
            ("https://vault.example/", "vault.example"),
            ("https://[::1]:8200/", "::1"),
            ("http://127.0.0.1:8200", "127.0.0.1"),
        ] {
            assert_eq!(host(address), name);
        }
    }
}
