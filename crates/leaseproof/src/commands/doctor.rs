use std::path::PathBuf;

use clap::Args;
use leaseproof_environment::installed::{self, Found};
use leaseproof_environment::{FoundImage, Requirement, find_images, requirements};
use leaseproof_scenario::{EnvironmentKind, Plan};

use crate::attached::Where;
use crate::console;
use crate::exit::Exit;
use crate::failure::Ended;
use crate::overrides::Overrides;

/// Show which servers are found, and how to get missing ones
///
/// A server is searched first in the environment variables (VAULT_BIN, PG_BIN_DIR), then in PATH, then in well-known
/// folders, then in leaseproof's own cache. The version of each program is read: another program with the same name,
/// or one that does not respond, is rejected.
///
/// With a scenario, shows what it needs: servers, versions, images, and the line that requires each. Ends with 0 if it
/// can run here, with 5 if something is missing. Without a scenario, ends with 5 if Vault or PostgreSQL is missing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof doctor --help",
    after_long_help = "Examples:\n  leaseproof doctor\n  leaseproof doctor scenarios/keybuzz-patroni\n  \
                             leaseproof doctor scenarios/powerdns --environment containers\n  \
                             VAULT_BIN=/opt/vault/vault leaseproof doctor"
)]
pub(crate) struct DoctorArgs {
    /// A scenario: its folder, or its scenario.toml
    scenario: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// The environment, instead of the scenario's
    #[arg(long, value_enum, value_name = "WHERE", requires = "scenario")]
    environment: Option<Where>,
}

pub(crate) fn doctor(args: &DoctorArgs) -> Ended {
    match &args.scenario {
        None => Ok(machine()),
        Some(path) => {
            let mut plan = super::load(path, &args.overrides)?;
            plan.environment = args.environment.map_or(plan.environment, EnvironmentKind::from);
            Ok(scenario(&plan))
        }
    }
}

/// Prints what one scenario needs.
fn scenario(plan: &Plan) -> Exit {
    if plan.environment == EnvironmentKind::Attached {
        let unfit = leaseproof_pipeline::attached::unfit(plan);
        if !unfit.is_empty() {
            unfit.iter().for_each(|why| console::out(format!("✘ {why}\n")));
            console::out(format!(
                "{} cannot be run: {} of what it needs is missing or not allowed\n",
                plan.name,
                unfit.len()
            ));
            return Exit::Environment;
        }
        let words = "no server is started on this machine; [attached] has the servers. A run first checks its rights there; \
                     `leaseproof policy --for attached` prints them";
        console::out(format!("✔ {}: {words}\n", plan.name));
        return Exit::Passed;
    }
    let all = requirements(plan);
    for Requirement { what, because, found } in &all {
        let (mark, words) = match found {
            Ok(found) => ('✔', found),
            Err(why) => ('✘', why),
        };
        console::out(format!("{mark} {what}: {words}\n  required by {because}\n"));
    }
    let missing = all.iter().filter(|requirement| requirement.found.is_err()).count();
    if missing == 0 {
        console::out(format!("{} can be run here\n", plan.name));
        return Exit::Passed;
    }
    console::out(format!("{} cannot be run here: {missing} of {} missing\n", plan.name, all.len()));
    Exit::Environment
}

/// Prints what this machine has.
fn machine() -> Exit {
    let all = installed::find_all();
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
    if missing { Exit::Environment } else { Exit::Passed }
}

/// Containers are optional: a missing engine or image does not change the exit code.
fn image_line(found: &FoundImage) -> String {
    let FoundImage { server, found, how_to_get } = found;
    let what = format!("--environment containers: {server}");
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
            let remark = found.remark();
            format!("✔ {server:<12} {version}{remark}\n  {:<12} {} (from {source})\n", "", path.display())
        }
        (None, _) => format!("{mark} {server:<12} not found; required by {wanted_by}\n{get}"),
    }
}
