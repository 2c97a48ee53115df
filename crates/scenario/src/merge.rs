//! Laying one layer of a scenario over another: a child over what it extends, a profile over the file.
//!
//! - A table is merged key by key, an inline table too; any other value takes the place of the one below.
//! - `[[phase]]` tables are the same by `name`, `[[threshold]]` tables by `metric`, `[[setup]]` steps by what they do
//!   (the same `write` path, `policy` name, `enable` type, `sql` or `script` file or text): the same are merged.
//!   `[[known]]` and `[[fault]]` are added.
//! - A step or phase that is new goes before the next one of its own file that is not, or to the end: the order of
//!   the upper file is kept.
//! - A merged step, phase or threshold is said where the upper file says it; any other key where its value stands.

use crate::form::Form;
use crate::node::{Node, Table, Value};

/// Lays `over` over `base`.
pub(crate) fn lay_over(base: &mut Table, over: Table, form: Form) {
    for entry in over.entries {
        let inner = form.at(&entry.key);
        match base.entry_mut(&entry.key) {
            None => base.entries.push(entry),
            Some(below) => {
                if !lay_node_over(&mut below.node, entry.node, inner) {
                    below.at = entry.at;
                }
            }
        }
    }
}

/// Whether the values were merged, and not replaced.
fn lay_node_over(base: &mut Node, over: Node, form: Form) -> bool {
    match (&mut base.value, over.value) {
        (Value::Table(below), Value::Table(table)) => {
            lay_over(below, table, form);
            true
        }
        (Value::List(below), Value::List(items)) if matches!(form, Form::Items(_)) => {
            lay_items_over(below, items, form);
            true
        }
        (_, value) => {
            *base = Node { place: over.place, value };
            false
        }
    }
}

fn lay_items_over(base: &mut Vec<Node>, over: Vec<Node>, form: Form) {
    let mut matched: Vec<String> = Vec::new();
    let mut new: Vec<Node> = Vec::new();
    for item in over {
        let identity = form.identity(&item).filter(|identity| !matched.contains(identity));
        let same = identity.and_then(|identity| {
            let index = base.iter().position(|below| form.identity(below).as_ref() == Some(&identity))?;
            Some((index, identity))
        });
        let Some((index, identity)) = same else {
            new.push(item);
            continue;
        };
        matched.push(identity);
        let inner = form.of_item(&item);
        base[index].place = item.place.clone();
        lay_node_over(&mut base[index], item, inner);
        base.splice(index..index, new.drain(..));
    }
    base.append(&mut new);
}
