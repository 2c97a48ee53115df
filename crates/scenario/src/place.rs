//! Where something is said: a text that was read, and a span of it.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use leaseproof_domain::Origin;

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

    /// The text that stands there.
    pub(crate) fn text(&self) -> &str {
        self.source.text.get(self.span.clone()).unwrap_or_default()
    }

    /// The place for people and for the plan.
    pub(crate) fn origin(&self) -> Origin {
        let before = self.source.text.get(..self.span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Origin { file: self.source.name.clone(), line: count(line), column: count(column) }
    }

    /// The part `within` of the text that is written here, where it is written without escapes; otherwise all of it.
    pub(crate) fn part(&self, value: &str, within: Range<usize>) -> Self {
        match self.text().find(value) {
            Some(start) if !value.is_empty() => {
                let from = self.span.start + start;
                Self::new(&self.source, from + within.start..from + within.end)
            }
            _ => self.clone(),
        }
    }
}

/// A value and where it is said.
#[derive(Clone, Debug)]
pub(crate) struct Said<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}
