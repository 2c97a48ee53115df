use std::path::PathBuf;

use clap::Args;

use leaseproof_domain::visible;
use leaseproof_scenario::Listed;

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// List the scenarios of a folder
///
/// Lists every folder below it that contains a scenario.toml, with its title.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof list --help",
    after_long_help = "Examples:\n  leaseproof list\n  leaseproof list my/scenarios"
)]
pub(crate) struct ListArgs {
    /// The folder
    #[arg(default_value = "scenarios")]
    dir: PathBuf,
}

pub(crate) fn list(args: &ListArgs) -> Ended {
    let dir = args.dir.display();
    let listed = leaseproof_scenario::discover(&args.dir).map_err(|error| {
        Failure::usage(format!("cannot read the folder {dir}: {error}; name a folder of scenarios"))
    })?;
    if listed.is_empty() {
        console::note(format!("there is no scenario below {dir}; `leaseproof new NAME` writes one"));
    }
    let path = |scenario: &Listed| visible(&scenario.path.display().to_string()).into_owned();
    let width = listed.iter().map(|scenario| path(scenario).chars().count()).max().unwrap_or(0);
    for scenario in listed {
        console::out(format!("{:width$}  {}\n", path(&scenario), visible(&scenario.title)));
    }
    Ok(Exit::Passed)
}
