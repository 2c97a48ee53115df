use std::path::PathBuf;

use clap::Args;
use leaseproof_estate::servers::{self, Found};
use leaseproof_estate::{FoundImage, Requirement, find_images, requirements};
use leaseproof_scenario::{EstateKind, Plan};

use crate::arguments::Overrides;
use crate::attached::Where;
use crate::console;
use crate::exit::Exit;
use crate::failure::Ended;

/// Say which servers are found, and how to get those that are missing
///
/// A server is looked for first where the environment says (VAULT_BIN, PG_BIN_DIR), then in PATH, then in the
/// well-known folders, then in leaseproof's own cache. Each is asked for its version: another program of that name, or
/// one that does not answer, is rejected.
///
/// With a scenario, what that one needs: servers, versions, images, and which line asks for them. Ends with 0 where it
/// can be run here, with 5 where something is missing. Without one, ends with 5 where Vault or PostgreSQL is missing.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof doctor\n  leaseproof doctor scenarios/keybuzz-patroni\n  \
                             leaseproof doctor scenarios/powerdns --estate containers\n  \
                             VAULT_BIN=/opt/vault/vault leaseproof doctor")]
pub(crate) struct DoctorArgs {
    /// A scenario: its folder, or its scenario.toml
    scenario: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// Where the servers would run, in place of what the scenario says
    #[arg(long, value_enum, value_name = "WHERE", requires = "scenario")]
    estate: Option<Where>,
}

pub(crate) fn doctor(args: &DoctorArgs) -> Ended {
    match &args.scenario {
        None => Ok(machine()),
        Some(path) => {
            let mut plan = super::load(path, &args.overrides)?;
            plan.estate = args.estate.map_or(plan.estate, EstateKind::from);
            Ok(scenario(&plan))
        }
    }
}

/// What one scenario needs.
fn scenario(plan: &Plan) -> Exit {
    if plan.estate == EstateKind::Attached {
        let words = "nothing is started on this machine: the servers are where [attached] says. A run checks first whether \
                     it is let in; `leaseproof policy --for attached` prints the rights that it needs";
        console::out(format!("✔ {}: {words}\n", plan.name));
        return Exit::Passed;
    }
    let all = requirements(plan);
    for Requirement { what, because, found } in &all {
        let (mark, words) = match found {
            Ok(found) => ('✔', found),
            Err(why) => ('✘', why),
        };
        console::out(format!("{mark} {what}: {words}\n  needed by {because}\n"));
    }
    let missing = all.iter().filter(|requirement| requirement.found.is_err()).count();
    if missing == 0 {
        console::out(format!("{} can be run here\n", plan.name));
        return Exit::Passed;
    }
    console::out(format!("{} cannot be run here: {missing} of {} missing\n", plan.name, all.len()));
    Exit::Estate
}

/// What this machine has.
fn machine() -> Exit {
    let all = servers::find_all();
    for found in &all {
        console::out(line(found));
    }
    for found in find_images() {
        console::out(image_line(&found));
    }
    let needed = |server: &str| all.iter().any(|found| found.server == server && !found.optional());
    let usable = |found: &Found| found.path.is_some() && found.problem.is_none();
    let there = |server: &str| all.iter().any(|found| found.server == server && usable(found));
    let missing = all.iter().any(|found| needed(found.server) && !there(found.server));
    if missing { Exit::Estate } else { Exit::Passed }
}

/// Environments of containers are optional: nothing that is missing for them makes the machine unfit.
fn image_line(found: &FoundImage) -> String {
    let FoundImage { server, found, how_to_get } = found;
    let what = format!("--estate containers: {server}");
    match found {
        Ok(found) => format!("✔ {what:<12} {found}\n"),
        Err(why) => format!("- {what:<12} not found: {why}\n  {:<12} to get it: {how_to_get}\n", ""),
    }
}

fn line(found: &Found) -> String {
    let Found { server, wanted_by, source, how_to_get, problem, .. } = found;
    let mark = if found.optional() { '-' } else { '✘' };
    let get = format!("  {:<12} to get it: {how_to_get}\n", "");
    match (&found.path, problem) {
        (Some(path), Some(problem)) => {
            let path = path.display();
            format!("{mark} {server:<12} {path} (from {source}) cannot be used: {problem}\n{get}")
        }
        (Some(path), None) => {
            let version = found.version.as_deref().unwrap_or("version unknown");
            format!("✔ {server:<12} {version}\n  {:<12} {} (from {source})\n", "", path.display())
        }
        (None, _) => format!("{mark} {server:<12} not found; wanted by {wanted_by}\n{get}"),
    }
}
