use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use leaseproof_domain::{Micros, Object};

use super::{Actions, ObservationTime};

/// Lists of objects, each with the time after its query.
type Lists = Vec<(Micros, BTreeSet<Object>)>;

/// The objects of each database, by cluster and database: after the setup, and after each action.
#[derive(Default)]
pub(crate) struct Objects {
    lists: BTreeMap<String, BTreeMap<String, Lists>>,
}

impl Objects {
    pub(super) fn see(&mut self, at: Micros, cluster: &str, database: &str, objects: &[Object]) {
        let databases = self.lists.entry(cluster.to_owned()).or_default();
        databases.entry(database.to_owned()).or_default().push((at, objects.iter().cloned().collect()));
    }

    /// Those after the setup.
    pub(crate) fn get(&self, cluster: &str, database: &str) -> Option<&BTreeSet<Object>> {
        self.list(cluster, database, 0)
    }

    /// The lists that one observation may have met, by their numbers: one, or two where an action was taken meanwhile and it is
    /// not known what the observation saw of it.
    pub(crate) fn met_by(
        &self,
        cluster: &str,
        database: &str,
        observation: ObservationTime,
        actions: &Actions<'_>,
    ) -> Range<usize> {
        let Some(lists) = self.lists(cluster, database) else { return 0..0 };
        let current = lists.iter().rposition(|(at, _)| *at <= observation.from).unwrap_or(0);
        let Some((next, _)) = lists.get(current + 1) else { return current..current + 1 };
        let since = lists[current].0;
        let begun =
            actions.iter().filter_map(|action| action.begun).filter(|begun| since < *begun && begun < next).min();
        let certain = begun.is_some_and(|begun| observation.to < begun);
        current..current + if certain { 1 } else { 2 }
    }

    /// The list of that number.
    pub(crate) fn list(&self, cluster: &str, database: &str, number: usize) -> Option<&BTreeSet<Object>> {
        self.lists(cluster, database)?.get(number).map(|(_, objects)| objects)
    }

    fn lists(&self, cluster: &str, database: &str) -> Option<&Lists> {
        self.lists.get(cluster)?.get(database)
    }
}
