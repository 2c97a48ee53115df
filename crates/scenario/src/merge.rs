//! Laying one layer of a scenario over another: a child over what it extends, a profile over the file.
//!
//! - A table is merged key by key, an inline table too; any other value takes the place of the one below.
//! - `[[phase]]` tables are the same by `name`, `[[threshold]]` tables by `metric`, `[[setup]]` steps and `[[action]]`
//!   tables by `name`, and those without one by what they do (the same `write` path, `policy` name, `enable` type, `sql` or `script` file or
//!   text): the same are merged. `[[known_issue]]` and `[[fault]]` are added.
//! - A step or phase that is new goes before the next one of its own file that is not, or to the end: the order of
//!   the upper file is kept.
//! - A merged step, phase or threshold is said where the upper file says it; any other key where its value stands.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::form::Form;
use crate::node::{Node, Table, Value};
use crate::problem::{Noted, Problem};

/// Lays `over` over `base`.
pub(crate) fn lay_over(base: &mut Table, over: Table, form: Form, noted: &Noted) {
    for entry in over.entries {
        let inner = form.at(&entry.key);
        match base.entry_mut(&entry.key) {
            None => base.entries.push(entry),
            Some(below) => {
                if !lay_node_over(&mut below.node, entry.node, inner, noted) {
                    below.at = entry.at;
                }
            }
        }
    }
}

/// Whether the values were merged, and not replaced.
fn lay_node_over(base: &mut Node, over: Node, form: Form, noted: &Noted) -> bool {
    match (&mut base.value, over.value) {
        (Value::Table(below), Value::Table(table)) => {
            lay_over(below, table, form, noted);
            true
        }
        (Value::List(below), Value::List(items)) if matches!(form, Form::Items(_)) => {
            lay_items_over(below, items, form, noted);
            true
        }
        (_, value) => {
            *base = Node { place: over.place, value };
            false
        }
    }
}

fn lay_items_over(base: &mut Vec<Node>, over: Vec<Node>, form: Form, noted: &Noted) {
    let below = Below::of(base, form);
    let mut merged: HashSet<usize> = HashSet::new();
    let mut new: Vec<Node> = Vec::new();
    let mut new_before: BTreeMap<usize, Vec<Node>> = BTreeMap::new();
    for item in over {
        let index = match below.same(&item, form) {
            [] => None,
            [index] => Some(*index).filter(|index| !merged.contains(index)),
            several => {
                let all = several.iter().map(|index| &base[*index]);
                noted.add(which(&item, form, all));
                continue;
            }
        };
        let Some(index) = index else {
            new.push(item);
            continue;
        };
        merged.insert(index);
        new_before.entry(index).or_default().append(&mut new);
        let inner = form.of_item(&item);
        base[index].place = item.place.clone();
        lay_node_over(&mut base[index], item, inner, noted);
    }
    let old = std::mem::take(base);
    for (index, item) in old.into_iter().enumerate() {
        base.extend(new_before.remove(&index).unwrap_or_default());
        base.push(item);
    }
    base.append(&mut new);
}

/// The items of the layer below, by what they are known by.
struct Below {
    by_name: HashMap<String, Vec<usize>>,
    by_identity: HashMap<String, Vec<usize>>,
}

impl Below {
    fn of(items: &[Node], form: Form) -> Self {
        let mut below = Self { by_name: HashMap::new(), by_identity: HashMap::new() };
        for (index, item) in items.iter().enumerate() {
            if let Some(name) = form.name(item) {
                below.by_name.entry(name).or_default().push(index);
            }
            if let Some(identity) = form.identity(item) {
                below.by_identity.entry(identity).or_default().push(index);
            }
        }
        below
    }

    /// The items that are the same as one of the upper layer.
    fn same(&self, item: &Node, form: Form) -> &[usize] {
        let found = match form.name(item) {
            Some(name) => self.by_name.get(&name),
            None => form.identity(item).and_then(|identity| self.by_identity.get(&identity)),
        };
        found.map_or(&[], Vec::as_slice)
    }
}

fn which<'a>(item: &Node, form: Form, all: impl Iterator<Item = &'a Node>) -> Problem {
    let identity = form.identity(item).unwrap_or_default();
    let problem = Problem::at(
        &item.place,
        format!("`{identity}` is ambiguous: the file that this one changes has it more than once"),
    );
    problem.label("which one is meant?").help(candidates(form, all))
}

/// Several items that go by one name, with their lines.
pub(crate) fn candidates<'a>(form: Form, all: impl Iterator<Item = &'a Node>) -> String {
    let one = |node: &Node| match form.name(node) {
        Some(name) => format!("`{name}` at {}", node.place.origin()),
        None => node.place.origin().to_string(),
    };
    let all: Vec<String> = all.map(one).collect();
    let name = match form.array() {
        Some(array) => format!("; give each a `name` of its own, and say `{}.NAME`", array.trim_matches(['[', ']'])),
        None => String::new(),
    };
    format!("it could be {}{name}", all.join(" or "))
}
