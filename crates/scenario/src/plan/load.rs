//! What is done with credentials, by whom, how often, and how it is judged.

use std::collections::BTreeMap;

use leaseproof_domain::{CheckId, Metric, Origin, Ttl};
use serde::{Deserialize, Serialize};

/// What the credentials' client may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientPlan {
    /// The Vault policies that the run's token gets, and no other (`default` is left out).
    pub policies: Vec<String>,
    /// The path that the token has to be refused at (POL-1), `sys/policies/acl` where the scenario names none.
    pub forbidden: String,
    /// How long a request may take before its client goes away.
    pub timeout: Ttl,
    /// How many lifecycles may be between two answers at once; an arrival beyond is dropped.
    pub in_flight: u32,
}

/// What is done with a credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LifecyclePlan {
    /// Its name, by which phases mix it.
    pub name: String,
    /// The promised role that it takes credentials of.
    pub role: String,
    /// A first renewal with this increment brings the lease down to seconds; without it the lease stays as issued.
    pub lease: Option<Ttl>,
    /// The query that each login makes.
    pub query: String,
    /// The line of `query`; none where the scenario says none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_origin: Option<Origin>,
    /// Which share of lifecycles renew, and at which point of the lease.
    pub renew: Option<RenewPlan>,
    /// Which share of lifecycles keep their first session open beyond the credential's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_session: Option<HoldPlan>,
    /// How long the client waits for an issue's answer before it goes away; its time-out where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Ttl>,
    /// Share of lifecycles that are revoked; the others are left to expire. 0 to 1.
    pub revoke: f64,
    /// The `[lifecycle.<name>]` line.
    pub origin: Origin,
}

impl LifecyclePlan {
    /// Whether its query begins and rolls back a transaction of its own.
    pub fn rolls_back(&self) -> bool {
        self.query.starts_with("BEGIN")
    }

    /// Whether that transaction is read-only.
    pub fn is_read_only(&self) -> bool {
        self.query.starts_with("BEGIN READ ONLY")
    }
}

/// Sessions that are kept open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HoldPlan {
    /// Share of lifecycles that keep one, 0 to 1.
    pub share: f64,
    /// The group that the session sets its role to.
    pub set_role: Option<String>,
}

/// Renewals of a lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenewPlan {
    /// The point of the lease at which it is renewed, 0 to 1.
    pub at: f64,
    /// Share of lifecycles that renew, 0 to 1.
    pub share: f64,
}

/// A stretch of load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhasePlan {
    /// Its name.
    pub name: String,
    /// Arrivals a second.
    pub rate: f64,
    /// How long arrivals come.
    pub duration: Ttl,
    /// How long lifecycles may go on after the last arrival.
    pub drain: Ttl,
    /// Lifecycles and their weights.
    pub mix: BTreeMap<String, u32>,
    /// Whether it is meant to ask for more than the environment can do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overload: bool,
    /// The `[[phase]]` line.
    pub origin: Origin,
}

/// The option that adds a threshold for one run: it stands as the file of its origin.
pub(crate) const THRESHOLD_OPTION: &str = "--threshold";

/// A bound on a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdPlan {
    /// The figure.
    pub metric: Metric,
    /// How it is compared.
    pub comparison: Comparison,
    /// The bound: microseconds for a time, 0 to 1 for a share.
    pub limit: f64,
    /// The bound as written: `< 250ms`.
    pub text: String,
    /// Which time counts.
    #[serde(default)]
    pub during: During,
    /// The phase whose lifecycles count; all of them without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The Vault role whose credentials count; all of them without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The `[[threshold]]` line.
    pub origin: Origin,
}

impl ThresholdPlan {
    /// Whether it was given by `--threshold`, for this run.
    pub fn is_of_command_line(&self) -> bool {
        self.origin.file == THRESHOLD_OPTION
    }

    /// What it limits: the metric, and in braces what of the run counts: `issue.response.p99{phase=steady,role=app}`.
    pub fn subject(&self) -> String {
        let labels = [("phase", self.phase.as_deref()), ("role", self.role.as_deref()), ("during", self.during.name())];
        let labels: Vec<String> =
            labels.iter().filter_map(|(key, value)| Some(format!("{key}={}", (*value)?))).collect();
        if labels.is_empty() { self.metric.to_string() } else { format!("{}{{{}}}", self.metric, labels.join(",")) }
    }
}

impl During {
    /// Its word in a scenario; none for the whole run.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Run => None,
            Self::NoFault => Some("no-fault"),
            Self::Fault => Some("fault"),
        }
    }
}

/// Which time of a run a figure is of. A fault window lasts from the fault's beginning until `recovers_within` after its healing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum During {
    /// All of it.
    #[default]
    Run,
    /// What was under way while no fault window was open (`during = "no-fault"`).
    NoFault,
    /// What was under way while a fault window was open (`during = "fault"`).
    Fault,
}

/// How a figure is compared with its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `<`
    #[serde(rename = "<")]
    Below,
    /// `<=`
    #[serde(rename = "<=")]
    AtMost,
    /// `>`
    #[serde(rename = ">")]
    Above,
    /// `>=`
    #[serde(rename = ">=")]
    AtLeast,
}

/// A defect that the scenario's document is known to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownIssuePlan {
    /// The check that fails for it.
    pub check: CheckId,
    /// The role that it concerns; any where none is said.
    pub role: Option<String>,
    /// A text or code that each finding's evidence holds.
    pub evidence: Option<String>,
    /// Why it is as it is.
    pub because: String,
    /// The `[[known_issue]]` line.
    pub origin: Origin,
}
