//! What is done to the environment's servers while a phase lasts.

use leaseproof_domain::{Origin, Ttl};
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, EnumString, IntoStaticStr, VariantNames};

/// What a fault is done to where it is done to all nodes of Vault.
pub const EVERY_NODE: &str = "vault.*";

/// A fault, and what it may cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultPlan {
    /// What happens.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// To which server or cluster: `vault`, `vault.2`, `vault.*`, `postgres.target`, `postgres.target.2`; for a link, the
    /// side that connects: `client`, `vault`.
    pub on: String,
    /// The phase in which it strikes.
    pub phase: String,
    /// How long after the phase's beginning.
    pub at: Ttl,
    /// From what happens to its healing: until the server is started, let go on or unsealed again, or until a standby
    /// is promoted.
    pub lasts: Ttl,
    /// Codes of errors that it may cause (SQLSTATE, HTTP status), from its beginning until `recovers_within` after its
    /// healing.
    pub expect_errors: Vec<String>,
    /// How long after its healing credentials have to be issued again.
    pub recovers_within: Ttl,
    /// How long after that a credential may last whose lease ended in the fault window; the promise's `dead_within` where
    /// none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_within: Option<Ttl>,
    /// The `[[fault]]` line.
    pub origin: Origin,
}

impl FaultPlan {
    /// The fault in words: `failover on postgres.target`, `partition between vault and postgres.target`.
    pub fn words(&self) -> String {
        match self.kind.to() {
            None => format!("{} on {}", self.kind.name(), self.on),
            Some(to) => format!("{} between {} and {to}", self.kind.name(), self.on),
        }
    }
}

/// A kind of fault, with what only this kind has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, EnumDiscriminants, IntoStaticStr)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[strum_discriminants(name(FaultName), doc = "The name of a kind of fault.", strum(serialize_all = "kebab-case"))]
#[strum_discriminants(derive(EnumIter, EnumString, IntoStaticStr, VariantNames))]
pub enum FaultKind {
    /// A server is killed (SIGKILL), and started again.
    Kill,
    /// A server is stopped in order, and started again.
    Restart,
    /// Every process of a server is frozen (SIGSTOP), and continued (SIGCONT).
    Freeze,
    /// The primary is killed and a standby promoted; the old primary becomes a standby of the new one.
    Failover {
        /// How long before it the standby is disconnected from the primary.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lag: Option<Ttl>,
    },
    /// The primary is stopped in order and a standby promoted; the old primary becomes a standby of the new one.
    Switchover,
    /// Vault's active node steps down (`sys/step-down`).
    StepDown,
    /// Vault is sealed (`sys/seal`), and unsealed.
    Seal,
    /// No data passes a link: connections stay open, new ones get no answer.
    Partition {
        /// The server or cluster at its other end.
        to: String,
    },
    /// Every connection of a link is closed, and each new one at once.
    Cut {
        /// The server or cluster at its other end.
        to: String,
    },
    /// Data passes a link later, in both directions.
    Latency {
        /// The server or cluster at its other end.
        to: String,
        /// The delay of each piece.
        by: Ttl,
    },
    /// A share of the pieces that pass a link is lost, and sent again as TCP does.
    Loss {
        /// The server or cluster at its other end.
        to: String,
        /// The share that is lost, 0 to 1.
        share: f64,
    },
    /// Vault accepts a limited number of requests per second (a rate limit quota) and answers the others with 429.
    Quota {
        /// Requests per second.
        rate: f64,
        /// The mount that it is for.
        #[serde(default)]
        mount: String,
    },
    /// A client takes every connection that PostgreSQL has for ordinary accounts.
    Flood,
    /// The token of the credentials' client expires, and its leases with it; it takes another one.
    TokenExpiry,
    /// The small file system with PostgreSQL's data is full.
    DiskFull,
    /// Every session of a cluster but the harness's own is terminated, once.
    TerminateSessions,
}

impl FaultKind {
    /// Its name in a scenario.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// The other end of a link.
    pub fn to(&self) -> Option<&str> {
        match self {
            Self::Partition { to } | Self::Cut { to } | Self::Latency { to, .. } | Self::Loss { to, .. } => Some(to),
            _ => None,
        }
    }

    /// How long before it a standby is disconnected from its primary.
    pub const fn lag(&self) -> Option<Ttl> {
        match self {
            Self::Failover { lag } => *lag,
            _ => None,
        }
    }
}

impl FaultName {
    /// Whether it is done to a cluster as a whole.
    pub const fn of_clusters(self) -> bool {
        matches!(self, Self::Failover | Self::Switchover)
    }

    /// Whether it is done to Vault only.
    pub const fn of_vault(self) -> bool {
        matches!(self, Self::StepDown | Self::Seal | Self::Quota | Self::TokenExpiry)
    }

    /// Whether it is done to a link between two members.
    pub const fn of_links(self) -> bool {
        matches!(self, Self::Partition | Self::Cut | Self::Latency | Self::Loss)
    }

    /// Whether it has to say how long it lasts: by itself it would have no end.
    pub const fn has_to_last(self) -> bool {
        matches!(self, Self::Freeze | Self::Seal | Self::Quota | Self::Flood | Self::DiskFull) || self.of_links()
    }

    /// Whether a server ends by it.
    pub const fn ends_a_server(self) -> bool {
        matches!(self, Self::Kill | Self::Restart | Self::Failover | Self::Switchover)
    }

    /// Its name in a scenario.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::{FaultKind, FaultName};

    #[test]
    fn each_kind_is_stored_under_its_name() {
        for name in FaultName::iter() {
            let stored = serde_json::json!({
                "kind": name.as_str(), "to": "vault", "by": "1s", "share": 0.5, "rate": 2.0, "mount": "database"
            });
            let kind: FaultKind = serde_json::from_value(stored).unwrap();
            assert_eq!((FaultName::from(&kind), kind.name()), (name, name.as_str()));
            assert_eq!(name.as_str().parse(), Ok(name));
            assert_eq!(kind.to().is_some(), name.of_links());
        }
    }
}
