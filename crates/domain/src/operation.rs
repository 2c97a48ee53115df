use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{HarnessFault, LeaseId, Micros, Username};

/// An operation of a run: one request or one login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `GET database/creds/<role>`: Vault issues a credential.
    Issue,
    /// The first login with a new credential, and its first query. It is repeated until it works or the limit of
    /// `usable_within` is long past; each try is a record.
    Login,
    /// A later, new login while the lease is in force, and a query in it.
    Relogin,
    /// `PUT sys/leases/renew`.
    Renew,
    /// `PUT sys/leases/revoke`, synchronous.
    Revoke,
    /// A new login after the lease's end, which must be rejected. `ok` means that it *succeeded*.
    DeadLogin,
    /// A request that Vault must reject. `ok` means that it *succeeded*.
    Refused,
}

impl Operation {
    /// Every operation, in the order of a lifecycle.
    pub const ALL: [Self; 7] =
        [Self::Issue, Self::Login, Self::Relogin, Self::Renew, Self::Revoke, Self::DeadLogin, Self::Refused];

    /// The operation's name in metrics, histories and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Login => "login",
            Self::Relogin => "relogin",
            Self::Renew => "renew",
            Self::Revoke => "revoke",
            Self::DeadLogin => "dead_login",
            Self::Refused => "refused",
        }
    }

    /// Whether a failure of this operation is a failure of the environment; false where a refusal is what is expected.
    pub const fn expects_success(self) -> bool {
        !matches!(self, Self::DeadLogin | Self::Refused)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which rule a request of [`Operation::Refused`] breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusedRequest {
    /// Credentials asked for without a token.
    NoToken,
    /// Credentials asked for with a token that Vault never made.
    BadToken,
    /// The client's own token on a path that its policy does not name.
    WrongPath,
    /// A login to PostgreSQL with a credential's name and a password that is not its own.
    WrongPassword,
}

impl RefusedRequest {
    /// Every kind of request that a run makes for Vault to refuse.
    pub const ALL: [Self; 3] = [Self::NoToken, Self::BadToken, Self::WrongPath];

    /// The request in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoToken => "credentials without a token",
            Self::BadToken => "credentials with an invented token",
            Self::WrongPath => "a path outside the client's policy",
            Self::WrongPassword => "a login with a wrong password",
        }
    }
}

/// Who answered with a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureSource {
    /// Vault; the code is the HTTP status.
    Vault,
    /// PostgreSQL; the code is the SQLSTATE.
    Postgres,
}

/// A failure that a server answered with: the operation was certainly not performed, or not completely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Who answered.
    pub source: FailureSource,
    /// HTTP status or SQLSTATE.
    pub code: String,
    /// The server's own words, scrubbed of secrets.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = match self.source {
            FailureSource::Vault => "HTTP",
            FailureSource::Postgres => "SQLSTATE",
        };
        write!(f, "{code} {}: {}", self.code, self.message)
    }
}

/// How an operation ended, as far as the harness can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Outcome {
    /// The server reported success.
    Ok,
    /// The server reported a failure.
    Failed(Failure),
    /// No answer came, or none that can be read: the operation may have happened.
    Indeterminate {
        /// What happened instead: a timeout, a closed connection, a broken body.
        why: String,
    },
    /// It failed because of leaseproof itself, and the server may have performed it. It says nothing about the environment.
    Harness {
        /// What the harness lacked.
        fault: HarnessFault,
        /// What was seen.
        why: String,
    },
}

impl Outcome {
    /// Whether the server said yes.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }

    /// Whether it is not known what became of the operation.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Indeterminate { .. } | Self::Harness { .. })
    }

    /// What the harness lacked, where the operation failed for that.
    pub fn harness(&self) -> Option<HarnessFault> {
        match self {
            Self::Harness { fault, .. } => Some(*fault),
            _ => None,
        }
    }

    /// The same outcome with its words rewritten, e.g. scrubbed of secrets.
    #[must_use]
    pub fn reworded(self, words: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Ok => Self::Ok,
            Self::Failed(failure) => Self::Failed(Failure { message: words(&failure.message), ..failure }),
            Self::Indeterminate { why } => Self::Indeterminate { why: words(&why) },
            Self::Harness { fault, why } => Self::Harness { fault, why: words(&why) },
        }
    }

    /// The server's failure, if it answered with one.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// When something was due, sent and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it was due.
    pub intended: Micros,
    /// When it was really sent.
    pub start: Micros,
    /// When its answer, or the lack of one, was known.
    pub end: Micros,
}

/// One operation as it was done: the unit of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationRecord {
    /// The lifecycle it belongs to, counted from 1 in order of arrival; 0 for what belongs to none.
    pub lifecycle: u64,
    /// The Vault role asked for.
    pub role: String,
    /// The phase in which the lifecycle arrived.
    pub phase: String,
    /// What was done.
    pub op: Operation,
    /// When it was due. Response time counts from here.
    pub intended: Micros,
    /// When it was really sent. Service time counts from here.
    pub start: Micros,
    /// When its answer, or the lack of one, was known.
    pub end: Micros,
    /// How it ended.
    pub outcome: Outcome,
    /// The lease it made or was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
    /// The credential's PostgreSQL role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
    /// That role's OID, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<u32>,
    /// Seconds of lease that Vault's answer granted (issue, renew).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_seconds: Option<u64>,
    /// Whether Vault's answer said the lease can be renewed (issue, renew).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewable: Option<bool>,
    /// Seconds that a renewal asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increment_seconds: Option<u64>,
    /// Warnings in Vault's answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// `host:port/database` of a login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Whether the login went to where reads of standbys go, which may lag behind their primary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standby: bool,
    /// Whether a login worked and the lifecycle's query after it is what failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub query_failed: bool,
    /// Which rule a request of [`Operation::Refused`] broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedRequest>,
    /// Of an issue: the name of the scenario's lifecycle that it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_name: Option<String>,
}

impl OperationRecord {
    /// A record with what every operation has; the rest is empty.
    pub fn new(
        lifecycle: u64,
        role: impl Into<String>,
        phase: impl Into<String>,
        op: Operation,
        span: Span,
        outcome: Outcome,
    ) -> Self {
        let Span { intended, start, end } = span;
        Self {
            lifecycle,
            role: role.into(),
            phase: phase.into(),
            op,
            intended,
            start,
            end,
            outcome,
            lease: None,
            username: None,
            oid: None,
            lease_seconds: None,
            renewable: None,
            increment_seconds: None,
            warnings: Vec::new(),
            endpoint: None,
            standby: false,
            query_failed: false,
            refused: None,
            lifecycle_name: None,
        }
    }
}
