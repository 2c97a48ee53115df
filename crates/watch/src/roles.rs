use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use leaseproof_domain::{Event, Observer, PrivilegeReading, PrivilegeSet, RoleObservation, Username};

use crate::databases::Watched;
use crate::delta::KnownRoles;
use crate::pace::{Book, Observe};
use crate::privileges::KnownSets;

/// PostgreSQL's `invalid_catalog_name`.
const NO_SUCH_DATABASE: &str = "3D000";

/// Observations of one cluster's roles, and at what each may do when it is first seen and when it changed.
pub(crate) struct RoleWatch {
    /// All of the cluster's databases, those that credentials are promised for first; roles are the same in all,
    /// privileges are not. Never empty.
    pub(crate) databases: Vec<Watched>,
    /// OIDs that are no credentials: they were there before the first one.
    pub(crate) baseline: BTreeSet<u32>,
    pub(crate) known: KnownRoles,
    /// Credentials whose privileges are yet to be read, by database and OID.
    pub(crate) unread: Vec<BTreeMap<u32, Username>>,
    /// Shared by all clusters: a set has one number in the whole history.
    pub(crate) sets: Arc<Mutex<KnownSets>>,
    pub(crate) book: Book,
}

impl RoleWatch {
    pub(crate) fn new(
        databases: Vec<Watched>,
        baseline: BTreeSet<u32>,
        sets: Arc<Mutex<KnownSets>>,
        book: Book,
    ) -> Self {
        let unread = vec![BTreeMap::new(); databases.len()];
        Self { databases, baseline, known: KnownRoles::default(), unread, sets, book }
    }

    async fn observe_roles(&mut self) {
        let from = self.book.now();
        match self.databases[0].observer.roles().await {
            Ok(mut roles) => {
                let to = self.book.now();
                roles.retain(|role| !self.baseline.contains(&role.oid));
                let delta = self.known.observation(roles);
                for unread in &mut self.unread {
                    // A renewal moves VALID UNTIL: what it left of the privileges is read once more.
                    let anew = delta.appeared.iter().chain(&delta.changed);
                    unread.extend(anew.map(|role| (role.oid, role.name.clone())));
                    unread.retain(|oid, _| !delta.gone.contains(oid));
                }
                let total = self.known.total();
                let observation = RoleObservation {
                    cluster: self.databases[0].cluster.clone(),
                    from,
                    to,
                    appeared: delta.appeared,
                    changed: delta.changed,
                    gone: delta.gone,
                    total,
                };
                self.book.record(Event::Roles(observation));
            }
            Err(error) => {
                self.book.gap_in(&self.databases[0].cluster, Observer::Roles, from, &error, error.own_fault())
            }
        }
    }

    /// Reads in one go what the new credentials may do in one of the databases. One that is gone by then has none to
    /// read; where the observation fails they are read with the next one.
    async fn observe_privileges(&mut self, place: usize) {
        if self.unread[place].is_empty() {
            return;
        }
        let from = self.book.now();
        let oids: Vec<u32> = self.unread[place].keys().copied().collect();
        let read: Vec<String> = self.databases.iter().map(|watched| watched.database.clone()).collect();
        match self.databases[place].observer.privileges_beside(&oids, &read).await {
            Ok(mut read) => {
                let to = self.book.now();
                for (oid, username) in std::mem::take(&mut self.unread[place]) {
                    if let Some(held) = read.remove(&oid) {
                        let set = self.number(held);
                        self.book.record(Event::Privileges(PrivilegeReading {
                            cluster: self.databases[0].cluster.clone(),
                            from,
                            to,
                            oid,
                            username,
                            set,
                        }));
                    }
                }
            }
            Err(error) => {
                self.book.gap_in(&self.databases[place].cluster, Observer::Privileges, from, &error, error.own_fault());
                // Nobody holds anything in a database that is gone, and asking again would not bring it back.
                if error.sqlstate() == Some(NO_SUCH_DATABASE) {
                    self.unread[place].clear();
                }
            }
        }
    }

    fn number(&self, set: PrivilegeSet) -> u32 {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, new) = sets.number(&set);
        if new {
            // Before the lock is given back: no reading may name the set before the history knows it.
            self.book.record(Event::PrivilegeSet { id, set });
        }
        id
    }
}

impl Observe for RoleWatch {
    async fn observe(&mut self) {
        self.observe_roles().await;
        for place in 0..self.databases.len() {
            self.observe_privileges(place).await;
        }
    }
}
