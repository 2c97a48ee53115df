use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DnsFigures, LoadFigures, ObservedNote, RevocationFigures, UnixMicros, Username};

/// Observations that no check judges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// Sessions that were held open past their credential's end, by their state.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held_sessions: BTreeMap<String, u64>,
    /// Rejected logins in PostgreSQL's log, by reason, without the user's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused_logins: BTreeMap<String, u64>,
    /// Leases that Vault listed after the drain although their roles did not exist. On PostgreSQL and raft storage a
    /// client that disconnects during a request can leave one (measured with Vault 1.21.0).
    #[serde(default)]
    pub leases_without_role: u64,
    /// The most leases that Vault listed at once, below the mounts of the promised roles; 0 if they were never listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub most_leases: u64,
    /// The largest value of each gauge of Vault's telemetry, rounded, e.g. `vault.expire.num_leases`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gauges: BTreeMap<String, u64>,
    /// Why Vault's telemetry could not be read, if no gauge was: the right `read` on `sys/metrics` is optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gauges_missing: Option<String>,
    /// Checks of the promises that could not be judged in this environment or with this load, and the reason: none of
    /// them passed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, String>,
    /// The live DNS server, if the scenario has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsFigures>,
    /// Warnings and notices of servers, in order; the first 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<ObservedNote>,
    /// Roles from before the run that match a username pattern and have no lease; the first 100 by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans_before: Vec<OrphanBefore>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_orphans_before: u64,
    /// Roles from before the run that match a username pattern and of which it is not known whether they have a lease.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided_before: Vec<UndecidedBefore>,
    /// Groups that credentials share and that appeared during the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<CreatedGroup>,
    /// The load of each phase that is long enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load: Vec<LoadFigures>,
    /// The revocation of remaining leases when the run's token was revoked; none if there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<RevocationFigures>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A role from before the run that matches a username pattern and that no lease of Vault's namespace can own. Its creator
/// is not known: another Vault may issue on the same cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct OrphanBefore {
    /// Its name.
    pub name: Username,
    /// Its OID.
    pub oid: u32,
    /// The cluster, e.g. `target`.
    pub cluster: String,
    /// Whether it has LOGIN.
    pub login: bool,
    /// Its VALID UNTIL on PostgreSQL's clock; none if it is NULL or infinity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<UnixMicros>,
    /// The Vault role whose username pattern it matches; none if it is not a promised role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Roles from before the run that match a username pattern, and that are not known to have a lease or to have none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct UndecidedBefore {
    /// Why it is not known.
    pub why: String,
    /// Their number.
    pub roles: u64,
    /// How many of them have no lease, at least.
    pub at_least: u64,
    /// How many of them have no lease, at most.
    pub at_most: u64,
    /// Their names; the first 20.
    pub names: Vec<Username>,
}

/// A role without LOGIN, password and VALID UNTIL that appeared during the run. leaseproof does not drop it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedGroup {
    /// Its name.
    pub name: Username,
    /// Its cluster, if credentials are issued in several.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Its OID.
    pub oid: u32,
    /// Whether the scenario declares it (`creates`).
    pub declared: bool,
    /// Whether it still existed at the run's last observation.
    pub stays: bool,
}
