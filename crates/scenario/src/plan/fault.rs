//! What is done to the estate's servers while a phase lasts.

use std::str::FromStr;

use leaseproof_domain::{Origin, Ttl};
use serde::{Deserialize, Serialize};

/// A fault, and what it may cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultPlan {
    /// What happens.
    pub kind: FaultKind,
    /// To which server or cluster: `vault`, `vault.2`, `postgres.target`, `postgres.target.2`.
    pub on: String,
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
    /// The fault in words: `failover on postgres.target`.
    pub fn words(&self) -> String {
        format!("{} on {}", self.kind.name(), self.on)
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
}

use FaultKind::{Failover, Freeze, Kill, Restart, Seal, StepDown, Switchover};

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [Kill, Restart, Freeze, Failover, Switchover, StepDown, Seal];

    /// The names of [`FaultKind::ALL`], in the same order.
    pub const NAMES: [&'static str; 7] = ["kill", "restart", "freeze", "failover", "switchover", "step-down", "seal"];

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
        matches!(self, StepDown | Seal)
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
