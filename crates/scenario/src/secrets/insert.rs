//! Secrets among the rows that SQL inserts.

use super::found::Found;
use super::key::{is_secret_key, looks_secret};
use super::literal::Meaning;
use crate::sql::{Kind, Token};

/// The literals of `INSERT INTO … (…) VALUES (…), (…)` whose columns are secrets; where no columns are named, or the
/// table or one of its columns is about secrets, all others of the statement may be one.
pub(super) fn values(text: &str, tokens: &[Token]) -> Vec<Found> {
    let mut found = Vec::new();
    for statement in tokens.split(|token| &text[token.span.clone()] == ";") {
        let is = |token: &Token, word: &str| text[token.span.clone()].eq_ignore_ascii_case(word);
        let into = statement.windows(2).position(|pair| is(&pair[0], "insert") && is(&pair[1], "into"));
        let values = statement.iter().position(|token| is(token, "values"));
        match (into, values) {
            // MERGE, or a WITH before the INSERT: which column is which does not stand at the rows.
            (into, Some(values)) if into.is_none_or(|into| values < into) => {
                let names = |token: &Token| matches!(token.kind, Kind::Word | Kind::Name);
                if statement.iter().any(|token| names(token) && is_secret_key(&text[token.inner.clone()])) {
                    let literals = statement[values..].iter().filter(|token| token.kind == Kind::Literal);
                    found.extend(literals.map(|token| Found::new(token.inner.clone()).doubtful()));
                }
            }
            (Some(into), _) => rows(text, &statement[into + 2..], &mut found),
            (None, _) => {}
        }
    }
    found
}

fn rows(text: &str, statement: &[Token], found: &mut Vec<Found>) {
    let written = |token: &Token| &text[token.span.clone()];
    let begins =
        |token: &Token| ["values", "select", "default"].iter().any(|word| written(token).eq_ignore_ascii_case(word));
    let begin = statement.iter().position(begins).unwrap_or(statement.len());
    let (head, rows) = statement.split_at(begin);
    let open = head.iter().position(|token| written(token) == "(");
    let (table, columns) = head.split_at(open.unwrap_or(head.len()));
    let name =
        |token: &Token| matches!(token.kind, Kind::Word | Kind::Name).then(|| text[token.inner.clone()].to_owned());
    let columns: Vec<String> = columns.iter().filter_map(name).collect();
    let is_about = |name: &String| looks_secret(name);
    let doubtful =
        columns.is_empty() || columns.iter().any(is_about) || table.iter().filter_map(name).any(|name| is_about(&name));
    let (mut depth, mut column) = (0_usize, 0);
    for token in rows {
        match (token.kind, written(token)) {
            (Kind::Sign, "(") => {
                depth += 1;
                column = if depth == 1 { 0 } else { column };
            }
            (Kind::Sign, ")") => depth = depth.saturating_sub(1),
            (Kind::Sign, ",") if depth <= 1 => column += 1,
            (Kind::Literal | Kind::Dollar, _) if !token.inner.is_empty() => {
                let secret = columns.get(column).is_some_and(|name| is_secret_key(name));
                let literal = Found::new(token.inner.clone()).meaning(text, Meaning::of(text, token).text);
                match (secret, doubtful) {
                    (true, _) if depth <= 1 => found.push(literal),
                    (true, _) | (_, true) => found.push(literal.doubtful()),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
