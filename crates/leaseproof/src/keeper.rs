//! `leaseproof up`: starts an environment, does the setup, and keeps it running until it is asked to end.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use leaseproof_domain::{Redactor, Severity};
use leaseproof_environment::{Environment, StartOptions};
use leaseproof_history::{Entry, Ledger, RunFolder};
use leaseproof_pipeline::{Interrupt, Stop};
use leaseproof_scenario::{EnvironmentKind, Plan};

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::progress::Screen;

/// A running environment, as passed to `ready`.
pub(crate) struct Kept {
    /// The run's name, for `leaseproof down`.
    pub(crate) run: String,
    /// Lines for a shell: `export VAULT_ADDR='…'`.
    pub(crate) exports: String,
}

/// Keeps the environment of `plan` running until a signal comes, a server is lost, or `ready` fails. `owner` is this
/// process, for the ledger.
pub(crate) async fn keep(
    plan: &Plan,
    owner: Entry,
    interrupt: &Interrupt,
    screen: Screen,
    ready: impl FnOnce(&Kept) -> io::Result<()>,
) -> Ended {
    if plan.environment == EnvironmentKind::Attached {
        let words =
            format!("`up` starts environments; the environment of {} is attached and already running", plan.name);
        return Err(Failure::usage(words));
    }
    let (folder, ledger) = own_ledger("up", owner, &format!("up {}", plan.name))?;
    let (stop, left) = live(plan, &folder, &ledger, interrupt, screen, ready).await;
    match left {
        Some(left) => return Err(Failure::new(interrupt.signal().map_or(Exit::Failed, Exit::from), left)),
        None => ledger.closed().map_err(Failure::environment)?,
    }
    forget(&folder);
    match interrupt.signal() {
        Some(signal) => Ok(signal.into()),
        None => Err(Failure::new(Exit::from(&stop), stop.words())),
    }
}

/// A folder in the state folder with a ledger, for a command that makes no run: who owns what it creates, and for what.
pub(crate) fn own_ledger(command: &str, owner: Entry, what: &str) -> Result<(RunFolder, Ledger), Failure> {
    let folder = RunFolder::create(&state_folder(), command, None).map_err(Failure::environment)?;
    let ledger = Ledger::create(&folder.ledger(), folder.name()).map_err(Failure::environment)?;
    ledger.add(owner).map_err(Failure::environment)?;
    ledger.add(leaseproof_pipeline::started(what)).map_err(Failure::environment)?;
    Ok((folder, ledger))
}

/// Removes that folder after everything in its ledger was removed; an empty folder that stays is harmless.
pub(crate) fn forget(folder: &RunFolder) {
    let _ = fs::remove_dir_all(folder.path());
}

async fn live(
    plan: &Plan,
    folder: &RunFolder,
    ledger: &Ledger,
    interrupt: &Interrupt,
    screen: Screen,
    ready: impl FnOnce(&Kept) -> io::Result<()>,
) -> (Stop, Option<String>) {
    let stage = screen.stage("starting the environment");
    let redactor = Arc::new(Redactor::new());
    let options = StartOptions { run: folder.name().to_owned(), parent: std::env::temp_dir() };
    let stood = interrupt.unless_asked(Environment::start(plan, &options, None, ledger, &redactor)).await;
    let mut environment = match stood {
        Ok(Ok(environment)) => environment,
        Ok(Err(error)) => return (error.into(), None),
        Err(cut) => return (cut.into(), None),
    };
    // A server blocks when nobody reads its log pipe.
    for mut stream in environment.take_logs() {
        tokio::spawn(async move { while stream.lines.recv().await.is_some() {} });
    }
    let setting_up = async {
        for note in
            environment.set_up(plan, None).await?.iter().filter(|noted| noted.note.severity == Severity::Warning)
        {
            console::note(format!("warning: {note}"));
        }
        Ok::<(), Stop>(environment.start_powerdns(plan, ledger).await?)
    };
    let set_up = interrupt.unless_asked(setting_up).await.map_err(Stop::from);
    drop(stage);
    let stop = match set_up.flatten() {
        Err(stop) => stop,
        Ok(()) => {
            let kept = Kept { run: folder.name().to_owned(), exports: exports(&environment.exports()) };
            match ready(&kept) {
                Ok(()) => until_the_end(&environment, interrupt).await,
                Err(_) => Stop::Asked,
            }
        }
    };
    let torn = interrupt.unless_urged(environment.tear_down()).await;
    (stop, torn.ok().and_then(Result::err).map(|error| error.to_string()))
}

async fn until_the_end(environment: &Environment, interrupt: &Interrupt) -> Stop {
    let mut lost = environment.lost();
    let ended = interrupt.unless_asked(lost.wait_for(Option::is_some)).await;
    match ended {
        Ok(Ok(lost)) => lost.clone().map_or(Stop::Asked, Stop::Lost),
        Ok(Err(_)) | Err(_) => Stop::Asked,
    }
}

/// `${XDG_STATE_HOME:-~/.local/state}/leaseproof`, which also holds the index of ledgers.
pub(crate) fn state_folder() -> PathBuf {
    let index = Ledger::index_dir();
    index.parent().map_or_else(|| index.clone(), PathBuf::from)
}

/// Lines that a POSIX shell evaluates.
fn exports(environment: &[(String, String)]) -> String {
    // No variable of an environment can hold a NUL, which is all that cannot be quoted.
    let line = |(name, value): &(String, String)| Some(format!("export {name}={}\n", shlex::try_quote(value).ok()?));
    environment.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::exports;

    #[test]
    fn whatever_a_value_holds_a_shell_reads_it_back() {
        let value = "it's $HOME `id` \"x\" \\ \n end";
        let text = exports(&[("LEASEPROOF_QUOTED".into(), value.into())]);
        assert_eq!(shlex::split(&text).unwrap(), ["export".to_owned(), format!("LEASEPROOF_QUOTED={value}")], "{text}");
    }
}
