/// Cuts a SQL script into its statements as psql does, so that each can be sent by itself: `CREATE DATABASE` refuses
/// to run together with others.
///
/// A semicolon ends a statement unless it stands in a literal, a quoted name, a dollar-quoted text, a comment, brackets,
/// or the `BEGIN ATOMIC … END` of a function (psql's own rules: src/fe_utils/psqlscan.l). What is not SQL is cut
/// somehow and left to the server to complain about. Each piece comes with its place in the script, in bytes.
pub(crate) fn split(script: &str) -> Vec<(usize, &str)> {
    let mut scan = Scan { text: script, at: 0 };
    let mut pieces = Vec::new();
    let mut begin = 0;
    let mut state = Statement::default();
    while let Some(next) = scan.peek() {
        match next {
            b';' if state.brackets == 0 && state.blocks == 0 => {
                scan.at += 1;
                pieces.extend(piece(script, begin, scan.at, state.has_text));
                begin = scan.at;
                state = Statement::default();
            }
            b'-' if scan.rest().starts_with("--") => scan.line_comment(),
            b'/' if scan.rest().starts_with("/*") => scan.block_comment(),
            _ => {
                state.has_text |= !next.is_ascii_whitespace();
                scan.token(next, &mut state);
            }
        }
    }
    pieces.extend(piece(script, begin, script.len(), state.has_text));
    pieces
}

fn piece(script: &str, begin: usize, end: usize, has_text: bool) -> Option<(usize, &str)> {
    let text = script[begin..end].trim_start();
    has_text.then(|| (end - text.len(), text.trim_end()))
}

/// What is known of the statement that is being read.
#[derive(Default)]
struct Statement {
    has_text: bool,
    brackets: u32,
    words: u32,
    creates: bool,
    routine: bool,
    blocks: u32,
}

impl Statement {
    /// psql counts BEGIN, CASE and END in a `CREATE [OR REPLACE] FUNCTION | PROCEDURE` only.
    fn word(&mut self, word: &str) {
        self.words += 1;
        let is = |wanted: &str| word.eq_ignore_ascii_case(wanted);
        match self.words {
            1 => self.creates = is("create"),
            2..=4 if self.creates && (is("function") || is("procedure")) => self.routine = true,
            _ if self.routine && is("begin") => self.blocks += 1,
            _ if self.blocks > 0 && is("case") => self.blocks += 1,
            _ if self.blocks > 0 && is("end") => self.blocks -= 1,
            _ => {}
        }
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes one token that is neither a comment nor the end of a statement.
    fn token(&mut self, next: u8, state: &mut Statement) {
        match next {
            b'\'' => self.quoted(b'\'', false),
            b'"' => self.quoted(b'"', false),
            b'$' => self.dollar(),
            b'(' => {
                state.brackets += 1;
                self.at += 1;
            }
            b')' => {
                state.brackets = state.brackets.saturating_sub(1);
                self.at += 1;
            }
            _ if is_word(next) && !next.is_ascii_digit() => {
                let length = self.rest().bytes().take_while(|byte| is_word(*byte) || *byte == b'$').count();
                let word = &self.text[self.at..self.at + length];
                self.at += length;
                if word.eq_ignore_ascii_case("e") && self.peek() == Some(b'\'') {
                    self.quoted(b'\'', true);
                } else {
                    state.word(word);
                }
            }
            _ => self.at += 1,
        }
    }

    /// A doubled quote needs no care: it reads as the end of one literal and the begin of the next.
    fn quoted(&mut self, quote: u8, backslashes: bool) {
        self.at += 1;
        while let Some(next) = self.peek() {
            self.at += 1;
            if next == quote {
                return;
            }
            if next == b'\\' && backslashes {
                self.at = (self.at + 1).min(self.text.len());
            }
        }
    }

    /// `$$ … $$` or `$tag$ … $tag$`; a lone `$1` is a parameter.
    fn dollar(&mut self) {
        let bytes = self.rest().as_bytes();
        let tag = 1 + bytes[1..].iter().take_while(|byte| is_word(**byte)).count();
        if bytes.get(tag) != Some(&b'$') || bytes[1].is_ascii_digit() {
            self.at += 1;
            return;
        }
        let quote = &self.rest()[..=tag];
        let end = self.rest()[quote.len()..].find(quote);
        self.at = end.map_or(self.text.len(), |end| self.at + end + 2 * quote.len());
    }

    fn line_comment(&mut self) {
        self.at = self.rest().find('\n').map_or(self.text.len(), |end| self.at + end + 1);
    }

    /// Comments nest in PostgreSQL.
    fn block_comment(&mut self) {
        let mut depth = 0_u32;
        while self.at < self.text.len() {
            if self.rest().as_bytes().starts_with(b"/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().as_bytes().starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.next_char();
            }
        }
    }

    fn next_char(&mut self) {
        self.at += self.rest().chars().next().map_or(1, char::len_utf8);
    }
}

/// Letters, digits, `_`, and every byte beyond ASCII: PostgreSQL takes those as letters.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::split;

