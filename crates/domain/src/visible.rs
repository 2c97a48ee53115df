//! Text from outside, made safe to show.
//!
//! Names, comments, error messages, file contents and script output can hold anything: a terminal's escape sequences,
//! newlines that forge a row, characters that reverse or hide what follows. Everything that shows such a text passes it
//! through one of these functions first. A hidden character then stands there as `\u{1b}`, `\n`, `\t`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` on one line: every hidden character, newlines and tabs included, is written as an escape.
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, |out, c| match c {
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        c => braced(out, c),
    })
}

/// `text` on as many lines as it has: newlines stay, a tab becomes four spaces, every other hidden character is written
/// as an escape.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    replaced(text, line_character)
}

/// As [`visible_lines`], for a text that this program colored itself: its color sequences (`ESC [ … m`) stay. Every
/// text from outside in it has to have gone through [`visible`] or [`visible_lines`] before.
pub fn visible_styled(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\u{1b}') {
        out.push_str(&visible_lines(&rest[..start]));
        let length = color_sequence(&rest[start..]);
        if length == 0 {
            braced(&mut out, '\u{1b}');
        }
        out.push_str(&rest[start..start + length]);
        rest = &rest[start + length.max(1)..];
    }
    out.push_str(&visible_lines(rest));
    Cow::Owned(out)
}

/// A JSON document in which every hidden character but the layout's newlines is written as `\u001b`: the same document
/// for a program, and a harmless one for a terminal.
pub fn visible_json(document: &str) -> Cow<'_, str> {
    replaced(document, |out, c| {
        if c == '\n' {
            return out.push('\n');
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

/// Whether `c` is shown as nothing, moves the cursor, or changes how its neighbors are shown: control characters (C0,
/// DEL, C1), line and paragraph separators, and Unicode's default-ignorable characters (bidirectional controls, zero
/// width, tags), variation selectors aside, which only choose between two forms of a sign.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn line_character(out: &mut String, c: char) {
    match c {
        '\n' => out.push('\n'),
        '\t' => out.push_str("    "),
        c => braced(out, c),
    }
}

fn braced(out: &mut String, c: char) {
    let _ = write!(out, "{}", c.escape_unicode());
}

fn replaced(text: &str, hidden: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            hidden(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The length of the color sequence (SGR; ECMA-48, 8.3.117) that `text` begins with; 0 where it begins with none.
fn color_sequence(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(parameters.len());
    if parameters[end..].starts_with('m') { end + "\u{1b}[m".len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_hidden, visible, visible_json, visible_lines, visible_styled};

    #[test]
    fn what_hides_is_shown() {
        for (text, shown) in [
            ("plain é 表 ⚠️", "plain é 表 ⚠️"),
            ("up\u{1b}[1A\u{1b}[2Kgone", "up\\u{1b}[1A\\u{1b}[2Kgone"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\nb\tc\rd\u{7f}", "a\\nb\\tc\\rd\\u{7f}"),
            ("safe\u{202e}gpj.exe\u{2066}", "safe\\u{202e}gpj.exe\\u{2066}"),
            ("ad\u{200b}min\u{feff}", "ad\\u{200b}min\\u{feff}"),
            ("line\u{2028}two", "line\\u{2028}two"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(visible_lines("a\n\tb\rc"), "a\n    b\\u{d}c");
    }

    #[test]
    fn only_own_colors_stay() {
        let own = "\u{1b}[1m\u{1b}[31mbad\u{1b}[0m\n\u{1b}[m";
        assert_eq!(visible_styled(own), own);
        assert_eq!(visible_styled("\u{1b}[2J\u{1b}[31m\u{1b}]8;;x\u{1b}"), "\\u{1b}[2J\u{1b}[31m\\u{1b}]8;;x\\u{1b}");
        assert_eq!(visible_styled("\u{1b}[38:2::1m\u{1b}[?25l"), "\\u{1b}[38:2::1m\\u{1b}[?25l");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in "(\\PC|\\p{C}|\u{1b}\\[[0-9;]{0,3}[mAK]?){0,40}") {
            prop_assert!(!visible(&text).chars().any(is_hidden));
            prop_assert!(!visible_lines(&text).chars().any(|c| is_hidden(c) && c != '\n'));
            prop_assert!(!visible_json(&text).chars().any(|c| is_hidden(c) && c != '\n'));
            let styled = visible_styled(&text).into_owned();
            for (start, _) in styled.match_indices('\u{1b}') {
                prop_assert!(super::color_sequence(&styled[start..]) > 0);
            }
            let foreign = |c| is_hidden(c) && !matches!(c, '\n' | '\u{1b}');
            prop_assert!(!styled.chars().any(foreign), "{:?}", styled);
        }

        #[test]
        fn what_was_shown_once_is_shown_the_same_again(text in any::<String>()) {
            let once = visible(&text).into_owned();
            prop_assert_eq!(visible(&once), once.as_str());
            let once = visible_styled(&text).into_owned();
            prop_assert_eq!(visible_styled(&once), once.as_str());
        }
    }
}
