//! Why Vault could not revoke leases, as its log and its list of irrevocable leases have it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use leaseproof_domain::{LeaseId, Username};

use super::Run;

/// What comes before Vault's reason in a finding.
pub(crate) const COULD_NOT_REVOKE: &str = "Vault could not revoke its lease: ";
/// How Vault reports that it could not log in to PostgreSQL (pgconn's connectError).
pub(crate) const CONNECTS: &str = "failed to connect to `";
/// How many reasons are kept of leases that no response returned.
const KEPT: usize = 500;

/// The end of a sentence about a role that still exists, where the reason is known.
pub(crate) fn because(why: Option<&str>) -> String {
    why.map(|why| format!(": {COULD_NOT_REVOKE}{why}")).unwrap_or_default()
}

/// Reasons that were kept after their lifecycle was judged, or that belong to no lifecycle.
#[derive(Default)]
pub(crate) struct Unrevoked {
    /// By the names of the roles that still existed when their lifecycles were judged.
    standing: BTreeMap<Username, Rc<str>>,
    /// Of leases that no response returned: PostgreSQL's error may name the role.
    others: BTreeSet<Rc<str>>,
}

impl Unrevoked {
    pub(super) fn stands(&mut self, role: Username, why: Rc<str>) {
        self.standing.insert(role, why);
    }

    fn of(&self, role: &Username) -> Option<&str> {
        let quoted = format!("\"{role}\"");
        let other = || self.others.iter().find(|why| why.contains(&quoted));
        self.standing.get(role).or_else(other).map(AsRef::as_ref)
    }
}

impl Run<'_> {
    /// Vault could not revoke a lease. What PostgreSQL answered says more than that it could not be reached later.
    pub(super) fn not_revoked(&mut self, lease: &LeaseId, why: &str) {
        let Some(lifecycle) = self.lease_owners.get(lease).and_then(|number| self.lifecycles.get_mut(number)) else {
            if self.unrevoked.others.len() < KEPT && !why.is_empty() {
                self.unrevoked.others.insert(why.into());
            }
            return;
        };
        let answered = |why: &str| !why.is_empty() && !why.contains(CONNECTS);
        if answered(why) || !lifecycle.not_revoked.as_deref().is_some_and(answered) && !why.is_empty() {
            lifecycle.not_revoked = Some(why.into());
        }
    }

    /// The end of a sentence that says why a role still exists whose lifecycle was judged before, or that has none.
    pub(crate) fn why_not_revoked(&self, role: &Username) -> String {
        match self.lifecycle_of(role) {
            Some(lifecycle) => lifecycle.why_not_revoked(),
            None => because(self.unrevoked.of(&role.of_role())),
        }
    }
}
