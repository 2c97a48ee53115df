use std::collections::BTreeMap;

use leaseproof_domain::Origin;
use serde::{Deserialize, Serialize};

/// The images that a scenario names for an environment of containers. What it does not name is the official one; the
/// environment has the last word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainersPlan {
    /// Vault's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault: Option<Image>,
    /// HAProxy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub haproxy: Option<Image>,
    /// PowerDNS's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdns: Option<Image>,
    /// PostgreSQL's, by its major version, e.g. `15`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub postgres: BTreeMap<String, Image>,
}

/// An image that a scenario names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// As the engine takes it: `registry.example/postgres:15`.
    pub name: String,
    /// Where the scenario says so.
    pub origin: Origin,
}

impl ContainersPlan {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
