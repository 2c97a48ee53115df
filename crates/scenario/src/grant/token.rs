//! The words of a grant fragment, each with its place in it.

use std::ops::Range;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) is: What,
    /// Bytes of the fragment.
    pub(super) at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A word without quotes, folded to lower case as PostgreSQL does.
    Word(String),
    /// A name in double quotes, without them.
    Quoted(String),
    Comma,
    Dot,
    Open,
    Close,
    /// What no fragment has.
    Other,
}

/// Splits a fragment. Whatever is no word, name or sign becomes [`What::Other`].
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        let is = match first {
            c if c.is_whitespace() => continue,
            ',' => What::Comma,
            '.' => What::Dot,
            '(' => What::Open,
            ')' => What::Close,
            '"' => quoted(&mut rest),
            c if c.is_alphabetic() || c == '_' => {
                let mut word = String::from(c.to_ascii_lowercase());
                while let Some((_, c)) = rest.next_if(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '$')) {
                    word.push(c.to_ascii_lowercase());
                }
                What::Word(word)
            }
            _ => What::Other,
        };
        let end = rest.peek().map_or(text.len(), |(end, _)| *end);
        tokens.push(Token { is, at: start..end });
    }
    tokens
}

/// A quoted name after its first quote; `""` stands for one.
fn quoted(rest: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> What {
    let mut name = String::new();
    while let Some((_, c)) = rest.next() {
        if c != '"' {
            name.push(c);
        } else if rest.next_if(|(_, c)| *c == '"').is_some() {
            name.push('"');
        } else {
            return if name.is_empty() { What::Other } else { What::Quoted(name) };
        }
    }
    What::Other
}
