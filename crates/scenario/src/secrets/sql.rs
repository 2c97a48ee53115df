//! Secrets in SQL: literals that a keyword, a column, a setting or a function makes one.

use std::sync::LazyLock;

use leaseproof_domain::{is_password_word, looks_generated};
use regex::Regex;

use super::found::Found;
use super::insert;
use super::key::{is_secret_key, is_slip, looks_secret};
use super::literal::Meaning;
use crate::sql::{Kind, Token, tokens};

/// How deep texts within texts are looked into.
const DEPTH: usize = 4;
/// How far back the column of a default is looked for.
const BACK: usize = 12;

/// The parameters of functions that are secrets, from 0.
const PARAMETERS: [(&str, &[usize]); 9] = [
    ("crypt", &[0]),
    ("pgp_sym_encrypt", &[1]),
    ("pgp_sym_encrypt_bytea", &[1]),
    ("pgp_sym_decrypt", &[1]),
    ("pgp_sym_decrypt_bytea", &[1]),
    ("hmac", &[1]),
    ("encrypt", &[1]),
    ("decrypt", &[1]),
    ("create_secret", &[0]),
];
/// Functions whose text may be one.
const DIGESTS: [&str; 6] = ["digest", "md5", "sha224", "sha256", "sha384", "sha512"];
/// Functions that take names and values in turn.
const PAIRS: [&str; 5] = ["set_config", "json_build_object", "jsonb_build_object", "hstore", "jsonb_set"];

/// A text that another one is put behind to say a password.
static OPEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:password|passwd|passphrase|\bpwd|\bpw|secret|token|identified\s+by)\s*(?:=|:)?\s*[E$']*$")
        .expect("a pattern written here and tested below")
});
/// What `format` puts a value in for.
static PUT_IN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"%(?:\d+\$)?-?\d*[sLI]").expect("a pattern written here and tested below"));

/// Finds secrets in a text within a text, at that depth.
type Within = fn(&str, usize) -> Vec<Found>;

/// Where a text, as SQL, holds secrets; `within` reads the texts of its literals.
pub(super) fn literals(text: &str, depth: usize, within: Within) -> Vec<Found> {
    let all: Vec<Token> = tokens(text).into_iter().filter(|token| token.kind != Kind::Comment).collect();
    let mut reader = Reader { text, tokens: &all, calls: Vec::new(), found: insert::values(text, &all), depth, within };
    (0..all.len()).for_each(|index| reader.read(index));
    reader.found
}

/// A pair of parentheses that is open.
struct Call<'a> {
    /// The word before it.
    name: &'a str,
    /// Which of its parameters is read.
    parameter: usize,
    /// Which of them are secrets.
    secret: Vec<usize>,
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    calls: Vec<Call<'a>>,
    found: Vec<Found>,
    depth: usize,
    within: Within,
}

impl<'a> Reader<'a> {
    fn read(&mut self, index: usize) {
        let token = &self.tokens[index];
        match (token.kind, self.written(index)) {
            (Kind::Sign, "(") => {
                let name = index.checked_sub(1).filter(|before| self.tokens[*before].kind == Kind::Word);
                let name = name.map_or("", |before| self.written(before));
                let known = PARAMETERS.iter().find(|(function, _)| function.eq_ignore_ascii_case(name));
                let secret = known.map(|(_, parameters)| parameters.to_vec()).unwrap_or_default();
                self.calls.push(Call { name, parameter: 0, secret });
            }
            (Kind::Sign, ")") => drop(self.calls.pop()),
            (Kind::Sign, ",") => self.calls.iter_mut().next_back().into_iter().for_each(|call| call.parameter += 1),
            (Kind::Sign, ";") => self.calls.clear(),
            (Kind::Literal | Kind::Dollar, _) => self.literal(index),
            (Kind::Name | Kind::Word, _) => self.unquoted(index),
            _ => {}
        }
    }

