//! A scenario's text as a tree in which every key and value knows its place, whatever file it came from.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::place::{Place, Said, Source};
use crate::problem::{Noted, Problem};

/// A value.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// What TOML can say.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Whole(i64),
    Real(f64),
    Flag(bool),
    Date,
    List(Vec<Node>),
    Table(Table),
}

/// Keys and their values, in the order they are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// One key of a table.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Where the key stands: what it says is said on that line.
    pub(crate) at: Place,
    pub(crate) node: Node,
}

impl Node {
    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Whole(_) => "a whole number",
            Value::Real(_) => "a fraction",
            Value::Flag(_) => "true or false",
            Value::Date => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// The text, where it is one. On the command line every scalar is: texts need no quotes there.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::List(_) | Value::Table(_) => None,
            _ if self.place.source.argument => Some(self.place.text()),
            _ => None,
        }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// A whole number or a fraction.
    pub(crate) fn number(&self) -> Option<f64> {
        match self.value {
            Value::Whole(number) => Some(number as f64),
            Value::Real(number) => Some(number),
            _ => None,
        }
    }
}

impl Table {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.key == key)
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index))
    }

    /// The text under `key` and the key's place. What is missing or of another type is none: it was reported already.
    pub(crate) fn text(&self, key: &str) -> Option<Said<&str>> {
        let entry = self.entry(key)?;
        Some(Said { value: entry.node.text()?, place: entry.at.clone() })
    }

    pub(crate) fn flag(&self, key: &str) -> Option<Said<bool>> {
        let entry = self.entry(key)?;
        match entry.node.value {
            Value::Flag(value) => Some(Said { value, place: entry.at.clone() }),
            _ => None,
        }
    }

    pub(crate) fn whole(&self, key: &str) -> Option<Said<i64>> {
        let entry = self.entry(key)?;
        match entry.node.value {
            Value::Whole(value) => Some(Said { value, place: entry.at.clone() }),
            _ => None,
        }
    }

    pub(crate) fn number(&self, key: &str) -> Option<Said<f64>> {
        let entry = self.entry(key)?;
        Some(Said { value: entry.node.number()?, place: entry.at.clone() })
    }

    /// A text under `key` as what it stands for.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, key: &str) -> Option<Said<T>> {
        let Said { value, place } = self.text(key)?;
        Some(Said { value: value.parse().ok()?, place })
    }

    pub(crate) fn table(&self, key: &str) -> Option<&Self> {
        self.entry(key)?.node.table()
    }

    /// The values listed under `key`; empty where there is none.
    pub(crate) fn list(&self, key: &str) -> &[Node] {
        self.entry(key).and_then(|entry| entry.node.list()).unwrap_or_default()
    }

    /// The texts listed under `key`, each with its own place.
    pub(crate) fn texts(&self, key: &str) -> Vec<Said<&str>> {
        self.list(key).iter().filter_map(|node| Some(Said { value: node.text()?, place: node.place.clone() })).collect()
    }

    /// The tables under `key` by name: `[role.x]`, `[role.y]`.
    pub(crate) fn named(&self, key: &str) -> impl Iterator<Item = (&Entry, &Self)> {
        self.table(key).into_iter().flat_map(|tables| &tables.entries).filter_map(|entry| {
            let table = entry.node.table()?;
            Some((entry, table))
        })
    }
}

/// Reads the whole text; what TOML itself has against it is noted, and what could be read is given back.
pub(crate) fn read(source: &Arc<Source>, noted: &Noted) -> Table {
    let (table, mut errors) = DeTable::parse_recoverable(&source.text);
    // A file that is not TOML would give an error for each line.
    let lines = || source.text.lines().filter(|line| !line.trim().is_empty()).count();
    let is_other = errors.len() > 1 && errors.len() * 2 >= lines();
    if is_other {
        errors.truncate(1);
    }
    for error in errors {
        let end = source.text.len();
        let mut span = error.span().unwrap_or(end..end);
        // A caret under a line's end would not be seen.
        if source.text[span.start..].chars().next().is_none_or(|c| c == '\n')
            && let Some((last, _)) = source.text[..span.start].char_indices().next_back()
        {
            span.start = last;
        }
        let why = error.message().replace('\n', ": ");
        let problem = Problem::at(&Place::new(source, span), format!("this is not valid TOML: {why}")).label("here");
        let problem = if is_other { problem.help("a scenario is a file in TOML (toml.io)") } else { problem };
        noted.add(problem.broken());
    }
    table_of(source, table.into_inner())
}

fn table_of(source: &Arc<Source>, table: DeTable<'_>) -> Table {
    let mut entries: Vec<Entry> = table
        .into_iter()
        .map(|(key, value)| Entry {
            at: Place::new(source, key.span()),
            key: key.into_inner().into_owned(),
            node: node_of(source, value),
        })
        .collect();
    entries.sort_by_key(|entry| entry.at.span.start);
    Table { entries }
}

fn node_of(source: &Arc<Source>, value: Spanned<DeValue<'_>>) -> Node {
    let place = Place::new(source, value.span());
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        // A number that does not fit is none that any key takes.
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Real(f64::INFINITY), Value::Whole)
        }
        DeValue::Float(number) => Value::Real(number.as_str().parse().unwrap_or(f64::INFINITY)),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(list) => Value::List(list.into_iter().map(|item| node_of(source, item)).collect()),
        DeValue::Table(table) => Value::Table(table_of(source, table)),
    };
    Node { place, value }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::read;
    use crate::place::{Holds, Source};
    use crate::problem::Noted;

    #[test]
    fn tables_and_keys_know_their_lines() {
        let text = "a = 1\n\n[b.c]\nd = { e = 'x' }\nf.g = 1\n[[h]]\nx=1\n[h.data]\ny = 1\n[[h]]\n";
        let source = Arc::new(Source::new("t".into(), text.into(), PathBuf::new(), String::new(), Holds::Keys));
        let table = read(&source, &Noted::default());
        let at = |place: &crate::place::Place| format!("{}:{}", place.origin().line, place.text());
        let b = table.entry("b").unwrap();
        let c = b.node.table().unwrap().entry("c").unwrap();
        assert_eq!(at(&c.at), "3:c");
        assert_eq!(at(&c.node.place), "3:[b.c]");
        let h = table.list("h");
        assert_eq!(h.iter().map(|node| at(&node.place)).collect::<Vec<_>>(), ["6:[[h]]", "10:[[h]]"]);
        let data = h[0].table().unwrap().entry("data").unwrap();
        assert_eq!(at(&data.node.place), "8:[h.data]");
    }
}
