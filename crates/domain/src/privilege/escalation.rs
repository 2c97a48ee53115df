use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Object;

/// A way around the ACLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EscalationKind {
    /// It can execute a SECURITY DEFINER function, which runs as its owner. The system's own functions are left out.
    SecurityDefiner,
    /// It has a privilege on a view that reads its tables as the view's owner (no `security_invoker`).
    OwnerView,
    /// A user mapping (its own, PUBLIC's or that of a group that it can become) gives a login to another server.
    UserMapping,
    /// It may SET ROLE to a group whose privileges it does not inherit, or whose attributes (SUPERUSER,
    /// CREATEROLE, …) it lacks: those are never inherited. Or it may hand itself such a membership.
    SetRole,
    /// It is a member of a predefined role that reaches the server's files, programs, signals or monitoring.
    PredefinedRole,
    /// Row security of a table does not apply to it: as owner, or by BYPASSRLS. Not listed for superusers.
    RowSecurity,
}

/// One way around the ACLs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Escalation {
    /// The kind.
    pub kind: EscalationKind,
    /// The object it goes through: the function, the view, the foreign server, the table. None for a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// The role whose privileges are used: the owner, the group, PUBLIC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The attributes (SUPERUSER, CREATEROLE, …) that SET ROLE gives and that the role itself lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    /// The way in one line for people.
    pub what: String,
}

/// Row security that applies to the role, of a table on which it has a privilege.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RowSecurity {
    /// The table.
    pub table: Object,
    /// Whether it also applies to the owner (FORCE ROW LEVEL SECURITY).
    pub forced: bool,
    /// The policies that apply to the role, each as `name FOR command TO roles` (after the name `AS RESTRICTIVE`, where
    /// it is); none means that no row is seen.
    pub policies: BTreeSet<String>,
}
