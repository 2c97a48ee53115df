use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Command, ValueEnum};

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Print a page of the docs that is generated from the program
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// The page
    #[arg(value_enum)]
    page: Page,
    /// The folder for the man pages
    #[arg(long, value_name = "DIR", required_if_eq("page", "man"))]
    output: Option<PathBuf>,
}

/// The pages that are generated from the program.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Page {
    /// docs/cli.md
    Cli,
    /// docs/checks.md
    Checks,
    /// docs/facts.md
    Facts,
    /// A man page for leaseproof and for each command, in a folder
    Man,
}

pub(crate) fn reference(args: &ReferenceArgs, leaseproof: Command) -> Ended {
    console::out(match args.page {
        Page::Cli => commands(leaseproof),
        Page::Checks => leaseproof_checker::catalogue_markdown(),
        Page::Facts => leaseproof_conformance::facts_markdown(),
        Page::Man => man_pages(args.output.as_deref().unwrap_or(Path::new(".")), leaseproof)?,
    });
    Ok(Exit::Passed)
}

/// Writes the man pages into a folder and returns its name.
fn man_pages(folder: &Path, leaseproof: Command) -> Result<String, Failure> {
    clap_mangen::generate_to(leaseproof, folder)
        .map_err(|error| Failure::environment(format!("cannot write man pages into {}: {error}", folder.display())))?;
    Ok(format!("{}\n", folder.display()))
}

/// The long help of every command, as Markdown.
fn commands(leaseproof: Command) -> String {
    let mut command = leaseproof.term_width(100);
    command.build();
    let mut text = String::from(
        "# The command line\n\nWritten by `leaseproof reference cli`; a test compares it. Exit codes: [exit-codes.md](exit-codes.md).\n",
    );
    section(&mut text, &mut command, "leaseproof");
    for subcommand in
        command.get_subcommands_mut().filter(|subcommand| !subcommand.is_hide_set() && subcommand.get_name() != "help")
    {
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
