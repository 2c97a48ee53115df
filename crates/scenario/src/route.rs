//! Dotted paths into a scenario, as `without` and `--set` write them: `role.app.ttl.max`, `phase.steady.rate`,
//! `setup.write.database/roles/app.max_ttl` (a step by what it does, and a key of it or of its data), `setup.again.data`
//! (a step by its name).

use std::ops::Range;

use crate::form::Form;
use crate::merge::{candidates, lay_over};
use crate::near::nearest;
use crate::node::{Entry, Node, Table, Value};
use crate::place::Place;
use crate::problem::{Noted, Problem};

/// What is done at a path's end.
pub(crate) enum Change {
    Remove,
    Set(Entry),
}

/// A path that leads nowhere.
#[derive(Debug)]
pub(crate) struct Lost {
    /// Which part of the path.
    part: Range<usize>,
    message: String,
    candidates: Vec<String>,
    /// What to do about it, where that is more than another name.
    help: Option<String>,
}

impl Lost {
    /// The problem, for a path that is written at `place`.
    pub(crate) fn problem(&self, path: &str, place: &Place) -> Problem {
        let given = &path[self.part.clone()];
        let problem = Problem::at(&place.part(path, self.part.clone()), self.message.clone());
        if let Some(help) = &self.help {
            return problem.label("which one is meant?").help(help.clone());
        }
        let names: Vec<&str> = self.candidates.iter().map(String::as_str).collect();
        problem.among(given, &names, "here")
    }
}

/// Follows `path` from `table` down and does the change there.
pub(crate) fn change(table: &mut Table, form: Form, path: &str, change: Change) -> Result<(), Lost> {
    Walk { path }.table(table, form, 0, change)
}

struct Walk<'a> {
    path: &'a str,
}

