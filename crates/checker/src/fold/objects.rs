use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::{Micros, Object};

use super::{Actions, Look};

/// A cluster and a database.
type Database = (String, String);
/// Lists of objects, each with the time after its query.
type Lists = Vec<(Micros, BTreeSet<Object>)>;

/// The objects of each database, by cluster and database: after the set-up, and after each action.
#[derive(Default)]
pub(crate) struct Objects {
    lists: BTreeMap<Database, Lists>,
}

impl Objects {
    pub(super) fn see(&mut self, at: Micros, cluster: &str, database: &str, objects: &[Object]) {
        let lists = self.lists.entry((cluster.to_owned(), database.to_owned())).or_default();
        lists.push((at, objects.iter().cloned().collect()));
    }

    /// Those after the set-up.
    pub(crate) fn get(&self, database: &Database) -> Option<&BTreeSet<Object>> {
        self.lists.get(database)?.first().map(|(_, objects)| objects)
    }

    pub(crate) fn contains_key(&self, database: &Database) -> bool {
        self.get(database).is_some()
    }

    /// The lists that one look may have met, by their numbers: one, or two where an action was taken meanwhile and it is
    /// not known what the look saw of it.
    pub(crate) fn met_by(&self, database: &Database, look: Look, actions: &Actions<'_>) -> Vec<usize> {
        let Some(lists) = self.lists.get(database) else { return Vec::new() };
        let current = lists.iter().rposition(|(at, _)| *at <= look.from).unwrap_or(0);
        let Some((next, _)) = lists.get(current + 1) else { return vec![current] };
        let since = lists[current].0;
        let begun =
            actions.iter().filter_map(|action| action.begun).filter(|begun| since < *begun && begun < next).min();
        if begun.is_some_and(|begun| look.to < begun) { vec![current] } else { vec![current, current + 1] }
    }

    /// The list of that number.
    pub(crate) fn list(&self, database: &Database, number: usize) -> Option<&BTreeSet<Object>> {
        self.lists.get(database)?.get(number).map(|(_, objects)| objects)
    }
}
