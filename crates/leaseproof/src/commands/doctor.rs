use clap::Args;
use leaseproof_estate::servers::{self, Found};
use leaseproof_estate::{FoundImage, find_images};

use crate::console;
use crate::exit::Exit;
use crate::failure::Ended;

/// Say which servers are found, and how to get those that are missing
///
/// A server is looked for first where the environment says (VAULT_BIN, PG_BIN_DIR), then in PATH, then in the
/// well-known folders, then in leaseproof's own cache. Ends with 5 where one that scenarios need is missing.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof doctor\n  VAULT_BIN=/opt/vault/vault leaseproof doctor")]
pub(crate) struct DoctorArgs {}

pub(crate) fn doctor(_: &DoctorArgs) -> Ended {
    let all = servers::find_all();
    for found in &all {
        console::out(line(found));
    }
    for found in find_images() {
        console::out(image_line(&found));
    }
    let needed = |server: &str| all.iter().any(|found| found.server == server && !found.optional());
    let there = |server: &str| all.iter().any(|found| found.server == server && found.path.is_some());
    let missing = all.iter().any(|found| needed(found.server) && !there(found.server));
    Ok(if missing { Exit::Estate } else { Exit::Passed })
}

/// Estates of containers are optional: nothing that is missing for them makes the machine unfit.
fn image_line(found: &FoundImage) -> String {
    let FoundImage { server, found, how_to_get } = found;
    let what = format!("--estate containers: {server}");
    match found {
        Ok(found) => format!("✔ {what:<12} {found}\n"),
        Err(why) => format!("- {what:<12} not found: {why}\n  {:<12} to get it: {how_to_get}\n", ""),
    }
}

fn line(found: &Found) -> String {
    let Found { server, wanted_by, source, how_to_get, .. } = found;
    match &found.path {
        Some(path) => {
            let version = found.version.as_deref().unwrap_or("version unknown");
            format!("✔ {server:<12} {version}\n  {:<12} {} (found by {source})\n", "", path.display())
        }
        None => {
            let mark = if found.optional() { '-' } else { '✘' };
            format!("{mark} {server:<12} not found; wanted by {wanted_by}\n  {:<12} to get it: {how_to_get}\n", "")
        }
    }
}
