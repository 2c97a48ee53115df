use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write as _};

use clap::Args;
use leaseproof_pipeline::Interrupt;
use nix::unistd::{dup2_stderr, dup2_stdout, setsid};

use crate::failure::{Ended, Failure};
use crate::keeper::{self, Kept};
use crate::overrides::ScenarioArgs;
use crate::progress::Screen;

/// The start of the last line of a supervisor's output, followed by the run's name.
const UP: &str = "# up ";

/// Keeps an environment running for `up --detach`
#[derive(Debug, Args)]
pub(crate) struct SuperviseArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
}

/// The arguments with which `up --detach` starts a supervisor.
pub(crate) fn arguments(scenario: &ScenarioArgs) -> Vec<OsString> {
    let mut arguments = vec!["supervise".into(), scenario.path.clone().into_os_string()];
    for set in &scenario.overrides.set {
        arguments.extend(["--set".into(), set.into()]);
    }
    if let Some(profile) = &scenario.overrides.profile {
        arguments.extend(["--profile".into(), profile.into()]);
    }
    arguments
}

/// The run's name and the exports, if the supervisor reported that the environment is up.
pub(crate) fn understood(said: &str) -> Option<(&str, &str)> {
    let (exports, run) = said.trim_end().rsplit_once(UP)?;
    Some((run, exports))
}

pub(crate) fn supervise(args: &SuperviseArgs) -> Ended {
    // Its own session: the terminal's signals do not reach it.
    setsid()
        .map_err(|error| Failure::environment(format!("cannot start a new session for the supervisor: {error}")))?;
    let plan = super::load(&args.scenario.path, &args.scenario.overrides)?;
    super::runtime()?.block_on(async {
        let interrupt = Interrupt::listen()?;
        keeper::keep(&plan, leaseproof_pipeline::supervisor(), &interrupt, Screen::new(true), say_and_let_go).await
    })
}

/// Reports to the starting process that the environment is up, and detaches from its terminal.
fn say_and_let_go(kept: &Kept) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}{UP}{}", kept.exports, kept.run)?;
    stdout.flush()?;
    let null = OpenOptions::new().write(true).open("/dev/null")?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::understood;

    #[test]
    fn what_a_supervisor_says_is_understood() {
        let said = "export A='1'\nexport B='2'\n# up 20261122T225801Z-3f2a\n";
        assert_eq!(understood(said), Some(("20261122T225801Z-3f2a", "export A='1'\nexport B='2'\n")));
        assert_eq!(understood("export A='1'\n"), None);
        assert_eq!(understood(""), None);
    }
}
