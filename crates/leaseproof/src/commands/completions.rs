use clap::{Args, Command};
use clap_complete::Shell;

use crate::console;
use crate::exit::Exit;
use crate::failure::Ended;

/// Print completions for a shell
///
/// For bash, elvish, fish, PowerShell and zsh; write them to the shell's completion folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof completions --help",
    after_long_help = "Examples:\n  leaseproof completions bash > ~/.local/share/bash-completion/completions/leaseproof\n  \
                             leaseproof completions fish > ~/.config/fish/completions/leaseproof.fish"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(crate) fn completions(args: &CompletionsArgs, mut leaseproof: Command) -> Ended {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut leaseproof, "leaseproof", &mut text);
    console::verbatim(String::from_utf8_lossy(&text));
    Ok(Exit::Passed)
}