    /// `ALTER ROLE ada PASSWORD Hush-4711`, or with other quotes: PostgreSQL rejects it and repeats it.
    fn unquoted(&mut self, index: usize) {
        let Some(before) = index.checked_sub(1).filter(|before| is_password_word(self.written(*before))) else {
            return;
        };
        let mut statement = (before.saturating_sub(BACK)..before).rev().take_while(|at| self.written(*at) != ";");
        let is_role = |word: &str| word.eq_ignore_ascii_case("role") || word.eq_ignore_ascii_case("user");
        if !statement.any(|at| is_role(self.written(at))) {
            return;
        }
        let token = &self.tokens[index];
        let rest = &self.text[token.inner.start..];
        let ends = |sign: char| sign.is_whitespace() || matches!(sign, ';' | '"' | '\'');
        let end = if token.kind == Kind::Name { token.inner.len() } else { rest.find(ends).unwrap_or(rest.len()) };
        if looks_generated(&rest[..end]) {
            self.found.push(Found::new(token.inner.start..token.inner.start + end));
        }
    }

    fn literal(&mut self, index: usize) {
        let token = &self.tokens[index];
        if token.inner.is_empty() {
            return;
        }
        let meaning = Meaning::of(self.text, token);
        let whole = Found::new(token.inner.clone()).meaning(self.text, meaning.text.clone());
        if self.is_given(index)
            || self.is_secret_parameter()
            || self.continues(index)
            || self.is_appended(index)
            || self.is_raised(index)
            || self.is_set(index)
        {
            self.found.push(whole);
            return;
        }
        // set_password('…', '…')
        let about = |name: &str| is_secret_key(name) || DIGESTS.iter().any(|digest| digest.eq_ignore_ascii_case(name));
        if self.calls.last().is_some_and(|call| about(call.name)) {
            self.found.push(whole.doubtful());
        }
        self.expect_parameters(&meaning.text);
        if self.depth < DEPTH {
            let within = (self.within)(&meaning.text, self.depth + 1);
            self.found.extend(within.into_iter().map(|inner| {
                let value = inner.value.unwrap_or_else(|| meaning.text[inner.span.clone()].to_owned());
                let span = meaning.written(&inner.span);
                Found { certain: inner.certain, ..Found::new(span).meaning(self.text, value) }
            }));
        }
    }

    /// `PASSWORD '…'`, `password = '…'`, `SET "app.secret" TO '…'`, `IDENTIFIED BY '…'`, `password text DEFAULT '…'`.
    fn is_given(&self, index: usize) -> bool {
        let mut before = self.before_prefix(index);
        while let Some(last) = before.checked_sub(1) {
            let word = self.tokens[last].kind == Kind::Word;
            let written = self.written(last);
            let is = |name: &str| word && written.eq_ignore_ascii_case(name);
            if is("default") {
                let from = last.saturating_sub(BACK);
                let column = self.tokens[from..last]
                    .iter()
                    .rev()
                    .take_while(|token| !matches!(&self.text[token.span.clone()], "," | ";"));
                return column.into_iter().any(|token| self.names_secret(token));
            }
            if is("by") || is("as") {
                // IDENTIFIED BY, IDENTIFIED WITH plugin BY
                let said = &self.tokens[last.saturating_sub(3)..last];
                return said.iter().any(|token| self.text[token.span.clone()].eq_ignore_ascii_case("identified"));
            }
            if !(is("to") || is("with") || matches!(written, "=" | ":" | ">")) {
                let is_slip = || word && last + 1 == index && is_slip(written);
                // DECLARE password text := '…'
                let is_declared = || {
                    let joint = before + 1 < index && self.written(before) == ":" && self.written(before + 1) == "=";
                    joint && last.checked_sub(1).is_some_and(|name| self.names_secret(&self.tokens[name]))
                };
                return self.names_secret(&self.tokens[last]) || is_slip() || is_declared();
            }
            before = last;
        }
        false
    }

