//! From the arguments to the command that they name.

use clap::{CommandFactory as _, Parser as _};
use leaseproof_domain::{is_hidden, visible_lines};

use crate::arguments::{Cli, Command};
use crate::commands::{
    annotate, clean, completions, conformance, doctor, down, explain, grants, judge, list, new, policy, reference, run,
    schema, show, supervise, up, validate,
};
use crate::console;
use crate::exit::Exit;

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
        Command::Completions(args) => completions::completions(&args, Cli::command()),
        Command::Reference(args) => reference::reference(&args, Cli::command()),
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
