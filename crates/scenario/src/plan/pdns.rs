//! A live PowerDNS, and what is promised of it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use leaseproof_domain::{Origin, Ttl};
use serde::{Deserialize, Serialize};

use super::Promised;

/// A live PowerDNS on an issued credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PdnsPlan {
    /// The promised role whose credentials it logs in with.
    pub role: String,
    /// The template of its gpgsql settings, in the language of `vault agent`.
    pub template: String,
    /// The agent's environment, with `${…}` not yet filled in.
    pub env: BTreeMap<String, String>,
    /// The Vault policies that the agent's token gets, and no other (`default` is left out).
    pub policies: Promised<Vec<String>>,
    /// Paths that the agent's token has to be refused at.
    pub forbidden: Vec<String>,
    /// What the agent does after each rendering.
    pub after_rendering: AfterRendering,
    /// The zone that is changed, fully qualified: `example.test.`.
    pub zone: String,
    /// The name that is asked for, fully qualified.
    pub name: String,
    /// The type that is asked for: `A`.
    pub record_type: String,
    /// The response code that every answer has to have: `NOERROR`.
    pub answers: Promised<String>,
    /// Questions a second.
    pub rate: f64,
    /// How long an answer is waited for.
    pub timeout: Ttl,
    /// How long after a rendering the change may have an impact.
    pub cycle_within: Promised<Ttl>,
    /// How often a record is made and taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_every: Option<Promised<Ttl>>,
    /// The `[pdns]` line.
    pub origin: Origin,
}

impl PdnsPlan {
    /// The paths that the agent's token has to be refused at: the scenario's, and what lies beside the agent's own. Those
    /// are its role's definition on the mount, another role's credentials, and what changes the environment.
    pub fn refused_paths(&self, mount: &str) -> BTreeSet<String> {
        let role = &self.role;
        let ours = [
            format!("{mount}/roles/{role}"),
            format!("{mount}/static-creds/{role}"),
            format!("{mount}/creds/{role}-of-nobody"),
            "sys/policies/acl".to_owned(),
            "sys/mounts".to_owned(),
            "sys/auth".to_owned(),
        ];
        ours.into_iter().chain(self.forbidden.iter().cloned()).collect()
    }
}

/// What the agent does after each rendering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterRendering {
    /// `pdns_control cycle`: PowerDNS's guardian starts it anew.
    #[default]
    Cycle,
    /// Nothing: PowerDNS stays as it is.
    Nothing,
}

impl AfterRendering {
    /// The names in a scenario.
    pub const NAMES: [&'static str; 2] = ["cycle", "nothing"];
}

impl FromStr for AfterRendering {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "cycle" => Ok(Self::Cycle),
            "nothing" => Ok(Self::Nothing),
            _ => Err(()),
        }
    }
}
