use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use leaseproof_history::{Entry, Ledger, OpenLedger};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// How long a supervisor may take to stop its environment.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Stop an environment that `up --detach` started
///
/// Stops the environment through its supervisor process, and waits until it is stopped. Without a run's name, exactly one environment must be running.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof down --help",
    after_long_help = "Examples:\n  leaseproof down\n  leaseproof down 20261122T225801Z-3f2a"
)]
pub(crate) struct DownArgs {
    /// The run's name, as printed by `up --detach`
    run: Option<String>,
}

/// A running supervisor.
struct Supervisor {
    run: String,
    made_by: String,
    pid: u32,
    started: u64,
}

pub(crate) fn down(args: &DownArgs) -> Ended {
    let (living, ended) = supervisors()?;
    let supervisor = choose(living, &ended, args.run.as_deref())?;
    let Supervisor { run, pid, started, .. } = supervisor;
    let target = Pid::from_raw(i32::try_from(pid).map_err(Failure::usage)?);
    kill(target, Signal::SIGTERM).map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot signal the supervisor of {run} (pid {pid}): {error}"))
    })?;
    let until = Instant::now() + TIMEOUT;
    while leaseproof_pipeline::is_running(pid, started) {
        if Instant::now() > until {
            let words = format!("the supervisor of {run} (pid {pid}) is still running after {} s", TIMEOUT.as_secs());
            return Err(Failure::new(Exit::Failed, format!("{words}; end it, then run `leaseproof clean`")));
        }
        thread::sleep(Duration::from_millis(20));
    }
    if open()?.iter().any(|ledger| ledger.run == run) {
        let words = format!("the supervisor of {run} ended and left something behind; `leaseproof clean` removes it");
        return Err(Failure::new(Exit::Failed, words));
    }
    console::out(format!("run {run} is stopped\n"));
    Ok(Exit::Passed)
}

/// The running supervisors of detached environments, and the runs whose supervisor ended and left something.
fn supervisors() -> Result<(Vec<Supervisor>, Vec<String>), Failure> {
    let (mut living, mut ended) = (Vec::new(), Vec::new());
    for OpenLedger { run, entries, .. } in open()? {
        let found = entries.iter().find_map(|entry| match *entry {
            Entry::Supervisor { pid, start_time } => Some((pid, start_time)),
            _ => None,
        });
        match found {
            Some((pid, started)) if leaseproof_pipeline::is_running(pid, started) => {
                living.push(Supervisor { run, made_by: made_by(&entries), pid, started });
            }
            Some(_) => ended.push(run),
            None => {}
        }
    }
    Ok((living, ended))
}

fn open() -> Result<Vec<OpenLedger>, Failure> {
    Ledger::open_all().map_err(|why| Failure::new(Exit::Failed, why))
}

/// For which scenario it was started, where, and by whom.
fn made_by(entries: &[Entry]) -> String {
    let started = entries.iter().find_map(|entry| match entry {
        Entry::Started { scenario, folder, user, .. } => Some((scenario, folder, user)),
        _ => None,
    });
    started.map_or_else(String::new, |(scenario, folder, user)| {
        format!(" ({scenario}, started by {user} in {})", folder.display())
    })
}

fn choose(mut living: Vec<Supervisor>, ended: &[String], wanted: Option<&str>) -> Result<Supervisor, Failure> {
    let is_ended = |wanted: &str| ended.iter().any(|run| run == wanted);
    let runs: Vec<String> = living.iter().map(|supervisor| supervisor.run.clone()).collect();
    let lines = living.iter().map(|supervisor| format!("\n  {}{}", supervisor.run, supervisor.made_by));
    let all: String = lines.collect();
    let place = match wanted {
        Some(wanted) => runs.iter().position(|run| run == wanted),
        None if runs.len() > 1 => {
            return Err(Failure::usage(format!("several environments are up; name one of: {all}")));
        }
        None => (runs.len() == 1).then_some(0),
    };
    match (place, wanted) {
        (Some(place), _) => Ok(living.swap_remove(place)),
        (None, wanted) if wanted.map_or(runs.is_empty() && !ended.is_empty(), is_ended) => {
            Err(Failure::usage(format!(
                "the supervisor of {} no longer runs and left its environment behind; `leaseproof clean` removes it",
                wanted.map_or_else(|| ended.join(", "), str::to_owned)
            )))
        }
        (None, Some(wanted)) if !runs.is_empty() => {
            Err(Failure::usage(format!("there is no detached environment `{wanted}`; running: {all}")))
        }
        (None, _) => {
            Err(Failure::usage("no detached environment is running; `leaseproof up SCENARIO --detach` starts one"))
        }
    }
}
