//! A live DNS server on an issued credential: what it was asked, what it answered, and on which credential it works.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LatencySummary, LeaseId, Micros, Outcome, Username};

/// Something that was done to, or seen of, a live DNS server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "dns")]
pub enum DnsEvent {
    /// A question was sent.
    Query(DnsQuery),
    /// A record was made or taken away, by the server's own interface.
    Write(ZoneWrite),
    /// The server's configuration was rendered with a credential.
    Rendered(Rendering),
    /// The agent's token was tried on a path that its policy does not name.
    Policy(PolicyProbe),
}

impl DnsEvent {
    /// The latest moment that it tells of.
    pub const fn moment(&self) -> Micros {
        match self {
            Self::Query(query) => query.end,
            Self::Write(write) => write.end,
            Self::Rendered(rendering) => rendering.to,
            Self::Policy(probe) => probe.end,
        }
    }
}

/// A question to a DNS server and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsQuery {
    /// When it was due. Response time counts from here.
    pub intended: Micros,
    /// When it was really sent. Service time counts from here.
    pub start: Micros,
    /// When its answer, or the lack of one, was known.
    pub end: Micros,
    /// What came.
    pub answer: DnsAnswer,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum DnsAnswer {
    /// An answer.
    Code {
        /// Its response code as the field writes it: `NOERROR`, `SERVFAIL`, `NXDOMAIN`.
        rcode: String,
        /// How many records its answer section has.
        records: u64,
    },
    /// None: a time-out, a refused packet, or something that is no answer to the question.
    None {
        /// What was seen instead.
        why: String,
    },
}

impl fmt::Display for DnsAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { rcode, .. } => f.write_str(rcode),
            Self::None { .. } => f.write_str("no answer"),
        }
    }
}

/// What is done to a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZoneChange {
    /// A record is made.
    Create,
    /// It is taken away.
    Delete,
}

impl ZoneChange {
    /// The change in words, of a record that follows.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Create => "creating",
            Self::Delete => "deleting",
        }
    }
}

/// A change of a zone through the server's own interface, and whether its answers show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneWrite {
    /// What was changed.
    pub change: ZoneChange,
    /// The record's name, fully qualified.
    pub name: String,
    /// Before the request.
    pub start: Micros,
    /// After its answer, and the answer to the question for the record.
    pub end: Micros,
    /// What the server said.
    pub outcome: ZoneOutcome,
    /// Whether a question for the record showed the change; none where the change was refused, or no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<bool>,
}

/// What a server said to a change of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum ZoneOutcome {
    /// It is done.
    Done,
    /// It was refused.
    Refused {
        /// HTTP status of the server's interface.
        status: u16,
        /// The server's words, scrubbed.
        message: String,
    },
    /// No answer came: it may have been done.
    NoAnswer {
        /// What was seen instead.
        why: String,
    },
}

/// A configuration that was rendered with a credential. It was rendered somewhere between `from` and `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rendering {
    /// Its number, from 1: the one that the server is started with.
    pub number: u32,
    /// The beginning of the last observation that did not show it.
    pub from: Micros,
    /// The end of the observation that showed it.
    pub to: Micros,
    /// The Vault role that the credential is of.
    pub role: String,
    /// The credential's PostgreSQL role.
    pub username: Username,
    /// Its lease.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
}

/// A request with the agent's token that has to be refused. `ok` means that it was *granted*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyProbe {
    /// The path that was read.
    pub path: String,
    /// Before the request.
    pub start: Micros,
    /// After its answer.
    pub end: Micros,
    /// What Vault said.
    pub outcome: Outcome,
}

/// The figures of the live DNS server over a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DnsFigures {
    /// Queries that were sent.
    pub queries: u64,
    /// Of those, answered as promised.
    pub answered: u64,
    /// Other answers, and queries without an answer, inside the windows after renderings, by result.
    pub inside: Vec<(String, u64)>,
    /// The same outside of them.
    pub outside: Vec<(String, u64)>,
    /// Times of the questions answered as promised, from the intended start.
    pub response: LatencySummary,
    /// Renderings of the configuration, including the first one.
    pub renderings: u64,
    /// Renderings after which sessions of the new credential appeared.
    pub switches: u64,
    /// From each rendering after the first to the end of the last query without the promised answer in its window: how
    /// long a change of credentials has an effect.
    pub impact: LatencySummary,
    /// Zone changes that were done and confirmed by a query.
    pub writes: u64,
}
