//! The declarations of a PL/pgSQL body. libpg_query reads no variable whose type is that of a column (`t.a%TYPE`), of a row
//! (`t%ROWTYPE`), of a schema or of an extension: they are read as `text` or `record`, which changes no statement.

use std::ops::Range;

use pg_query::protobuf::{ScanToken, Token};

use super::composed::UNKNOWN;

/// Types whose variables are used in statements that no record may stand in.
pub(super) const SCALARS: [&str; 28] = [
    "bool",
    "bpchar",
    "bytea",
    "char",
    "cidr",
    "date",
    "float4",
    "float8",
    "inet",
    "int2",
    "int4",
    "int8",
    "interval",
    "json",
    "jsonb",
    "name",
    "numeric",
    "oid",
    "refcursor",
    "regclass",
    "regrole",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "uuid",
    "varchar",
];

/// The words of a body, without its comments.
struct Words<'a> {
    code: &'a str,
    tokens: Vec<ScanToken>,
}

/// One declaration of a variable.
struct Declaration<'t> {
    name: &'t ScanToken,
    /// `CONSTANT`, where it says so.
    constant: Option<&'t ScanToken>,
    /// Its type; never empty.
    kind: &'t [ScanToken],
    /// The value that it begins with.
    value: &'t [ScanToken],
}

/// The code with types that libpg_query knows; lines stay where they are.
///
/// # Errors
/// Why the code has no words.
pub(super) fn with_known_types(code: &str) -> Result<String, String> {
    let words = Words::of(code)?;
    let mut known = code.to_owned();
    // From the end on, so that the places before stay true.
    for Declaration { name, constant, kind, .. } in words.declarations().iter().rev() {
        if words.is_known(kind) {
            continue;
        }
        let place = span(kind);
        let lines = "\n".repeat(code.get(place.clone()).unwrap_or_default().matches('\n').count());
        let is_row = kind.iter().any(|token| words.is(token, "rowtype")) || words.has_fields(name);
        known.replace_range(place, &format!("{}{lines}", if is_row { "record" } else { "text" }));
        // Its type may change the value, so that it is not known before it runs.
        if let Some(constant) = constant {
            known.replace_range(range(constant), "");
        }
    }
    Ok(known)
}

/// The expressions with which variables begin. libpg_query does not show that of a record.
///
/// # Errors
/// Why the code has no words.
pub(super) fn first_values(code: &str) -> Result<Vec<&str>, String> {
    let words = Words::of(code)?;
    let values = words.declarations().into_iter().filter(|one| !one.value.is_empty()).map(|one| span(one.value));
    Ok(values.filter_map(|place| code.get(place)).collect())
}

/// All words of a body, as PostgreSQL compares names. One whose characters are written as codes is not known.
///
/// # Errors
/// Why the code has no words.
pub(super) fn words(code: &str) -> Result<Vec<String>, String> {
    let words = Words::of(code)?;
    let name = |token: &ScanToken| match (token.token(), words.word(token)) {
        (Token::Uident, _) => UNKNOWN.to_owned(),
        (_, quoted) if quoted.starts_with('"') => quoted.trim_matches('"').replace("\"\"", "\""),
        (_, word) => word.to_ascii_lowercase(),
    };
    Ok(words.tokens.iter().map(name).collect())
}

impl<'a> Words<'a> {
    fn of(code: &'a str) -> Result<Self, String> {
        let scanned = pg_query::scan(code).map_err(|why| why.to_string())?;
        let is_comment = |token: &ScanToken| matches!(token.token(), Token::SqlComment | Token::CComment);
        Ok(Self { code, tokens: scanned.tokens.into_iter().filter(|token| !is_comment(token)).collect() })
    }

