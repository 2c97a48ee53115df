//! What is done to the estate's servers while a phase lasts.

use std::str::FromStr;

use leaseproof_domain::{Origin, Ttl};
use serde::{Deserialize, Serialize};

/// What a fault is done to where it is done to all nodes of Vault.
pub const EVERY_NODE: &str = "vault.*";

/// A fault, and what it may cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultPlan {
    /// What happens.
    pub kind: FaultKind,
    /// To which server or cluster: `vault`, `vault.2`, `vault.*`, `postgres.target`, `postgres.target.2`.
    pub on: String,
    /// Of a link: the server or cluster at its other end; `on` is then who connects: `client`, `vault`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Of a link's latency: how much later each piece is handed on, both ways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Ttl>,
    /// Of a link's loss: the share of the pieces that are lost, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Of a quota: how many requests a second it lets pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Of a quota: the mount that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<String>,
    /// The phase in which it strikes.
    pub phase: String,
    /// How long after the phase's beginning.
    pub at: Ttl,
    /// From what happens to its healing: until the server is started, let go on or unsealed again, or until a standby
    /// is promoted.
    pub lasts: Ttl,
    /// How long before a failover its standby is cut off from the primary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<Ttl>,
    /// Codes of errors that it may cause (SQLSTATE, HTTP status), from its beginning until `recovers_within` after its
    /// healing.
    pub expect_errors: Vec<String>,
    /// How long after its healing credentials have to be issued again.
    pub recovers_within: Ttl,
    /// How long after that a credential may last whose lease ended while it was felt; the promise's `dead_within` where
    /// none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_within: Option<Ttl>,
    /// The `[[fault]]` line.
    pub origin: Origin,
}

impl FaultPlan {
    /// The fault in words: `failover on postgres.target`, `partition between vault and postgres.target`.
    pub fn words(&self) -> String {
        match &self.to {
            None => format!("{} on {}", self.kind.name(), self.on),
            Some(to) => format!("{} between {} and {to}", self.kind.name(), self.on),
        }
    }
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// A server is killed (SIGKILL), and started again.
    Kill,
    /// A server is stopped in order, and started again.
    Restart,
    /// Every process of a server is frozen (SIGSTOP), and let go on (SIGCONT).
    Freeze,
    /// The primary is killed and a standby promoted; the old primary becomes a standby of the new one.
    Failover,
    /// The primary is stopped in order and a standby promoted; the old primary becomes a standby of the new one.
    Switchover,
    /// Vault's active node steps down (`sys/step-down`).
    StepDown,
    /// Vault is sealed (`sys/seal`), and unsealed.
    Seal,
    /// Nothing is handed on between two members: connections stay open, new ones get no answer.
    Partition,
    /// Every connection between two members is closed, and each new one at once.
    Cut,
    /// What passes between two members is handed on later.
    Latency,
    /// A share of what passes between two members is lost, and comes again as TCP sends it again.
    Loss,
    /// Vault lets only so many requests a second pass (a rate limit quota) and answers the others 429.
    Quota,
    /// A client takes every connection that PostgreSQL has for ordinary accounts.
    Flood,
    /// The token of the credentials' client expires, and its leases with it; it takes another one.
    TokenExpiry,
    /// The small file system that PostgreSQL's data are on is full.
    DiskFull,
}

use FaultKind::{
    Cut, DiskFull, Failover, Flood, Freeze, Kill, Latency, Loss, Partition, Quota, Restart, Seal, StepDown, Switchover,
    TokenExpiry,
};

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Kill,
        Restart,
        Freeze,
        Failover,
        Switchover,
        StepDown,
        Seal,
        Partition,
        Cut,
        Latency,
        Loss,
        Quota,
        Flood,
        TokenExpiry,
        DiskFull,
    ];

    /// The names of [`FaultKind::ALL`], in the same order.
    pub const NAMES: [&'static str; 15] = [
        "kill",
        "restart",
        "freeze",
        "failover",
        "switchover",
        "step-down",
        "seal",
        "partition",
        "cut",
        "latency",
        "loss",
        "quota",
        "flood",
        "token-expiry",
        "disk-full",
    ];

    /// Its name in a scenario.
    pub fn name(self) -> &'static str {
        let place = Self::ALL.iter().position(|kind| *kind == self);
        place.map_or("", |place| Self::NAMES[place])
    }

    /// Whether it is done to a cluster as a whole.
    pub const fn of_clusters(self) -> bool {
        matches!(self, Failover | Switchover)
    }

    /// Whether it is done to Vault only.
    pub const fn of_vault(self) -> bool {
        matches!(self, StepDown | Seal | Quota | TokenExpiry)
    }

    /// Whether it is done to a link between two members.
    pub const fn of_links(self) -> bool {
        matches!(self, Partition | Cut | Latency | Loss)
    }

    /// Whether it has to say how long it lasts: by itself it would have no end.
    pub const fn has_to_last(self) -> bool {
        matches!(self, Freeze | Seal | Quota | Flood | DiskFull) || self.of_links()
    }

    /// Whether a server ends by it.
    pub const fn ends_a_server(self) -> bool {
        matches!(self, Kill | Restart | Failover | Switchover)
    }
}

impl FromStr for FaultKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::NAMES.iter().position(|known| *known == name).map(|place| Self::ALL[place]).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::FaultKind;

    #[test]
    fn each_kind_is_read_by_the_name_that_it_is_kept_under() {
        for kind in FaultKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
        }
    }
}
