//! Taking away what the upper layer's `without` names: thousands of steps are taken out of their array at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::form::Form;
use crate::keys;
use crate::node::{Table, Value};
use crate::problem::{Noted, Problem};
use crate::route::{self, Change};

const ROOT: Form = Form::Shape(&keys::ROOT);
/// Arrays whose items can be named without the array.
const NAMED: [&str; 2] = ["setup", "action"];

/// Does what the upper layer's `without` says to the layer below.
pub(crate) fn take_away(below: &mut Table, upper: &mut Table, noted: &Noted) {
    let Some(without) = upper.take("without") else { return };
    let Some(paths) = without.node.list() else {
        let kind = without.node.kind();
        return noted
            .add(Problem::at(&without.node.place, format!("expected a list of texts, got {kind}")).label("here"));
    };
    let mut items = Items::of(below);
    for node in paths {
        let Some(path) = node.text() else {
            noted
                .add(Problem::at(&node.place, format!("expected a text in quotes, got {}", node.kind())).label("here"));
            continue;
        };
        let path = items.whole_path(below, path);
        if items.remove(&path) {
            continue;
        }
        items.apply(below);
        match route::change(below, ROOT, &path, Change::Remove) {
            Ok(()) => items = Items::of(below),
            Err(lost) => noted.add(lost.problem(&path, &node.place)),
        }
    }
    items.apply(below);
}

/// The items of a layer's arrays, by their paths.
#[derive(Default)]
struct Items {
    /// The array of each name.
    named: HashMap<String, &'static str>,
    /// Whatever a path is of: the array, and the items.
    by_path: HashMap<String, (String, BTreeSet<usize>)>,
    /// By array, the items to be removed.
    removed: BTreeMap<String, BTreeSet<usize>>,
}

impl Items {
    fn of(table: &Table) -> Self {
        let mut items = Self::default();
        for entry in &table.entries {
            let (array, form) = (&entry.key, ROOT.at(&entry.key));
            for (index, item) in entry.node.list().unwrap_or_default().iter().enumerate() {
                let name = form.name(item);
                if let (Some(name), Some(array)) = (&name, NAMED.into_iter().find(|named| named == array)) {
                    let known = items.named.entry(name.clone()).or_insert(array);
                    *known = if array == NAMED[0] { array } else { *known };
                }
                for one in [name, form.identity(item)].into_iter().flatten() {
                    let path = format!("{array}.{one}");
                    items.by_path.entry(path).or_insert_with(|| (array.clone(), BTreeSet::new())).1.insert(index);
                }
            }
        }
        items
    }

    /// The path itself; of the bare name of a step or an action, the path to it.
    fn whole_path(&self, below: &Table, path: &str) -> String {
        match self.named.get(path) {
            Some(array) if below.entry(path).is_none() => format!("{array}.{path}"),
            _ => path.to_owned(),
        }
    }

    /// Whether the path is of one item, which is now to be removed.
    fn remove(&mut self, path: &str) -> bool {
        let Some((array, indices)) = self.by_path.get(path).filter(|(_, indices)| indices.len() == 1) else {
            return false;
        };
        let removed = self.removed.entry(array.clone()).or_default();
        indices.iter().all(|index| removed.insert(*index))
    }

    /// Removes those items.
    fn apply(&mut self, table: &mut Table) {
        if self.removed.is_empty() {
            return;
        }
        for (array, removed) in std::mem::take(&mut self.removed) {
            if let Some(Value::List(items)) = table.entry_mut(&array).map(|entry| &mut entry.node.value) {
                let mut index = 0;
                items.retain(|_| {
                    index += 1;
                    !removed.contains(&(index - 1))
                });
            }
        }
        *self = Self::of(table);
    }
}