impl Walk<'_> {
    fn table(&self, table: &mut Table, form: Form, from: usize, change: Change) -> Result<(), Lost> {
        let rest = &self.path[from..];
        let Some(key) = longest(rest, table.entries.iter().map(|entry| entry.key.as_str())).map(str::to_owned) else {
            return match change {
                Change::Remove => Err(self.lost(from, table.entries.iter().map(|entry| entry.key.clone()).collect())),
                Change::Set(entry) => self.create(table, form, from, entry),
            };
        };
        let end = from + key.len();
        let inner = form.at(&key);
        if end == self.path.len() {
            match change {
                Change::Remove => drop(table.take(&key)),
                Change::Set(entry) => set(table, key, entry, inner),
            }
            return Ok(());
        }
        let found = table.entry_mut(&key).expect("the key was taken from this table");
        match &mut found.node.value {
            Value::Table(below) => self.table(below, inner, end + 1, change),
            Value::List(items) if matches!(inner, Form::Items(_)) => self.items(items, inner, end + 1, change),
            _ => {
                let message = format!("`{}` is {}: there is nothing in it", &self.path[..end], found.node.kind());
                Err(Lost { part: end + 1..self.path.len(), message, candidates: Vec::new(), help: None })
            }
        }
    }

    fn items(&self, items: &mut Vec<Node>, form: Form, from: usize, change: Change) -> Result<(), Lost> {
        let rest = &self.path[from..];
        let names = |item: &Node| [form.name(item), form.identity(item)].into_iter().flatten().collect::<Vec<_>>();
        let identities: Vec<String> = items.iter().flat_map(names).collect();
        let Some(identity) = longest(rest, identities.iter().map(String::as_str)) else {
            return Err(self.lost_among(from, identities));
        };
        let is = |name: Option<String>| name.as_deref() == Some(identity);
        let indices = |so: &dyn Fn(&Node) -> bool| -> Vec<usize> {
            items.iter().enumerate().filter(|(_, item)| so(item)).map(|(index, _)| index).collect()
        };
        let named = indices(&|item| is(form.name(item)));
        let meant = if named.is_empty() { indices(&|item| is(form.identity(item))) } else { named };
        let &[index] = meant.as_slice() else {
            let message =
                format!("`{}` is ambiguous: {} items have that name", &self.path[..from + identity.len()], meant.len());
            let help = Some(candidates(form, meant.iter().map(|index| &items[*index])));
            return Err(Lost { part: from..from + identity.len(), message, candidates: Vec::new(), help });
        };
        let end = from + identity.len();
        if end == self.path.len() {
            return match change {
                Change::Remove => {
                    items.remove(index);
                    Ok(())
                }
                Change::Set(_) => Err(Lost {
                    part: from..end,
                    message: format!("`{}` is a table: name a key in it", self.path),
                    candidates: Vec::new(),
                    help: None,
                }),
            };
        }
        let inner = form.of_item(&items[index]);
        let Value::Table(table) = &mut items[index].value else {
            return Err(self.lost(end + 1, Vec::new()));
        };
        self.step(table, inner, end + 1, change)
    }

    /// A key of a step that is none of its own is one of its data.
    fn step(&self, table: &mut Table, form: Form, from: usize, change: Change) -> Result<(), Lost> {
        let rest = &self.path[from..];
        let own = matches!(form, Form::Shape(shape) if longest(rest, shape.keys.iter().map(|key| key.name)).is_some());
        match table.entry_mut("data").map(|entry| &mut entry.node.value) {
            Some(Value::Table(data)) if !own => self.table(data, Form::Free, from, change),
            _ => self.table(table, form, from, change),
        }
    }

    fn create(&self, table: &mut Table, form: Form, from: usize, entry: Entry) -> Result<(), Lost> {
        let rest = &self.path[from..];
        let Form::Shape(shape) = form else {
            return match form {
                Form::Free => {
                    table.entries.push(Entry { key: rest.to_owned(), ..entry });
                    Ok(())
                }
                _ => Err(self.lost(from, table.entries.iter().map(|entry| entry.key.clone()).collect())),
            };
        };
        let (key, deeper) = rest.split_once('.').unwrap_or((rest, ""));
        let inner = form.at(key);
        if deeper.is_empty() {
            table.entries.push(Entry { key: key.to_owned(), ..entry });
            return Ok(());
        }
        if shape.key(key).is_none() || matches!(inner, Form::Items(_)) {
            return Err(self.lost(from, shape.keys.iter().map(|key| key.name.to_owned()).collect()));
        }
        let mut below = Table::default();
        let place = entry.at.clone();
        self.table(&mut below, inner, from + key.len() + 1, Change::Set(entry))?;
        let node = Node { place: place.clone(), value: Value::Table(below) };
        table.entries.push(Entry { key: key.to_owned(), at: place, node });
        Ok(())
    }

    /// None of the items is what the path goes on with. How much of the path was meant for it, the nearest one tells.
    fn lost_among(&self, from: usize, identities: Vec<String>) -> Lost {
        let rest = &self.path[from..];
        let as_long_as = |identity: &str| {
            let dots = identity.matches('.').count();
            rest.match_indices('.').nth(dots).map_or(rest.len(), |(dot, _)| dot)
        };
        let length = identities
            .iter()
            .find(|identity| nearest(&rest[..as_long_as(identity)], [identity.as_str()]).is_some())
            .map_or(rest.len(), |identity| as_long_as(identity));
        let parent = self.path[..from].trim_end_matches('.');
        let message = format!("there is no `{}` in `{parent}`", &rest[..length]);
        Lost { part: from..from + length, message, candidates: identities, help: None }
    }

    /// The next part of the path is not there.
    fn lost(&self, from: usize, candidates: Vec<String>) -> Lost {
        let end = self.path[from..].find('.').map_or(self.path.len(), |dot| from + dot);
        let parent = self.path[..from].trim_end_matches('.');
        let message = if parent.is_empty() {
            format!("there is no `{}`", &self.path[from..end])
        } else {
            format!("there is no `{}` in `{parent}`", &self.path[from..end])
        };
        Lost { part: from..end, message, candidates, help: None }
    }
}

/// Sets one key: a table is laid over the one that is there, and anything else takes its place; so does an empty table,
/// which takes away all that is there.
fn set(table: &mut Table, key: String, entry: Entry, form: Form) {
    let Some(found) = table.entry_mut(&key) else {
        table.entries.push(Entry { key, ..entry });
        return;
    };
    match (&mut found.node.value, entry.node.value) {
        (Value::Table(below), Value::Table(over)) if !over.entries.is_empty() => {
            // Arrays of tables are in no table but the scenario's own.
            lay_over(below, over, form, &Noted::default());
        }
        (_, value) => {
            found.node = Node { place: entry.node.place, value };
            found.at = entry.at;
        }
    }
}

/// The longest of the names that the path goes on with; a name may hold dots itself.
fn longest<'a>(path: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .filter(|name| path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        .max_by_key(|name| name.len())
}