    /// The declarations of all blocks. DECLARE begins one where a statement can begin. Elsewhere the word may be a name, and
    /// no statement may be taken for a declaration.
    fn declarations(&self) -> Vec<Declaration<'_>> {
        let mut all = Vec::new();
        let mut is_declaring = false;
        for piece in self.without_options().split(|token| token.token() == Token::Ascii59) {
            let mut rest = piece;
            while let Some(after) = self.innermost(rest, &mut is_declaring) {
                rest = after;
            }
            if is_declaring {
                all.extend(self.declaration(rest));
            }
        }
        all
    }

    /// The words behind `#variable_conflict use_column` and the like, which no semicolon ends.
    fn without_options(&self) -> &[ScanToken] {
        let mut rest = self.tokens.as_slice();
        while let [sign, _, _, after @ ..] = rest
            && self.is(sign, "#")
        {
            rest = after;
        }
        rest
    }

    /// What follows the first words where they begin a block or open a list of statements; none where a declaration or a
    /// statement without others in it begins. `is_declaring` is whether declarations stand here.
    fn innermost<'t>(&self, tokens: &'t [ScanToken], is_declaring: &mut bool) -> Option<&'t [ScanToken]> {
        let (first, after) = tokens.split_first()?;
        match first.token() {
            Token::Declare | Token::BeginP => {
                *is_declaring = first.token() == Token::Declare;
                return Some(after);
            }
            _ if *is_declaring => return None,
            _ => {}
        }
        // A variable may have the name of a keyword that PL/pgSQL does not reserve (`plpgsql_yylex` in pl_scanner.c).
        if after.first().is_some_and(|next| matches!(self.word(next), ":=" | "=" | "." | "[")) {
            return None;
        }
        match self.word(first).to_ascii_lowercase().as_str() {
            "<<" => after.get(2..),
            "else" | "loop" => Some(after),
            "if" | "elsif" | "elseif" | "case" | "when" | "exception" => self.behind("then", after),
            "while" | "for" | "foreach" => self.behind("loop", after),
            _ => None,
        }
    }

    /// What follows the first such word outside of parentheses: PL/pgSQL reads an expression until there
    /// (`read_sql_construct` in pl_gram.y).
    fn behind<'t>(&self, word: &str, tokens: &'t [ScanToken]) -> Option<&'t [ScanToken]> {
        let mut depth = 0;
        let at = tokens.iter().position(|token| {
            match self.word(token) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                _ => {}
            }
            depth == 0 && self.is(token, word)
        });
        tokens.get(at? + 1..)
    }

    /// `name [CONSTANT] type [COLLATE …] [NOT NULL] [{DEFAULT | := | =} value]`. An alias and a cursor have no type.
    fn declaration<'t>(&self, tokens: &'t [ScanToken]) -> Option<Declaration<'t>> {
        let (name, rest) = tokens.split_first()?;
        let constant = rest.first().filter(|first| self.is(first, "constant"));
        let rest = if constant.is_some() { &rest[1..] } else { rest };
        let begins_value =
            |token: &ScanToken| matches!(token.token(), Token::ColonEquals | Token::Ascii61 | Token::Default);
        let ends_type = |token: &ScanToken| begins_value(token) || matches!(token.token(), Token::Collate | Token::Not);
        let kind = &rest[..rest.iter().position(ends_type).unwrap_or(rest.len())];
        let first = kind.first()?;
        if matches!(first.token(), Token::Cursor | Token::No | Token::Scroll) || self.is(first, "alias") {
            return None;
        }
        let value = rest.iter().position(begins_value).map_or(&[] as &[ScanToken], |at| &rest[at + 1..]);
        Some(Declaration { name, constant, kind, value })
    }

    /// Whether libpg_query knows a type. Those that the grammar has a word for are PostgreSQL's own.
    fn is_known(&self, kind: &[ScanToken]) -> bool {
        let has = |sign: Token| kind.iter().any(|token| token.token() == sign);
        match kind {
            _ if has(Token::Ascii37) => false,
            [first, ..] if has(Token::Ascii46) => self.is(first, "pg_catalog"),
            [first, ..] if first.token() == Token::Ident => {
                SCALARS.iter().chain(&["record"]).any(|known| self.is(first, known))
            }
            _ => true,
        }
    }

    /// Whether a variable is used with fields, `r.name`.
    fn has_fields(&self, name: &ScanToken) -> bool {
        let name = self.word(name);
        let is_field =
            |pair: &[ScanToken]| pair[1].token() == Token::Ascii46 && self.word(&pair[0]).eq_ignore_ascii_case(name);
        self.tokens.windows(2).any(is_field)
    }

    fn is(&self, token: &ScanToken, word: &str) -> bool {
        self.word(token).eq_ignore_ascii_case(word)
    }

    fn word(&self, token: &ScanToken) -> &'a str {
        self.code.get(range(token)).unwrap_or_default()
    }
}

fn range(token: &ScanToken) -> Range<usize> {
    let at = |place: i32| usize::try_from(place).unwrap_or_default();
    at(token.start)..at(token.end)
}

/// From the first of them to the last.
fn span(tokens: &[ScanToken]) -> Range<usize> {
    let begin = tokens.first().map_or(0, |first| range(first).start);
    begin..tokens.last().map_or(begin, |last| range(last).end)
}
