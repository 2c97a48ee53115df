//! What the scenario's operator does during the load.

use std::fmt;
use std::str::FromStr;

use leaseproof_domain::{Operation, Ttl};
use serde::{Deserialize, Serialize};

use super::SetupStep;

/// An action of the operator during a phase, and what it may do to promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionPlan {
    /// What it does, and how that has to end.
    pub step: SetupStep,
    /// The phase in which it begins.
    pub phase: String,
    /// How long after the phase's beginning.
    pub at: Ttl,
    /// The operations that may fail in its window; without any it has no window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affects: Vec<Affected>,
    /// Codes of errors that these operations may fail with (SQLSTATE, HTTP status).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect_errors: Vec<String>,
    /// The name of the later action whose end heals its effect; its own end does, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// How long after the healing its window lasts, and by when credentials have to be issued again.
    pub recovers_within: Ttl,
    /// How long after the window a credential may last whose lease ended inside it, and how long after the action one
    /// may last that the action ends; the promise's `dead_within` where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_within: Option<Ttl>,
    /// The promised roles whose live credentials it ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends_leases_of: Vec<String>,
}

impl ActionPlan {
    /// Whether an operation may fail in its window.
    pub fn affects(&self, op: Operation) -> bool {
        self.affects.iter().any(|affected| affected.has(op))
    }
}

/// The fault, action or step of that number: the history counts them from 1.
pub fn numbered<T>(all: &[T], number: u32) -> Option<&T> {
    all.get(usize::try_from(number).ok()?.checked_sub(1)?)
}

/// The numbers, from 1, of the actions whose effect the end of action `number` heals.
pub fn healed_by(actions: &[ActionPlan], number: u32) -> impl Iterator<Item = u32> {
    let name = numbered(actions, number).and_then(|action| action.step.name.as_deref());
    (1..).zip(actions).filter_map(move |(other, action)| {
        let healed = match action.until.as_deref() {
            Some(until) => Some(until) == name,
            None => other == number,
        };
        healed.then_some(other)
    })
}

/// An operation of the load that an action may make fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Affected {
    /// Issuing credentials.
    Issue,
    /// Logins with credentials, and the queries after them.
    Login,
    /// Renewals of leases.
    Renew,
    /// Revocations, also those of leases that expire.
    Revoke,
}

impl Affected {
    const ALL: [Self; 4] = [Self::Issue, Self::Login, Self::Renew, Self::Revoke];

    /// The names of all operations.
    pub const NAMES: [&'static str; 4] =
        [Self::Issue.name(), Self::Login.name(), Self::Renew.name(), Self::Revoke.name()];

    /// Its name in a scenario.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Login => "login",
            Self::Renew => "renew",
            Self::Revoke => "revoke",
        }
    }

    /// Whether the operation is one of these.
    pub const fn has(self, op: Operation) -> bool {
        match op {
            Operation::Issue => matches!(self, Self::Issue),
            Operation::Login | Operation::Relogin => matches!(self, Self::Login),
            Operation::Renew => matches!(self, Self::Renew),
            Operation::Revoke => matches!(self, Self::Revoke),
            Operation::DeadLogin | Operation::Refused => false,
        }
    }
}

impl fmt::Display for Affected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Affected {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|affected| affected.name() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::Affected;

    #[test]
    fn each_operation_is_read_by_the_name_that_it_is_written_with() {
        let names = ["issue", "login", "renew", "revoke"];
        for (place, (name, affected)) in names.into_iter().zip(Affected::ALL).enumerate() {
            assert_eq!((affected.to_string().as_str(), Affected::NAMES[place]), (name, name));
            assert_eq!(name.parse(), Ok(affected));
            assert_eq!(serde_json::to_string(&affected).unwrap(), format!("\"{name}\""));
        }
    }
}
