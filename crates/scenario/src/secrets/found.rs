//! Places of secrets in a text.

use std::ops::Range;

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it is written, its quotes aside.
    pub(super) span: Range<usize>,
    /// What it stands for, where that differs from what is written: quotes and escapes are gone.
    pub(super) value: Option<String>,
    /// Whether it is one beyond doubt. What only may be one is not shown, but not looked for in logs either.
    pub(super) certain: bool,
}

impl Found {
    pub(super) fn new(span: Range<usize>) -> Self {
        Self { span, value: None, certain: true }
    }

    pub(super) fn doubtful(self) -> Self {
        Self { certain: false, ..self }
    }

    /// The secret that is written in `text` and stands for `value`.
    pub(super) fn meaning(self, text: &str, value: String) -> Self {
        let value = Some(value).filter(|value| *value != text[self.span.clone()]);
        Self { value, ..self }
    }
}

/// Sorted, without overlaps.
pub(crate) fn in_order(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut kept: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match kept.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => kept.push(span),
        }
    }
    kept
}
