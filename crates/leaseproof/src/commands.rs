//! The commands, one file each.

use std::path::Path;

use clap::Parser as _;
use leaseproof_domain::{is_hidden, visible_lines};
use leaseproof_scenario::{LoadOptions, Plan, Problems};
use tokio::runtime::Runtime;

use crate::arguments::{Cli, Command, Overrides};
use crate::console;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) mod annotate;
pub(crate) mod clean;
pub(crate) mod completions;
pub(crate) mod conformance;
pub(crate) mod doctor;
pub(crate) mod down;
pub(crate) mod explain;
pub(crate) mod grants;
pub(crate) mod judge;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod policy;
pub(crate) mod reference;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod supervise;
pub(crate) mod up;
pub(crate) mod validate;

/// Parses the arguments, runs the command, and prints its error, if any.
pub(crate) fn dispatch() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error),
    };
    let ended = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Validate(args) => validate::validate(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::List(args) => list::list(&args),
        Command::New(args) => new::new(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Conformance(args) => conformance::conformance(&args),
        Command::Up(args) => up::up(&args),
        Command::Down(args) => down::down(&args),
        Command::Clean(args) => clean::clean(&args),
        Command::Judge(args) => judge::judge(&args),
        Command::Annotate(args) => annotate::annotate(&args),
        Command::Show(args) => show::show(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Grants(args) => grants::grants(&args),
        Command::Policy(args) => policy::policy(&args),
        Command::Completions(args) => completions::completions(&args),
        Command::Reference(args) => reference::reference(&args),
        Command::Supervise(args) => supervise::supervise(&args),
    };
    ended.unwrap_or_else(|failure| {
        console::note_styled(&failure.words);
        failure.exit
    })
}

/// Prints help, the version, or what is wrong with the arguments.
fn unparsed(error: &clap::Error) -> Exit {
    let text = error.render();
    // The message contains arguments as typed, which cannot be distinguished from clap's own colors.
    let foreign = std::env::args_os().any(|argument| argument.to_string_lossy().chars().any(is_hidden));
    let text = if foreign { visible_lines(&text.to_string()).into_owned() } else { text.ansi().to_string() };
    if error.use_stderr() {
        console::note_styled(text);
        Exit::Usage
    } else {
        console::styled(text);
        Exit::Passed
    }
}

/// Reads and checks a scenario.
fn load(path: &Path, overrides: &Overrides) -> Result<Plan, Failure> {
    check(path, overrides).map(|(plan, _)| plan)
}

/// The same, with the warnings.
fn check(path: &Path, overrides: &Overrides) -> Result<(Plan, Problems), Failure> {
    let options = LoadOptions {
        profile: overrides.profile.clone(),
        set: overrides.set.clone(),
        thresholds: overrides.threshold.clone(),
    };
    leaseproof_scenario::check(path, &options)
        .map_err(|problems| Failure::rendered(problems.render(console::coloured())))
}

/// The async runtime of a command with servers. Two threads are enough, because everything waits for servers.
fn runtime() -> Result<Runtime, Failure> {
    leaseproof_environment::raise_file_limit();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Environment, format!("cannot start threads: {error}")))
}