    /// `SET PASSWORD FOR ada = '…'`.
    fn is_set(&self, index: usize) -> bool {
        let begins = |at: usize| {
            let mut words = ["set", "password", "for"].iter().enumerate();
            words.all(|(next, word)| at + next < index && self.written(at + next).eq_ignore_ascii_case(word))
        };
        let mut statement = (index.saturating_sub(BACK)..index).rev().take_while(|at| self.written(*at) != ";");
        let before = self.before_prefix(index).checked_sub(1);
        before.is_some_and(|before| self.written(before) == "=") && statement.any(begins)
    }

    /// Where `U&` or `N` stands before a literal, the place of that.
    fn before_prefix(&self, index: usize) -> usize {
        let is =
            |back: usize, names: &[&str]| index.checked_sub(back).is_some_and(|at| names.contains(&self.written(at)));
        if is(1, &["&"]) && is(2, &["U", "u"]) {
            index - 2
        } else if is(1, &["N", "n"]) {
            index - 1
        } else {
            index
        }
    }

    fn names_secret(&self, token: &Token) -> bool {
        matches!(token.kind, Kind::Word | Kind::Name) && is_secret_key(&self.text[token.inner.clone()])
    }

    fn is_secret_parameter(&self) -> bool {
        self.calls.last().is_some_and(|call| call.secret.contains(&call.parameter))
    }

    /// A literal behind another one on a line of its own is the same literal.
    fn continues(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1).map(|before| &self.tokens[before]) else { return false };
        let between = &self.text[before.span.end..self.tokens[index].span.start];
        let is_found = || self.found.iter().rev().take(2).any(|found| found.span == before.inner);
        before.kind == Kind::Literal && between.trim().is_empty() && between.contains('\n') && is_found()
    }

    /// `'… PASSWORD ' || '…'`, `'… PASSWORD ' || quote_literal('…')`.
    fn is_appended(&self, index: usize) -> bool {
        let before = self.tokens[..index].iter().rev();
        let mut bars = 0;
        for token in before.take(6) {
            match (token.kind, &self.text[token.span.clone()]) {
                (Kind::Sign, "|") => bars += 1,
                (Kind::Sign, "(") | (Kind::Word, _) => {}
                (Kind::Literal | Kind::Dollar, _) => {
                    return bars == 2 && OPEN.is_match(&self.text[token.inner.clone()]);
                }
                _ => return false,
            }
        }
        false
    }

    /// `RAISE EXCEPTION 'the password: %', '…'`.
    fn is_raised(&self, index: usize) -> bool {
        let is = |at: usize, word: &str| self.written(at).eq_ignore_ascii_case(word);
        let statement = (index.saturating_sub(2 * BACK)..index).rev().take_while(|at| self.written(*at) != ";");
        let Some(raise) = statement.into_iter().find(|at| is(*at, "raise")) else { return false };
        let Some(format) = (raise..index).find(|at| self.tokens[*at].kind == Kind::Literal) else { return false };
        let said = &self.text[self.tokens[format].inner.clone()];
        let number = (format..index).filter(|at| self.written(*at) == ",").count();
        let place = number.checked_sub(1).and_then(|number| said.match_indices('%').nth(number));
        place.is_some_and(|(at, _)| OPEN.is_match(&said[..at]))
    }

    /// What a literal says of the call's next parameters: a format, or a setting's name.
    fn expect_parameters(&mut self, said: &str) {
        let Some(call) = self.calls.last_mut() else { return };
        let next = call.parameter + 1;
        if call.name.eq_ignore_ascii_case("format") && call.parameter == 0 {
            let places = PUT_IN.find_iter(said).enumerate();
            call.secret.extend(
                places.filter(|(_, place)| OPEN.is_match(&said[..place.start()])).map(|(number, _)| next + number),
            );
        } else if PAIRS.iter().any(|name| name.eq_ignore_ascii_case(call.name))
            && looks_secret(said.rsplit('.').next().unwrap_or(said))
        {
            call.secret.push(next);
        }
    }

    fn written(&self, index: usize) -> &'a str {
        &self.text[self.tokens[index].span.clone()]
    }
}
