//! Where something is said: a text that was read, and a span of it.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use leaseproof_domain::Origin;

use crate::secrets::{self, Secrets};

/// How many bytes lie between two places whose characters are counted once.
const STRIDE: usize = 1024;

/// A text that was read: a scenario file, a file that it names, or a `--set` argument.
pub(crate) struct Source {
    /// The path as the user gave it, or the argument's name.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
    /// The folder that file names in it start from.
    pub(crate) folder: PathBuf,
    /// That folder, seen from the scenario's own.
    pub(crate) from_scenario: String,
    /// Whether it stands on the command line, where texts need no quotes.
    pub(crate) argument: bool,
    /// What of it is secret.
    holds: Holds,
    secrets: OnceLock<Secrets>,
    lines: OnceLock<Lines>,
}

/// In what way a source holds secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// It is a scenario file: by its keys.
    Keys,
    /// SQL, rules and the like: by the words before them.
    Words,
    /// All of it may be one: a script, the file of a password.
    Anything,
}

/// Where a source's lines begin, and how many characters it has up to each [`STRIDE`].
struct Lines {
    starts: Vec<usize>,
    characters: Vec<usize>,
}

impl Source {
    pub(crate) fn new(name: String, text: String, folder: PathBuf, from_scenario: String, holds: Holds) -> Self {
        let (secrets, lines) = (OnceLock::new(), OnceLock::new());
        Self { name, text, folder, from_scenario, argument: false, holds, secrets, lines }
    }

    /// A text of the command line.
    pub(crate) fn argument(name: &str, text: &str, folder: PathBuf) -> Self {
        let source = Self::new(name.to_owned(), text.to_owned(), folder, String::new(), Holds::Keys);
        Self { argument: true, ..source }
    }

    /// What of the text had better not be shown, in order, without overlaps.
    pub(crate) fn secrets(&self) -> &Secrets {
        self.secrets.get_or_init(|| match self.holds {
            Holds::Keys if self.argument => secrets::of_argument(&self.text),
            Holds::Keys => secrets::of_scenario(&self.text),
            Holds::Words => secrets::of_text(&self.text),
            Holds::Anything => Secrets::all(&self.text),
        })
    }

    /// Line and column of a byte, from 0; the column in characters.
    fn line_and_column(&self, at: usize) -> (usize, usize) {
        let at = self.text.floor_char_boundary(at);
        let lines = self.lines.get_or_init(|| Lines::of(&self.text));
        let line = lines.starts.partition_point(|start| *start <= at) - 1;
        (line, lines.characters_before(&self.text, at) - lines.characters_before(&self.text, lines.starts[line]))
    }
}

impl Lines {
    fn of(text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut characters = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut count = 0;
        for piece in text.as_bytes().chunks(STRIDE) {
            characters.push(count);
            count += characters_in(piece);
        }
        Self { starts, characters }
    }

    fn characters_before(&self, text: &str, at: usize) -> usize {
        let stride = (at / STRIDE).min(self.characters.len().saturating_sub(1));
        let before = self.characters.get(stride).copied().unwrap_or_default();
        before + characters_in(&text.as_bytes()[stride * STRIDE..at])
    }
}

/// How many characters begin in a piece of UTF-8.
fn characters_in(piece: &[u8]) -> usize {
    piece.iter().filter(|byte| (**byte as i8) >= -64).count()
}

impl fmt::Debug for Source {
    /// The text may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A span of a source.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) source: Arc<Source>,
    /// Bytes.
    pub(crate) span: Range<usize>,
}

impl Place {
    pub(crate) fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self { source: Arc::clone(source), span }
    }

    /// Whether it touches what had better not be shown.
    pub(crate) fn is_secret(&self) -> bool {
        self.touched().next().is_some()
    }

    /// The secrets that it touches.
    pub(crate) fn touched(&self) -> impl Iterator<Item = &Range<usize>> {
        let (start, end) = (self.span.start, self.span.end.max(self.span.start + 1));
        let secrets = &self.source.secrets().spans;
        let first = secrets.partition_point(|secret| secret.end <= start);
        secrets[first..].iter().take_while(move |secret| secret.start < end)
    }

    /// The text that stands there.
    pub(crate) fn text(&self) -> &str {
        self.source.text.get(self.span.clone()).unwrap_or_default()
    }

    /// The place for people and for the plan.
    pub(crate) fn origin(&self) -> Origin {
        let (line, column) = self.source.line_and_column(self.span.start);
        let count = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        Origin { file: self.source.name.clone(), line: count(line), column: count(column) }
    }

    /// The part `within` of the text that is written here, where it is written without escapes; otherwise all of it.
    pub(crate) fn part(&self, value: &str, within: Range<usize>) -> Self {
        let start = self.start_from(self.span.start, value);
        start.map_or_else(|| self.clone(), |start| self.from(start, within))
    }

    /// The byte of the source, `from` or a later one, that `value` begins at, where it is written here without escapes.
    pub(crate) fn start_from(&self, from: usize, value: &str) -> Option<usize> {
        let start = self.source.text.get(from..self.span.end)?.find(value).filter(|_| !value.is_empty())?;
        Some(from + start)
    }

    /// A part of what begins at the byte `start` of the same source.
    pub(crate) fn from(&self, start: usize, within: Range<usize>) -> Self {
        Self::new(&self.source, start + within.start..start + within.end)
    }
}

/// A value and where it is said.
#[derive(Clone, Debug)]
pub(crate) struct Said<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}
