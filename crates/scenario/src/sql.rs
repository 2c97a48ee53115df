//! SQL as PostgreSQL's lexer sees it (src/backend/parser/scan.l): words, literals, dollar-quoted texts, comments. Nothing
//! is understood beyond that, and what is no SQL is cut somehow.

use std::ops::Range;

/// A piece of SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Bytes, quotes included.
    pub(crate) span: Range<usize>,
    /// The bytes between the quotes; the whole token where it has none.
    pub(crate) inner: Range<usize>,
    /// Whether its closing quote is there.
    pub(crate) closed: bool,
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword, a name, a number.
    Word,
    /// `"name"`.
    Name,
    /// `'text'`, `E'text'`.
    Literal,
    /// `$$text$$`, `$tag$text$tag$`.
    Dollar,
    /// `-- text`, `/* text */`.
    Comment,
    /// Any other character.
    Sign,
}

/// Cuts a text; blanks are left out.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        tokens.push(token);
    }
    tokens
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<Token> {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        let begin = self.at;
        let mut signs = trimmed.bytes();
        let (first, second) = (signs.next()?, signs.next());
        let escapes = matches!(first, b'e' | b'E') && second == Some(b'\'');
        Some(match first {
            b'\'' => self.quoted(begin, b'\'', Kind::Literal, false),
            b'"' => self.quoted(begin, b'"', Kind::Name, false),
            _ if escapes => {
                self.at += 1;
                self.quoted(begin, b'\'', Kind::Literal, true)
            }
            b'-' if second == Some(b'-') => {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
                self.whole(Kind::Comment, begin, true)
            }
            b'/' if second == Some(b'*') => self.block_comment(begin),
            b'$' => self.dollar(begin),
            byte if is_word(byte) => {
                self.at += trimmed.bytes().take_while(|byte| is_word(*byte) || *byte == b'$').count();
                self.whole(Kind::Word, begin, true)
            }
            _ => {
                self.at += trimmed.chars().next().map_or(1, char::len_utf8);
                self.whole(Kind::Sign, begin, true)
            }
        })
    }

    fn whole(&self, kind: Kind, begin: usize, closed: bool) -> Token {
        Token { kind, span: begin..self.at, inner: begin..self.at, closed }
    }

    /// The lexer stands on the opening quote. A doubled quote is one of the text.
    fn quoted(&mut self, begin: usize, quote: u8, kind: Kind, escapes: bool) -> Token {
        let bytes = self.text.as_bytes();
        let open = self.at + 1;
        let mut at = open;
        loop {
            match bytes.get(at) {
                None => {
                    self.at = bytes.len();
                    return Token { kind, span: begin..self.at, inner: open..self.at, closed: false };
                }
                Some(b'\\') if escapes => at = (at + 2).min(bytes.len()),
                Some(byte) if *byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
                Some(byte) if *byte == quote => {
                    self.at = at + 1;
                    return Token { kind, span: begin..self.at, inner: open..at, closed: true };
                }
                Some(_) => at += 1,
            }
        }
    }

    fn dollar(&mut self, begin: usize) -> Token {
        let bytes = &self.text.as_bytes()[begin..];
        let tag = 1 + bytes[1..].iter().take_while(|byte| is_word(**byte)).count();
        if bytes.get(tag) != Some(&b'$') || bytes[1].is_ascii_digit() {
            self.at += 1;
            return self.whole(Kind::Sign, begin, true);
        }
        let open = begin + tag + 1;
        let quote = &self.text[begin..open];
        let end = self.text[open..].find(quote);
        let inner = open..end.map_or(self.text.len(), |end| open + end);
        self.at = end.map_or(self.text.len(), |end| open + end + quote.len());
        Token { kind: Kind::Dollar, span: begin..self.at, inner, closed: end.is_some() }
    }

    /// Comments nest.
    fn block_comment(&mut self, begin: usize) -> Token {
        let bytes = self.text.as_bytes();
        let mut depth = 0_u32;
        while self.at < bytes.len() {
            if bytes[self.at..].starts_with(b"/*") {
                depth += 1;
                self.at += 2;
            } else if bytes[self.at..].starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return self.whole(Kind::Comment, begin, true);
                }
            } else {
                self.at += 1;
            }
        }
        self.whole(Kind::Comment, begin, false)
    }
}

/// Letters, digits, `_`, and every byte beyond ASCII: PostgreSQL takes those as letters.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, tokens};

    #[test]
    fn texts_are_cut_as_postgresql_cuts_them() {
        let reported = |text: &str| {
            let inner = |token: super::Token| {
                format!("{:?} {}{}", token.kind, &text[token.inner], if token.closed { "" } else { " …" })
            };
            tokens(text).into_iter().map(inner).collect::<Vec<_>>().join(", ")
        };
        for (text, cut) in [
            ("PASSWORD 'it''s'", "Word PASSWORD, Literal it''s"),
            (r"E'a\'b' 'c\'", r"Literal a\'b, Literal c\"),
            ("$$ a $b$ $$ $x$y$x$ $1", "Dollar  a $b$ , Dollar y, Sign $, Word 1"),
            (r#""{{name}}" -- c"#, "Name {{name}}, Comment -- c"),
            ("/* a /* b */ */ x", "Comment /* a /* b */ */, Word x"),
            ("'open", "Literal open …"),
            ("$$ open", "Dollar  open …"),
        ] {
            assert_eq!(reported(text), cut, "{text}");
        }
    }

    proptest! {
        #[test]
        fn tokens_come_in_order_and_within_the_text(text in r#"[a-zE'";$()\\*/üß\n{} -]{0,60}"#) {
            let mut end = 0;
            for token in tokens(&text) {
                prop_assert!(token.span.start >= end && token.span.end > token.span.start);
                prop_assert!(text.get(token.span.clone()).is_some() && text.get(token.inner.clone()).is_some());
                prop_assert!(token.kind != Kind::Comment || token.span == token.inner);
                end = token.span.end;
            }
        }
    }
}
