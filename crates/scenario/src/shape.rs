//! What may stand where in a scenario. The tables of [`keys`](crate::keys) are written in these words; the check of a
//! file and the JSON Schema both come from them, so neither can know a key that the other does not.

/// A table: its keys, what it is for.
#[derive(Debug)]
pub(crate) struct Shape {
    /// How people call it: `[vault]`, `[[phase]]`.
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
    pub(crate) keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) is: Is,
    /// What it means, for the schema and for editors.
    pub(crate) says: &'static str,
    /// Whether the table is nothing without it.
    pub(crate) needed: bool,
    /// What this version cannot do yet, as the subject of "… not built yet".
    pub(crate) later: Option<&'static str>,
}

/// A key that may be left out.
pub(crate) const fn key(name: &'static str, is: Is, says: &'static str) -> Key {
    Key { name, is, says, needed: false, later: None }
}

impl Key {
    /// A key that must be there.
    pub(crate) const fn needed(mut self) -> Self {
        self.needed = true;
        self
    }

    /// A key that is understood and cannot be done yet.
    pub(crate) const fn later(mut self, what: &'static str) -> Self {
        self.later = Some(what);
        self
    }
}

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Is {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number in a range.
    Whole(i64, i64),
    /// A number from 0 to 1.
    Share,
    /// `75%`.
    Percent,
    /// `250ms`, `8s`, `1h30m`; above zero.
    Span,
    /// The same in whole seconds, as Vault counts.
    Seconds,
    /// `8/s`.
    Rate,
    /// `< 250ms`.
    Limit,
    /// `issue.response.p99`.
    Metric,
    /// `GRA-1`.
    Check,
    /// A regular expression.
    Pattern,
    /// Five characters: `42501`.
    SqlState,
    /// One of some words.
    Word(&'static [&'static str]),
    /// Texts of one kind.
    Texts(&'static Is),
    /// A table from any name to a value.
    Map(&'static Is),
    /// A text, a number, or true or false.
    Scalar,
    /// A scalar or a list of texts: what `vault write` takes.
    Datum,
    /// A text, or a table.
    TextOr(&'static Shape),
    /// A table.
    Table(&'static Shape),
    /// A table, or `true` or `false` in its place.
    Switch(&'static Shape),
    /// Tables by name: `[role.<name>]`.
    Named(&'static Shape),
    /// `[[phase]]`; two layers' tables are the same where the key named here says the same.
    Many(&'static Shape, Option<&'static str>),
    /// `[[setup]]`, `[[action]]`: each table is of the shape whose first key it has.
    Steps(&'static [Shape]),
    /// `[profile.<name>]`: overlays of the whole file.
    Profiles,
}

impl Shape {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// How people call the array of tables that one with this shape belongs to: `[[setup]]`.
    pub(crate) fn array(&self) -> &'static str {
        self.name.split(' ').next().unwrap_or(self.name)
    }

    /// The key that says what a step does.
    pub(crate) fn action(&self) -> &'static Key {
        &self.keys[0]
    }
}
