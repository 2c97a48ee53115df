use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Write a first scenario
///
/// Writes a folder with a scenario.toml and the files that it names, ready to run: one cluster, one role, a few
/// lifecycles.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof new --help",
    after_long_help = "Examples:\n  leaseproof new my-environment\n  leaseproof run scenarios/my-environment"
)]
pub(crate) struct NewArgs {
    /// The scenario's name; its folder has the same name
    name: String,
    /// The folder to write it to
    #[arg(long, default_value = "scenarios")]
    dir: PathBuf,
}

pub(crate) fn new(args: &NewArgs) -> Ended {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if args.name.is_empty() || !args.name.chars().all(fits) {
        return Err(Failure::usage(format!(
            "invalid name: expected letters, digits, `-` and `_`, got `{}`",
            args.name
        )));
    }
    let folder = args.dir.join(&args.name);
    if folder.exists() {
        return Err(Failure::usage(format!("{} already exists; choose another name", folder.display())));
    }
    for (file, text) in leaseproof_scenario::template(&args.name) {
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(&folder);
        fs::create_dir_all(parent)
            .and_then(|()| leaseproof_files::write(&path, text))
            .map_err(|error| Failure::environment(format!("cannot write {}: {error}", path.display())))?;
        console::out(format!("{}\n", path.display()));
    }
    console::note(format!("leaseproof run {}", folder.display()));
    Ok(Exit::Passed)
}
