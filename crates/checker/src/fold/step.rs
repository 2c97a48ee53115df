use std::rc::Rc;

use leaseproof_domain::{Failure, Micros, Operation, Outcome};

/// Classes of SQLSTATEs that are about a query and not about the server's state (PostgreSQL, appendix A): not supported,
/// cardinality, data, integrity, no such database or schema, syntax and privileges, an error that PL/pgSQL raises.
const QUERY_ERRORS: [&str; 8] = ["0A", "21", "22", "23", "3D", "3F", "42", "P0"];

/// The span of one question: what it shows was true somewhere in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ObservationTime {
    pub(crate) from: Micros,
    pub(crate) to: Micros,
}

impl ObservationTime {
    /// The span in which an operation was with its server.
    pub(crate) fn of(step: &Step) -> Self {
        Self { from: step.start, to: step.end }
    }
}

/// One operation of a lifecycle.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) op: Operation,
    pub(crate) start: Micros,
    pub(crate) end: Micros,
    pub(crate) outcome: Outcome,
    pub(crate) lease_seconds: Option<u64>,
    pub(crate) increment_seconds: Option<u64>,
    pub(crate) renewable: Option<bool>,
    /// Whether Vault's answer had warnings: it warns where it cuts a TTL.
    pub(crate) warned: bool,
    pub(crate) endpoint: Option<Rc<str>>,
    /// Whether it was a login at a standby.
    pub(crate) standby: bool,
    /// Whether the login worked and the query after it did not.
    pub(crate) query_failed: bool,
}

impl Step {
    pub(crate) fn is_ok(&self) -> bool {
        self.outcome.is_ok()
    }

    pub(crate) fn is_indeterminate(&self) -> bool {
        self.outcome.is_open()
    }

    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.outcome.failure()
    }

    /// What PostgreSQL answered to the query of a login that worked, where the query itself is what it rejects: it is
    /// wrong, or a privilege is missing. A server that shuts down or lacks connections rejects any query.
    pub(crate) fn rejected_query(&self) -> Option<&Failure> {
        let of_query = |failure: &&Failure| QUERY_ERRORS.iter().any(|class| failure.code.starts_with(class));
        self.failure().filter(|_| self.query_failed).filter(of_query)
    }

    /// Why the login was refused, where it was.
    pub(crate) fn refusal(&self) -> Option<&Failure> {
        self.failure().filter(|_| self.rejected_query().is_none())
    }
}

/// That a role was no longer observed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone {
    /// The beginning of the last observation that showed it: it was there until then at least.
    pub(crate) seen_from: Option<Micros>,
    /// The first observation that did not.
    pub(crate) observation: ObservationTime,
}
