use std::io::{self, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::arguments::ScenarioArgs;
use crate::commands::supervise;
use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::interrupt::Interrupt;
use crate::progress::Screen;
use crate::{keeper, process};

/// Keep a scenario's estate up, to work with by hand
///
/// Stands the servers up, does what the operator does, and prints the variables with which `vault` and `psql` reach
/// them. It stays until Ctrl-C and then tears everything down.
///
/// With --detach it returns as soon as the estate stands; `leaseproof down` ends it.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof up scenarios/powerdns\n  \
                             eval \"$(leaseproof up scenarios/powerdns --detach)\"\n  leaseproof down")]
pub(crate) struct UpArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Leaves the estate to a supervisor of its own, and returns
    #[arg(long)]
    detach: bool,
}

pub(crate) fn up(args: &UpArgs) -> Ended {
    let plan = super::load(&args.scenario.path, &args.scenario.overrides)?;
    super::runtime()?.block_on(async {
        let interrupt = Interrupt::listen()?;
        let screen = Screen::new(false);
        if args.detach {
            let _stage = screen.stage("standing the estate up");
            return detached(&args.scenario, &interrupt).await;
        }
        let ready = |kept: &keeper::Kept| {
            console::verbatim(&kept.exports);
            console::note(format!("run {} is up; Ctrl-C tears it down", kept.run));
            Ok(())
        };
        keeper::keep(&plan, process::harness(), &interrupt, screen, ready).await
    })
}

/// Starts this program again as the supervisor, waits until it says that the estate is up, and leaves it.
async fn detached(scenario: &ScenarioArgs, interrupt: &Interrupt) -> Ended {
    let failed = |error: io::Error| Failure::estate(format!("the supervisor cannot be started: {error}"));
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
                console::note(format!("run {run} is up; `leaseproof down` tears it down"));
                Ok(Exit::Passed)
            }
            None => ended(&mut child),
        },
        Err(_) => {
            let pid = i32::try_from(child.id()).map_err(Failure::estate)?;
            // If it is gone already there is nobody left to tell.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            ended(&mut child)?;
            Ok(interrupt.exit().unwrap_or(Exit::Interrupted))
        }
    }
}

fn until_closed(mut stdout: ChildStdout) -> String {
    let mut said = String::new();
    // What was said before a broken pipe counts as much as what was said before its end.
    let _ = stdout.read_to_string(&mut said);
    said
}

/// How a supervisor ended that did not come up; why, it has said itself.
fn ended(child: &mut Child) -> Ended {
    let status = child.wait().map_err(|error| Failure::estate(format!("the supervisor is lost: {error}")))?;
    match status.code().and_then(|code| u8::try_from(code).ok()).and_then(Exit::from_code) {
        Some(Exit::Passed) | None => {
            Err(Failure::estate(format!("the supervisor ended before the estate was up: {status}")))
        }
        Some(exit) => Ok(exit),
    }
}
