use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Micros;

/// What an observer observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Observer {
    /// `pg_roles`.
    Roles,
    /// Vault's list of leases.
    Leases,
    /// Privileges of credentials.
    Privileges,
    /// One role on behalf of a lifecycle.
    RoleRead,
    /// Vault's audit log.
    Audit,
    /// `pg_stat_activity`.
    Sessions,
    /// `pg_shdepend`.
    Dependencies,
    /// Vault's list of irrevocable leases.
    Irrevocable,
    /// Vault's telemetry.
    Metrics,
}

impl Observer {
    /// How often it observes in an environment that leaseproof starts; none if it has no pace of its own.
    pub const fn pace(self) -> Option<Duration> {
        match self {
            Self::Roles | Self::Leases => Some(Duration::from_millis(250)),
            // A held session lasts for seconds.
            Self::Sessions => Some(Duration::from_millis(500)),
            // It asks about every role.
            Self::Dependencies => Some(Duration::from_secs(1)),
            // A lease takes minutes to become irrevocable, and gauges are of intervals of ten seconds.
            Self::Irrevocable | Self::Metrics => Some(Duration::from_secs(2)),
            Self::Privileges | Self::RoleRead | Self::Audit => None,
        }
    }

    /// How often it observes in an attached environment, which has other users.
    pub const fn pace_attached(self) -> Option<Duration> {
        match self {
            Self::Roles | Self::Leases => Some(Duration::from_secs(1)),
            other => other.pace(),
        }
    }
}

/// A span in which an observer could not see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WatchGap {
    /// The cluster that was not observed, e.g. `target`; empty if it was none, or not recorded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Who could not observe.
    pub observer: Observer,
    /// Before the question.
    pub from: Micros,
    /// When it was given up.
    pub to: Micros,
    /// What it met.
    pub why: String,
}
