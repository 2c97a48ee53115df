use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Micros, Operation, Origin, Outcome, ServerNote};

/// The begin or the end of an action that the scenario's operator takes during the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionMark {
    /// Its number in the plan, from 1.
    pub action: u32,
    /// When.
    pub at: Micros,
    /// The action in a few words: `rotate the root password: write database/rotate-root/target`.
    pub words: String,
    /// How it ended; none when it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<ActionEnd>,
}

/// How an action ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionEnd {
    /// The server's answer, without secrets.
    pub outcome: Outcome,
    /// Why this is not the end that the scenario expects, with the server's message; none if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint: Option<String>,
    /// Warnings and notices in the answer, without secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<ServerNote>,
}

/// One action of a run and its effects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionFigures {
    /// Its number, from 1.
    pub action: u32,
    /// Its description: `rotate the root password: write database/rotate-root/target`.
    pub what: String,
    /// Its line in the scenario.
    pub origin: Origin,
    /// When it began; none if the load ended before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Micros>,
    /// How long it took, in microseconds; none if it did not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<u64>,
    /// The server's answer; none if it did not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Whether that is the end that the scenario expects.
    pub expected: bool,
    /// The declared window, if the scenario declares that operations may fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<ActionWindow>,
    /// The declared end of credentials, if the scenario declares one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<ActionEnds>,
}

/// The window in which an action may make operations fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionWindow {
    /// The operations, as the scenario names them: `issue`, `login`, `renew`, `revoke`.
    pub affects: Vec<String>,
    /// The end of the window, in microseconds from the action's beginning; none if it did not end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// The start of the last failed operation, in microseconds from the action's beginning; none if none failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<u64>,
    /// When a credential was acknowledged that was requested after the last failed issue, in microseconds from the
    /// action's beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<u64>,
    /// Failed operations inside the window, by operation and code (or `no answer`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<(Operation, String, u64)>,
}

/// The credentials that an action ends early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionEnds {
    /// The roles that the scenario declares.
    pub roles: Vec<String>,
    /// How many of their credentials were live when the action began.
    pub credentials: u64,
}

/// An action that began before a cause's first finding, or met its operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionBefore {
    /// Its number, from 1.
    pub action: u32,
    /// Its description.
    pub what: String,
    /// When it began, in microseconds of the run.
    pub at: Micros,
    /// Its line in the scenario.
    pub origin: Origin,
}
