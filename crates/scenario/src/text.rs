//! Texts that stand in the scenario or in a file beside it.

use std::ops::Range;

use crate::file::read_named;
use crate::place::{Holds, Place};
use crate::problem::Noted;

/// A text, and where each part of it stands.
pub(crate) struct Text {
    pub(crate) text: String,
    /// The file it comes from, where it does not stand in the scenario itself.
    pub(crate) file: Option<String>,
    place: Place,
    /// The byte of the source that it begins at; none where it is written with escapes. It is looked for once: a text may
    /// have thousands of problems.
    start: Option<usize>,
}

/// When a text is the name of a file.
#[derive(Clone, Copy)]
pub(crate) enum FileWhen {
    /// `@name`.
    At,
    /// `@name`, or a name with this ending.
    Ends(&'static str),
    /// `@name`, or whatever is on one line.
    OneLine,
}

impl Text {
    /// What `value` at `place` says, or the file that it names holds; none where that cannot be read.
    pub(crate) fn read(value: &str, place: &Place, when: FileWhen, holds: Holds, noted: &Noted) -> Option<Self> {
        let named = value.strip_prefix('@').or_else(|| {
            let is_file = match when {
                FileWhen::At => false,
                FileWhen::Ends(ending) => value.ends_with(ending) && !value.contains('\n'),
                FileWhen::OneLine => !value.trim_end().contains('\n'),
            };
            is_file.then_some(value)
        });
        let Some(name) = named else { return Some(Self::written(value, place)) };
        let source = read_named(name, place, holds, noted)?;
        let place = Place::new(&source, 0..source.text.len());
        Some(Self { text: source.text.clone(), file: Some(source.name.clone()), place, start: Some(0) })
    }

    /// What stands in the scenario itself.
    pub(crate) fn written(value: &str, place: &Place) -> Self {
        let start = place.start_from(place.span.start, value);
        Self { text: value.to_owned(), file: None, place: place.clone(), start }
    }

    /// The texts that this one is decoded to, in order: each where it is written, until one is written with escapes.
    pub(crate) fn decoded(&self, texts: Vec<String>) -> Vec<Self> {
        let mut from = Some(self.place.span.start);
        let mut decoded = Vec::with_capacity(texts.len());
        for text in texts {
            let start = from.and_then(|from| self.place.start_from(from, &text));
            from = if text.is_empty() { from } else { start.map(|start| start + text.len()) };
            decoded.push(Self { text, file: self.file.clone(), place: self.place.clone(), start });
        }
        decoded
    }

    /// Where a part of the text stands.
    pub(crate) fn part(&self, part: Range<usize>) -> Place {
        self.start.map_or_else(|| self.place.clone(), |start| self.place.from(start, part))
    }
}
