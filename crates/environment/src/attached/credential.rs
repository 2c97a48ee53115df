//! One credential of a run that Vault could not revoke, or that was not checked.

use std::fmt;

use leaseproof_history::Entry;

/// A credential that is still there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CredentialLeft {
    pub(crate) cluster: String,
    pub(crate) role: String,
    pub(crate) lease: String,
    /// Not in ledgers of an older leaseproof.
    pub(crate) oid: Option<u32>,
}

impl CredentialLeft {
    pub(super) fn entry(&self) -> Entry {
        let Self { cluster, role, lease, oid } = self.clone();
        Entry::CredentialLeft { cluster, role, lease, oid }
    }
}

impl fmt::Display for CredentialLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cluster, role, lease, oid } = self;
        let oid = oid.map_or_else(String::new, |oid| format!(" (OID {oid})"));
        write!(f, "role {role}{oid} of postgres.{cluster}, lease {lease}: Vault could not revoke it")
    }
}

/// A credential that the run did not revoke. After the run's token was revoked, nobody checked whether it still exists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unchecked {
    pub(super) role: String,
    pub(super) lease: String,
    /// None where only the run's history names the credential.
    pub(super) cluster: Option<String>,
    /// None where the role was never observed.
    pub(super) oid: Option<u32>,
}

impl Unchecked {
    pub(super) fn entry(&self) -> Entry {
        let Self { role, lease, cluster, oid } = self.clone();
        Entry::CredentialUnchecked { role, lease, cluster, oid }
    }
}

impl fmt::Display for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, lease, cluster, oid } = self;
        let oid = oid.map_or_else(String::new, |oid| format!(" (OID {oid})"));
        let cluster = cluster.as_ref().map_or_else(String::new, |cluster| format!(" of postgres.{cluster}"));
        write!(f, "role {role}{oid}{cluster}, lease {lease}")
    }
}
