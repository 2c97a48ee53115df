//! Everything that is printed goes through here, and only here.
//!
//! What comes from outside (names, messages of servers, files) cannot speak to the terminal: hidden characters are
//! written as escapes. Colors go only where they are wanted (NO_COLOR, a pipe). An output that cannot be written, as on
//! a full disk, makes the command end with an error; a reader that went away (`| head`) does not.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::sync::{Mutex, PoisonError};

use anstream::AutoStream;
use leaseproof_domain::{visible_json, visible_lines, visible_styled};

use crate::exit::Exit;

/// Why stdout could not be written, the first time it could not.
static UNWRITTEN: Mutex<Option<io::Error>> = Mutex::new(None);

/// A terminal that says that it has fewer columns cannot be laid out for.
const NARROWEST: usize = 30;
/// What a terminal has that does not say it.
const USUAL: usize = 80;

/// Results, on stdout.
pub(crate) fn out(text: impl AsRef<str>) {
    write_out(&visible_lines(text.as_ref()));
}

/// Results that this program colored itself, on stdout: what came from outside is escaped in them already.
pub(crate) fn styled(text: impl AsRef<str>) {
    write_out(&visible_styled(text.as_ref()));
}

/// A JSON document, on stdout.
pub(crate) fn json(document: impl AsRef<str>) {
    write_out(&visible_json(document.as_ref()));
}

/// A text that another program reads as it is, on stdout: a shell's completions or its `export` lines.
pub(crate) fn verbatim(text: impl AsRef<str>) {
    write_out(text.as_ref());
}

/// Everything that is said beside the results, on stderr; ends the line.
pub(crate) fn note(text: impl AsRef<str>) {
    note_styled(visible_lines(text.as_ref()));
}

/// As [`note`], for a text that this program colored itself.
pub(crate) fn note_styled(text: impl AsRef<str>) {
    let mut stream = anstream::stderr().lock();
    // There is no other place to say that it cannot be said.
    let _ = writeln!(stream, "{}", visible_styled(text.as_ref()).trim_end());
}

/// Whether what goes to stderr is colored.
pub(crate) fn coloured() -> bool {
    AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// What a command ends with that would have ended with `exit`: with an error where its output was lost.
pub(crate) fn ended(exit: Exit) -> Exit {
    let unwritten = UNWRITTEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    match unwritten {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            note(format!("cannot write to stdout: {error}; the output above is not complete"));
            exit.or(Exit::Estate)
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
