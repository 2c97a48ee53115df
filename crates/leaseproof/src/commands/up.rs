use std::io::{self, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use clap::Args;
use leaseproof_pipeline::Interrupt;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::commands::supervise;
use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::keeper;
use crate::overrides::ScenarioArgs;
use crate::progress::Screen;

/// Start a scenario's environment and keep it, to work with by hand
///
/// Starts the servers, does the setup, and prints the environment variables for `vault` and `psql`. The environment
/// runs until Ctrl-C, which stops everything.
///
/// PGHOST, PGPORT and PGDATABASE are those of the `[role.<name>]` whose name comes first in alphabetical order; without
/// roles, of the database
/// `postgres` on the cluster `target` or the only one. `psql -d NAME` connects to another database.
///
/// With --detach, the command returns as soon as the environment is ready; `leaseproof down` stops it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof up --help",
    after_long_help = "Examples:\n  leaseproof up scenarios/powerdns\n  \
                             eval \"$(leaseproof up scenarios/powerdns --detach)\"\n  leaseproof down"
)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Keeps the environment in a background process, and returns
    #[arg(long)]
    detach: bool,
}

pub(crate) fn up(args: &UpArgs) -> Ended {
    let plan = super::load(&args.scenario.path, &args.scenario.overrides)?;
    super::runtime()?.block_on(async {
        let interrupt = Interrupt::listen()?;
        let screen = Screen::new(false);
        if args.detach {
            let _stage = screen.stage("starting the environment");
            return detached(&args.scenario, &interrupt).await;
        }
        let ready = |kept: &keeper::Kept| {
            console::verbatim(&kept.exports);
            console::note(format!("run {} is up; Ctrl-C stops it", kept.run));
            Ok(())
        };
        keeper::keep(&plan, leaseproof_pipeline::harness(), &interrupt, screen, ready).await
    })
}

/// Starts this program again as the supervisor, waits until it reports that the environment is up, and returns.
async fn detached(scenario: &ScenarioArgs, interrupt: &Interrupt) -> Ended {
    let failed = |error: io::Error| Failure::environment(format!("the supervisor cannot be started: {error}"));
    let program = std::env::current_exe().map_err(failed)?;
    let mut child = Command::new(program)
        .args(supervise::arguments(scenario))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let stdout = child.stdout.take().expect("a piped output");
    let said = tokio::task::spawn_blocking(move || until_closed(stdout));
    match interrupt.unless_asked(said).await {
        Ok(said) => match supervise::understood(&said.unwrap_or_default()) {
            Some((run, exports)) => {
                console::verbatim(exports);
                console::note(format!("run {run} is up; `leaseproof down` stops it"));
                Ok(Exit::Passed)
            }
            None => ended(&mut child),
        },
        Err(_) => {
            let pid = i32::try_from(child.id()).map_err(Failure::environment)?;
            // An error means that it has already ended.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            ended(&mut child)?;
            Ok(interrupt.signal().map_or(Exit::Interrupted, Exit::from))
        }
    }
}

fn until_closed(mut stdout: ChildStdout) -> String {
    let mut said = String::new();
    // The output before a broken pipe is used like complete output.
    let _ = stdout.read_to_string(&mut said);
    said
}

/// The exit code of a supervisor that could not start the environment; it has printed the reason itself.
fn ended(child: &mut Child) -> Ended {
    let status =
        child.wait().map_err(|error| Failure::environment(format!("cannot wait for the supervisor: {error}")))?;
    match status.code().and_then(|code| u8::try_from(code).ok()).and_then(Exit::from_code) {
        Some(Exit::Passed) | None => {
            Err(Failure::environment(format!("the supervisor ended before the environment was up: {status}")))
        }
        Some(exit) => Ok(exit),
    }
}
