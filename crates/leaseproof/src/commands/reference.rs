use std::fmt::Write as _;

use clap::{Args, Command, CommandFactory as _, ValueEnum};

use crate::arguments::Cli;
use crate::console;
use crate::exit::Exit;
use crate::failure::Ended;

/// Print a page of the docs that is made from the program
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// The page
    #[arg(value_enum)]
    page: Page,
}

/// The pages that are made from the program.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Page {
    /// docs/cli.md
    Cli,
    /// docs/checks.md
    Checks,
    /// docs/facts.md
    Facts,
}

pub(crate) fn reference(args: &ReferenceArgs) -> Ended {
    console::out(match args.page {
        Page::Cli => commands(),
        Page::Checks => leaseproof_checker::catalogue_markdown(),
        Page::Facts => leaseproof_conformance::facts_markdown(),
    });
    Ok(Exit::Passed)
}

/// The long help of every command, as Markdown.
fn commands() -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut text = String::from(
        "# The command line\n\nWritten by `leaseproof reference cli`; a test compares it. Exit codes: [exit-codes.md](exit-codes.md).\n",
    );
    section(&mut text, &mut command, "leaseproof");
    for subcommand in command.get_subcommands_mut().filter(|subcommand| !subcommand.is_hide_set()) {
        let title = format!("leaseproof {}", subcommand.get_name());
        section(&mut text, subcommand, &title);
    }
    text
}

fn section(text: &mut String, command: &mut Command, title: &str) {
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## {title}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
}
