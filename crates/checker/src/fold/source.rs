use std::time::Duration;

use leaseproof_domain::{Operation, Origin, Ttl};
use leaseproof_scenario::{ActionPlan, FaultPlan};

/// Why operations may fail for a time: a fault, or an action that declares it.
#[derive(Clone, Copy)]
pub(crate) enum Source<'p> {
    Fault(&'p FaultPlan),
    Action(&'p ActionPlan),
}

impl<'p> Source<'p> {
    /// The fault, where it is one.
    pub(crate) fn fault(self) -> Option<&'p FaultPlan> {
        match self {
            Self::Fault(plan) => Some(plan),
            Self::Action(_) => None,
        }
    }

    /// It in a sentence, with its number: `fault 1 (kill on vault)`.
    pub(crate) fn words(self, number: u32) -> String {
        match self {
            Self::Fault(plan) => format!("fault {number} ({})", plan.words()),
            Self::Action(plan) => format!("action {number} ({})", plan.step.words()),
        }
    }

    pub(crate) fn origin(self) -> &'p Origin {
        match self {
            Self::Fault(plan) => &plan.origin,
            Self::Action(plan) => &plan.step.origin,
        }
    }

    pub(crate) fn recovers_within(self) -> Ttl {
        match self {
            Self::Fault(plan) => plan.recovers_within,
            Self::Action(plan) => plan.recovers_within,
        }
    }

    pub(crate) fn dead_within(self) -> Option<Duration> {
        match self {
            Self::Fault(plan) => plan.dead_within,
            Self::Action(plan) => plan.dead_within,
        }
        .map(Ttl::duration)
    }

    /// Whether it may make the operation fail.
    pub(crate) fn affects(self, op: Operation) -> bool {
        match self {
            Self::Fault(_) => true,
            Self::Action(plan) => plan.affects(op),
        }
    }

    pub(crate) fn expects(self, code: &str) -> bool {
        match self {
            Self::Fault(plan) => &plan.expect_errors,
            Self::Action(plan) => &plan.expect_errors,
        }
        .iter()
        .any(|expected| expected == code)
    }
}
