//! What is printed. A reader that went away (`| head`) is no reason to fail, and colours go only where they are wanted
//! (NO_COLOR, a pipe).

use std::io::Write as _;

/// A terminal that says that it has fewer columns cannot be laid out for.
const NARROWEST: usize = 30;

/// Results, on stdout.
pub(crate) fn out(text: impl AsRef<str>) {
    let mut stream = anstream::stdout().lock();
    let _ = stream.write_all(text.as_ref().as_bytes()).and_then(|()| stream.flush());
}

/// Everything that is said beside the results, on stderr; ends the line.
pub(crate) fn note(text: impl AsRef<str>) {
    let mut stream = anstream::stderr().lock();
    let _ = writeln!(stream, "{}", text.as_ref().trim_end());
}

/// Whether what goes to stderr is coloured.
pub(crate) fn coloured() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// How many columns stdout has: those of its terminal, else what COLUMNS says; none where nobody knows.
pub(crate) fn width() -> Option<usize> {
    let terminal = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    let said = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    terminal.or_else(said).filter(|columns| *columns >= NARROWEST)
}
