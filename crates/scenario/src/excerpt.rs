//! The lines that a problem is shown with: cut to what people can read, without what is secret.

use std::ops::Range;

use leaseproof_domain::{is_hidden, visible};
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::place::Place;

/// How many characters of a line are shown at most.
const WIDTH: usize = 160;
/// How many characters before the caret, where a line's beginning is cut off.
const BEFORE: usize = 60;
/// How many lines are shown at most.
const LINES: usize = 8;
/// What stands for a part that is cut off.
const CUT: &str = "…";
/// What stands for a secret.
const MASK: &str = "***";

/// Some lines of a source as they are shown, and where the caret belongs in them.
#[derive(Debug)]
pub(crate) struct Excerpt {
    name: String,
    text: String,
    label: Range<usize>,
    /// Of the caret, from 0.
    line: usize,
    column: usize,
}

impl Excerpt {
    /// What is shown of that place; none of a source without text.
    pub(crate) fn of(place: &Place) -> Option<Self> {
        let text = place.source.text.as_str();
        if text.is_empty() {
            return None;
        }
        let start = text.floor_char_boundary(place.span.start);
        let end = text.floor_char_boundary(place.span.end).max(start);
        let origin = place.origin();
        let mut writer = Writer {
            source: text,
            secrets: &place.source.secrets().spans,
            span: start..end,
            text: String::new(),
            label: None,
        };
        writer.lines();
        let label = writer.label.unwrap_or(0..0);
        Some(Self {
            name: visible(&place.source.name).into_owned(),
            text: writer.text,
            label,
            line: (origin.line as usize).saturating_sub(1),
            column: (origin.column as usize).saturating_sub(1),
        })
    }

    /// Where the caret belongs.
    pub(crate) fn label(&self) -> (usize, usize) {
        (self.label.start, self.label.len())
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // Without context only the place of the caret is asked for.
        let (span, column) = if before + after == 0 { (*span, self.column) } else { ((0, self.text.len()).into(), 0) };
        let data =
            self.text.as_bytes().get(span.offset()..span.offset() + span.len()).ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), data, span, self.line, column, 1)))
    }
}

/// Writes lines out, and keeps account of where the caret comes to stand.
struct Writer<'a> {
    source: &'a str,
    secrets: &'a [Range<usize>],
    span: Range<usize>,
    text: String,
    label: Option<Range<usize>>,
}

impl Writer<'_> {
    fn lines(&mut self) {
        let mut start = self.source[..self.span.start].rfind('\n').map_or(0, |newline| newline + 1);
        for number in 0..LINES {
            let end = self.source[start..].find('\n').map_or(self.source.len(), |newline| start + newline);
            if number > 0 {
                self.text.push('\n');
            }
            self.line(start..end);
            if end >= self.span.end || end >= self.source.len() {
                break;
            }
            start = end + 1;
        }
    }

    fn line(&mut self, line: Range<usize>) {
        let window = self.window(line.clone());
        if window.start > line.start {
            self.text.push_str(CUT);
        }
        let mut at = window.start;
        let secrets = self.secrets;
        let first = secrets.partition_point(|secret| secret.end <= window.start);
        for secret in secrets[first..].iter().take_while(|secret| secret.start < window.end) {
            self.plain(at..secret.start.max(at));
            self.secret(secret);
            at = secret.end;
        }
        self.plain(at.min(window.end)..window.end);
        self.reach(window.end);
        if window.end < line.end {
            self.text.push_str(CUT);
        }
    }

    /// The part of a line that is shown.
    fn window(&self, line: Range<usize>) -> Range<usize> {
        let text = &self.source[line.clone()];
        if text.char_indices().nth(WIDTH).is_none() {
            return line;
        }
        let caret = self.span.start.clamp(line.start, line.end);
        let back = self.source[line.start..caret].char_indices().rev().nth(BEFORE - 1);
        let start = back.map_or(line.start, |(at, _)| line.start + at);
        let end = self.source[start..line.end].char_indices().nth(WIDTH).map_or(line.end, |(at, _)| start + at);
        start..end
    }

    fn plain(&mut self, part: Range<usize>) {
        let source = self.source;
        for (at, sign) in source[part.clone()].char_indices() {
            self.reach(part.start + at);
            // A line's end by Windows' custom is none of its text.
            if sign != '\r' {
                if is_hidden(sign) && sign != '\t' {
                    self.text.extend(sign.escape_unicode());
                } else {
                    self.text.push(sign);
                }
            }
        }
    }

    fn secret(&mut self, secret: &Range<usize>) {
        let before = self.text.len();
        self.text.push_str(MASK);
        let touches = self.span.start < secret.end && (self.span.end > secret.start || self.span.start >= secret.start);
        if touches {
            let start = self.label.as_ref().map_or(before, |label| label.start);
            self.label = Some(start..self.text.len());
        }
    }

    /// The writing has come to that place of the source.
    fn reach(&mut self, at: usize) {
        let here = self.text.len();
        match &mut self.label {
            None if at >= self.span.start => self.label = Some(here..here),
            Some(label) if at <= self.span.end => label.end = here,
            _ => {}
        }
    }
}
