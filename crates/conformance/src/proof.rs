use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

/// The result of testing a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Every expectation was met.
    Confirmed,
    /// It is a listed exception on this version of PostgreSQL or this layout.
    Excepted,
    /// The test could not decide it.
    Undecided,
    /// At least one expectation was not met.
    Refuted,
}

impl Standing {
    /// The standing as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Excepted => "excepted",
            Self::Undecided => "undecided",
            Self::Refuted => "refuted",
        }
    }

    /// Whether it is as the catalogue lists it.
    pub const fn is_as_listed(self) -> bool {
        matches!(self, Self::Confirmed | Self::Excepted)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One expectation, and the actual result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// What was done or observed.
    pub what: String,
    /// The expected result, with HTTP status or SQLSTATE and text if it has them.
    pub expected: String,
    /// The actual result.
    pub got: String,
    /// Whether the actual result is the expected one.
    pub met: bool,
}

/// The test of a fact on one version of PostgreSQL.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Proof {
    /// The fact's id.
    pub id: String,
    /// The result.
    pub standing: Standing,
    /// Why it is undecided or excepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Its expectations, in order.
    pub steps: Vec<Step>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Proof {
    pub(crate) fn undecided(id: &str, why: String) -> Self {
        Self { id: id.to_owned(), standing: Standing::Undecided, why: Some(why), steps: Vec::new(), seconds: 0.0 }
    }

    pub(crate) fn of(
        id: &str,
        exception: Option<&str>,
        steps: Vec<Step>,
        obstacle: Option<String>,
        took: Duration,
    ) -> Self {
        let unmet = steps.iter().any(|step| !step.met);
        let (standing, why) = match (unmet, exception, obstacle) {
            (true, Some(why), _) => (Standing::Excepted, Some(why.to_owned())),
            (true, None, _) => (Standing::Refuted, None),
            (false, _, Some(why)) => (Standing::Undecided, Some(why)),
            (false, _, None) if steps.is_empty() => (Standing::Undecided, Some("nothing was observed".to_owned())),
            (false, Some(why), None) => {
                (Standing::Refuted, Some(format!("it holds here, where it is listed as an exception: {why}")))
            }
            (false, None, None) => (Standing::Confirmed, None),
        };
        Self { id: id.to_owned(), standing, why, steps, seconds: took.as_secs_f64() }
    }
}

/// Every fact that was asked for, on one version of PostgreSQL.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Proofs {
    /// Vault's version.
    pub vault: String,
    /// PostgreSQL's version, e.g. `15.18`.
    pub postgres: String,
    /// What PostgreSQL was where a fact asked for nothing else: `standalone` or `haproxy-ha`.
    pub layout: String,
    /// The facts, in the catalogue's order.
    pub proofs: Vec<Proof>,
}

/// What kept a fact from being brought to a decision: something it needed could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Obstacle {
    /// Vault did not do what was only a preparation.
    #[error("preparing it: {0}")]
    Vault(#[from] leaseproof_vault::Error),
    /// PostgreSQL did not.
    #[error("preparing it: {0}")]
    Postgres(#[from] leaseproof_postgres::Error),
    /// A server could not be had.
    #[error(transparent)]
    Environment(#[from] leaseproof_environment::EnvironmentError),
    /// A file or a socket could not be had.
    #[error("preparing it: {0}")]
    Io(#[from] std::io::Error),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl Obstacle {
    /// In words of one's own.
    pub fn of(why: impl Into<String>) -> Self {
        Self::Other(why.into())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Proof, Standing, Step};

    fn step(met: bool) -> Step {
        Step { what: "creds".into(), expected: "400".into(), got: "500".into(), met }
    }

    #[test]
    fn what_a_fact_turns_out_to_be() {
        let of = |exception, steps: &[bool], obstacle: Option<&str>| {
            let steps = steps.iter().map(|met| step(*met)).collect();
            Proof::of("X-1", exception, steps, obstacle.map(str::to_owned), Duration::ZERO).standing
        };
        assert_eq!(of(None, &[true, true], None), Standing::Confirmed);
        assert_eq!(of(None, &[true, false], None), Standing::Refuted);
        assert_eq!(of(None, &[], None), Standing::Undecided, "nothing was observed");
        assert_eq!(of(None, &[true], Some("no server")), Standing::Undecided);
        assert_eq!(of(None, &[false], Some("no server")), Standing::Refuted, "what was seen was seen");
        assert_eq!(of(Some("before 15"), &[false], None), Standing::Excepted);
        assert_eq!(of(Some("before 15"), &[true], None), Standing::Refuted, "the list is out of date");
    }
}
