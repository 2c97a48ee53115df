//! All output is printed through this module.
//!
//! Text from outside (names, messages of servers, files) cannot control the terminal: hidden characters are
//! written as escapes. Colors are used only on terminals and without NO_COLOR. If output cannot be written, for example on
//! a full disk, the command ends with an error; a closed pipe (`| head`) is not an error.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::sync::{Mutex, PoisonError};

use anstream::AutoStream;
use leaseproof_domain::{visible_json, visible_lines, visible_styled};

use crate::exit::Exit;

/// The first error of writing to stdout.
static UNWRITTEN: Mutex<Option<io::Error>> = Mutex::new(None);

/// The smallest supported terminal width, in columns.
const NARROWEST: usize = 30;
/// The width of a terminal that does not report it, in columns.
const USUAL: usize = 80;

/// Results, on stdout.
pub(crate) fn out(text: impl AsRef<str>) {
    write_out(&visible_lines(text.as_ref()));
}

/// Results with colors of this program, on stdout: text from outside is already escaped in them.
pub(crate) fn styled(text: impl AsRef<str>) {
    write_out(&visible_styled(text.as_ref()));
}

/// A JSON document, on stdout.
pub(crate) fn json(document: impl AsRef<str>) {
    write_out(&visible_json(document.as_ref()));
}

/// Text for another program, unchanged, on stdout: shell completions or `export` lines.
pub(crate) fn verbatim(text: impl AsRef<str>) {
    write_out(text.as_ref());
}

/// A message on stderr, with a newline.
pub(crate) fn note(text: impl AsRef<str>) {
    note_styled(visible_lines(text.as_ref()));
}

/// Like [`note`], for text with colors of this program.
pub(crate) fn note_styled(text: impl AsRef<str>) {
    let mut stream = anstream::stderr().lock();
    // There is no other place to report an error of stderr.
    let _ = writeln!(stream, "{}", visible_styled(text.as_ref()).trim_end());
}

/// Whether stderr gets colors.
pub(crate) fn coloured() -> bool {
    AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// The exit of a command that would end with `exit`: an error if its output was lost.
pub(crate) fn ended(exit: Exit) -> Exit {
    let unwritten = UNWRITTEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    match unwritten {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            note(format!("cannot write to stdout: {error}; the output above is not complete"));
            exit.or(Exit::Environment)
        }
        _ => exit,
    }
}

fn write_out(text: &str) {
    if let Err(error) = written(text) {
        UNWRITTEN.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// The standard library's own stdout passes over a descriptor that is not open for writing (EBADF); a file of that
/// descriptor does not.
fn written(text: &str) -> io::Result<()> {
    let held = io::stdout().lock();
    let file = File::from(held.as_fd().try_clone_to_owned()?);
    AutoStream::auto(file).write_all(text.as_bytes())
}

/// How many columns stdout has: those of its terminal, else what COLUMNS says; none where it goes elsewhere and nobody
/// says.
pub(crate) fn width() -> Option<usize> {
    let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    let said = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let usual = || io::stdout().is_terminal().then_some(USUAL);
    terminal.or_else(said).or_else(usual).filter(|columns| *columns >= NARROWEST)
}
