//! What a literal of SQL stands for.

use crate::sql::{Kind, Token};

/// A literal without its quotes and escapes, and where each byte of it is written.
pub(super) struct Meaning {
    pub(super) text: String,
    /// One more than bytes: the last is the end.
    at: Vec<usize>,
}

/// How a literal is escaped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// `''` only.
    None,
    /// `E'…'`: `\n`, `\x41`, `\101`, `\u0041`.
    C,
    /// `U&'…'`: `\0041`, `\+000041`.
    Unicode,
}

impl Meaning {
    /// What `token`, a literal of `text`, stands for (PostgreSQL, "String Constants").
    pub(super) fn of(text: &str, token: &Token) -> Self {
        let written = &text[token.inner.clone()];
        let start = token.inner.start;
        let mut meaning = Self { text: String::new(), at: Vec::new() };
        if token.kind == Kind::Dollar {
            written.char_indices().for_each(|(place, sign)| meaning.push(sign, start + place));
            meaning.at.push(token.inner.end);
            return meaning;
        }
        let escapes = match &text.as_bytes()[..token.span.start] {
            [.., b'U' | b'u', b'&'] => Escapes::Unicode,
            _ if matches!(text.as_bytes()[token.span.start], b'e' | b'E') => Escapes::C,
            _ => Escapes::None,
        };
        let mut place = 0;
        while let Some(sign) = written[place..].chars().next() {
            let rest = &written[place..];
            let (sign, length) = match sign {
                '\'' if rest.starts_with("''") => ('\'', 2),
                '\\' if escapes != Escapes::None => escaped(rest, escapes).unwrap_or(('\\', 1)),
                sign => (sign, sign.len_utf8()),
            };
            meaning.push(sign, start + place);
            place += length;
        }
        meaning.at.push(token.inner.end);
        meaning
    }

    fn push(&mut self, sign: char, at: usize) {
        self.text.push(sign);
        self.at.extend(std::iter::repeat_n(at, sign.len_utf8()));
    }

    /// Where a part of it is written.
    pub(super) fn written(&self, part: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        self.at[part.start]..self.at[part.end]
    }
}

/// The sign that an escape at the beginning of `rest` stands for, and the escape's length.
fn escaped(rest: &str, escapes: Escapes) -> Option<(char, usize)> {
    let code = |from: usize, digits: usize, radix: u32| {
        let sign = char::from_u32(u32::from_str_radix(rest.get(from..from + digits)?, radix).ok()?)?;
        Some((sign, from + digits))
    };
    let next = rest[1..].chars().next()?;
    if escapes == Escapes::Unicode {
        return match next {
            '\\' => Some(('\\', 2)),
            '+' => code(2, 6, 16),
            _ => code(1, 4, 16),
        };
    }
    match next {
        'b' => Some(('\u{8}', 2)),
        'f' => Some(('\u{c}', 2)),
        'n' => Some(('\n', 2)),
        'r' => Some(('\r', 2)),
        't' => Some(('\t', 2)),
        'x' => code(2, 2, 16).or_else(|| code(2, 1, 16)),
        'u' => code(2, 4, 16),
        'U' => code(2, 8, 16),
        '0'..='7' => [3, 2, 1].into_iter().find_map(|digits| code(1, digits, 8)),
        sign => Some((sign, 1 + sign.len_utf8())),
    }
}
