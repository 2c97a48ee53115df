use std::collections::BTreeSet;

use leaseproof_domain::{DependencyObservation, Event, Observer};

use crate::databases::Watched;
use crate::pace::{Book, Observe};

/// Observations of what `pg_shdepend` holds of one cluster's credentials.
pub(crate) struct DependencyWatch {
    pub(crate) watched: Watched,
    /// OIDs that are no credentials.
    pub(crate) baseline: BTreeSet<u32>,
    pub(crate) book: Book,
}

impl Observe for DependencyWatch {
    async fn observe(&mut self) {
        let from = self.book.now();
        match self.watched.observer.dependencies().await {
            Ok(mut seen) => {
                let to = self.book.now();
                seen.retain(|dependency| !self.baseline.contains(&dependency.oid));
                let rows = seen.iter().map(|dependency| dependency.rows).sum();
                let roles = seen.iter().map(|dependency| dependency.oid).collect::<BTreeSet<_>>().len() as u64;
                let dangling = seen.into_iter().filter(|dependency| dependency.name.is_none()).collect();
                self.book.record(Event::Dependencies(DependencyObservation {
                    cluster: self.watched.cluster.clone(),
                    from,
                    to,
                    dangling,
                    roles,
                    rows,
                }));
            }
            Err(error) => {
                self.book.gap_in(&self.watched.cluster, Observer::Dependencies, from, &error, error.own_fault())
            }
        }
    }
}