    fn texts(script: &str) -> Vec<&str> {
        split(script).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn statements_are_cut_where_psql_cuts_them() {
        for (script, pieces) in [
            ("", vec![]),
            (" ;; \n-- nothing\n/* nor; here */", vec![]),
            ("CREATE DATABASE a; CREATE DATABASE b", vec!["CREATE DATABASE a;", "CREATE DATABASE b"]),
            ("SELECT ';', 'it''s;'; SELECT 2;", vec!["SELECT ';', 'it''s;';", "SELECT 2;"]),
            (r"SELECT E'\';'; SELECT 'a\'; SELECT 3", vec![r"SELECT E'\';';", r"SELECT 'a\';", "SELECT 3"]),
            (r#"CREATE TABLE "a;""b;" (x int);"#, vec![r#"CREATE TABLE "a;""b;" (x int);"#]),
            ("DO $$ BEGIN x; END $$; SELECT $1;", vec!["DO $$ BEGIN x; END $$;", "SELECT $1;"]),
            ("DO $a$ ;$$;$b$; $a$; SELECT 1", vec!["DO $a$ ;$$;$b$; $a$;", "SELECT 1"]),
            (
                "SELECT 1 -- a; b\n; SELECT /* x /* ; */ ; */ 2;",
                vec!["SELECT 1 -- a; b\n;", "SELECT /* x /* ; */ ; */ 2;"],
            ),
            (
                "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
                vec!["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);", "SELECT 3"],
            ),
            (
                "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
                vec![
                    "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;",
                    "SELECT 3",
                ],
            ),
            ("BEGIN; SELECT 1; END;", vec!["BEGIN;", "SELECT 1;", "END;"]),
            ("SELECT 'open; SELECT 2", vec!["SELECT 'open; SELECT 2"]),
            ("SELECT name$x$; SELECT 2", vec!["SELECT name$x$;", "SELECT 2"]),
        ] {
            assert_eq!(texts(script), pieces, "{script}");
        }
    }

    #[test]
    fn a_piece_knows_its_place() {
        let script = "-- ü\nSELECT 1;\n\n  SELEC 2;\n";
        for (place, text) in split(script) {
            assert!(script[place..].starts_with(text));
        }
        assert_eq!(split(script)[1], (script.find("SELEC 2").unwrap(), "SELEC 2;"));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_but_blanks_and_comments(script in r#"[a-zE';"$()\\*/ü\n -]{0,60}"#) {
            let mut end = 0;
            for (place, text) in split(&script) {
                prop_assert!(place >= end);
                prop_assert!(!text.is_empty());
                end = place + text.len();
                prop_assert_eq!(&script[place..end], text);
            }
        }
    }
}
