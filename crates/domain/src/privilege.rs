use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod escalation;
mod grant;
mod object;
mod role;
mod word;

pub use escalation::{Escalation, EscalationKind, RowSecurity};
pub use grant::{FutureGrant, Grant, GrantedTo, Why};
pub use object::{Object, ObjectKind};
pub use role::{Membership, RoleAttributes, RoleSetting};
pub use word::Privilege;

/// All privileges of one credential, read from the catalog at one moment, in one database and the shared catalogs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrivilegeSet {
    /// The database whose objects were read.
    pub database: String,
    /// The role's attributes.
    pub attributes: RoleAttributes,
    /// Its memberships, direct and indirect.
    pub memberships: BTreeSet<Membership>,
    /// Settings that its sessions start with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub settings: BTreeSet<RoleSetting>,
    /// Its privileges on objects of `database` and on shared objects, and why it has them.
    pub held: BTreeSet<GrantedTo>,
    /// The objects it, or a role it inherits from, owns in `database` and among the shared ones, with the owner's name;
    /// `itself` where that is the role's own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub owned: BTreeSet<(Object, String)>,
    /// Privileges that default ACLs will give it on future objects.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub future: BTreeSet<FutureGrant>,
    /// Ways around the ACLs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub escalations: BTreeSet<Escalation>,
    /// Row security on the tables on which it has privileges.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub row_security: BTreeSet<RowSecurity>,
    /// What the catalog shows beyond all that, each as one line for people: a privilege that has no name here, an entry
    /// of `pg_shdepend` in another database.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub beyond: BTreeSet<String>,
}
