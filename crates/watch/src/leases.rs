use std::collections::BTreeSet;

use leaseproof_domain::{Event, LeaseId, LeaseObservation, Observer};
use leaseproof_vault::Client;

use crate::Error;
use crate::delta::KnownLeases;
use crate::pace::{Book, Observe};

/// Every lease of these roles of database engines (`mount`, `role`).
pub(crate) async fn all_leases(vault: &Client, roles: &[(String, String)]) -> Result<Vec<LeaseId>, Error> {
    let mut all = Vec::new();
    for (mount, role) in roles {
        let failed = |source| Error::Vault { mount: mount.clone(), role: role.clone(), source };
        all.extend(vault.leases(mount, role).await.map_err(failed)?);
    }
    Ok(all)
}

/// Observations of Vault's leases.
pub(crate) struct LeaseWatch {
    pub(crate) vault: Client,
    pub(crate) roles: Vec<(String, String)>,
    /// Leases that are no credentials of the run: they were there before the first one.
    pub(crate) before: BTreeSet<LeaseId>,
    pub(crate) known: KnownLeases,
    pub(crate) book: Book,
}

impl Observe for LeaseWatch {
    async fn observe(&mut self) {
        let from = self.book.now();
        match all_leases(&self.vault, &self.roles).await {
            Ok(mut leases) => {
                let to = self.book.now();
                leases.retain(|lease| !self.before.contains(lease));
                let (appeared, gone) = self.known.observation(leases);
                let total = self.known.total();
                self.book.record(Event::Leases(LeaseObservation { from, to, appeared, gone, total }));
            }
            Err(error) => self.book.gap(Observer::Leases, from, &error, error.own_fault()),
        }
    }
}
