use std::collections::BTreeSet;

use leaseproof_domain::{Event, LeaseBefore, LeaseId, LeaseSighting, Observer};
use leaseproof_vault::Client;

use crate::Error;
use crate::delta::KnownLeases;
use crate::looks::{Book, Look};

/// Every lease of these roles of database engines (`mount`, `role`).
pub(crate) async fn all_leases(vault: &Client, roles: &[(String, String)]) -> Result<Vec<LeaseId>, Error> {
    let mut all = Vec::new();
    for (mount, role) in roles {
        let failed = |source| Error::Vault { mount: mount.clone(), role: role.clone(), source };
        all.extend(vault.leases(mount, role).await.map_err(failed)?);
    }
    Ok(all)
}

/// How many leases from before the run are looked up one by one: each is a request.
const LOOKED_UP: usize = 1000;

/// The leases from before the run. Where they are to be told apart each is looked up, as far as the token may.
pub(crate) async fn leases_before(vault: &Client, leases: &BTreeSet<LeaseId>, apart: bool) -> Vec<LeaseBefore> {
    let mut before = Vec::with_capacity(leases.len());
    let mut may = apart;
    for (number, lease) in leases.iter().enumerate() {
        let mut seen = LeaseBefore { lease: lease.clone(), issued: None, expires: None };
        if may && number < LOOKED_UP {
            match vault.lookup_lease(lease).await {
                Ok(info) => (seen.issued, seen.expires) = (Some(info.issue_time), info.expire_time),
                // It ended meanwhile.
                Err(leaseproof_vault::Error::Answer { status: INVALID_LEASE, .. }) => continue,
                Err(_) => may = false,
            }
        }
        before.push(seen);
    }
    before
}

/// Vault's answer for a lease that it does not know.
const INVALID_LEASE: u16 = 400;

/// Looks at Vault's leases.
pub(crate) struct LeaseLooks {
    pub(crate) vault: Client,
    pub(crate) roles: Vec<(String, String)>,
    /// Leases that are no credentials of the run: they were there before the first one.
    pub(crate) before: BTreeSet<LeaseId>,
    pub(crate) known: KnownLeases,
    pub(crate) book: Book,
}

impl Look for LeaseLooks {
    async fn look(&mut self) {
        let from = self.book.now();
        match all_leases(&self.vault, &self.roles).await {
            Ok(mut leases) => {
                let to = self.book.now();
                leases.retain(|lease| !self.before.contains(lease));
                let (appeared, gone) = self.known.look(leases);
                let total = self.known.total();
                self.book.record(Event::Leases(LeaseSighting { from, to, appeared, gone, total }));
            }
            Err(error) => self.book.gap(Observer::Leases, from, &error, error.own_fault()),
        }
    }
}
