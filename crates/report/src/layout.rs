//! Text that fits the width of a terminal.

use std::fmt::Write as _;

use textwrap::{Options, WordSplitter, WrapAlgorithm};

/// The width of a table if the terminal's width is not known.
pub(crate) const USUAL_WIDTH: usize = 80;

/// The maximum width of lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    width: Option<usize>,
}

impl Layout {
    /// Lines of at most that many columns; without a limit if there is none.
    pub(crate) const fn new(width: Option<usize>) -> Self {
        Self { width }
    }

    /// The width of a table.
    pub(crate) fn table(self) -> u16 {
        u16::try_from(self.width.unwrap_or(USUAL_WIDTH)).unwrap_or(u16::MAX)
    }

    /// Writes a paragraph: its first line begins with `first`, the others with spaces of the same width.
    pub(crate) fn paragraph(self, out: &mut String, first: &str, text: &str) {
        let rest = " ".repeat(textwrap::core::display_width(first));
        let Some(width) = self.width else {
            let _ = writeln!(out, "{first}{text}");
            return;
        };
        let options = Options::new(width)
            .initial_indent(first)
            .subsequent_indent(&rest)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        for line in textwrap::wrap(text, options) {
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Layout;

    fn written(width: Option<usize>, text: &str) -> String {
        let mut out = String::new();
        Layout::new(width).paragraph(&mut out, "✘ 1  ", text);
        out
    }

    #[test]
    fn lines_hang_under_their_first_word() {
        assert_eq!(written(Some(16), "one two three four"), "✘ 1  one two\n     three four\n");
        assert_eq!(written(None, "one two three four"), "✘ 1  one two three four\n");
    }

    #[test]
    fn a_word_that_is_too_long_is_broken() {
        assert_eq!(written(Some(10), "abcdefghij"), "✘ 1  abcde\n     fghij\n");
    }
}
