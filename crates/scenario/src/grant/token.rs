//! The words of a grant fragment, each with its place in it.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

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
    /// Digits.
    Number(String),
    Comma,
    Dot,
    Open,
    Close,
    /// `[]`, behind the type of an array's elements.
    Array,
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
            '[' if rest.next_if(|(_, c)| *c == ']').is_some() => What::Array,
            '"' => quoted(&mut rest),
            c if c.is_ascii_digit() => What::Number(run(c, &mut rest, |c| c.is_ascii_digit())),
            c if c.is_alphabetic() || c == '_' => {
                What::Word(run(c, &mut rest, |c| c.is_alphanumeric() || matches!(c, '_' | '$')))
            }
            _ => What::Other,
        };
        let end = rest.peek().map_or(text.len(), |(end, _)| *end);
        tokens.push(Token { is, at: start..end });
    }
    tokens
}

/// The rest of a word or number behind its first sign.
fn run(first: char, rest: &mut Peekable<CharIndices<'_>>, goes_on: impl Fn(char) -> bool) -> String {
    let mut word = String::from(first.to_ascii_lowercase());
    while let Some((_, c)) = rest.next_if(|(_, c)| goes_on(*c)) {
        word.push(c.to_ascii_lowercase());
    }
    word
}

/// A quoted name after its first quote; `""` stands for one.
fn quoted(rest: &mut Peekable<CharIndices<'_>>) -> What {
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
