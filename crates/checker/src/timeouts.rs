//! The timeouts of the credentials' client.

use std::time::Duration;

use leaseproof_domain::{Dropped, Micros, Operation, OperationRecord};
use leaseproof_scenario::{LifecyclePlan, Plan};

/// The time-outs of a plan's client.
#[derive(Clone, Copy)]
pub(crate) struct Timeouts<'p> {
    plan: &'p Plan,
}

impl<'p> Timeouts<'p> {
    pub(crate) fn of(plan: &'p Plan) -> Self {
        Self { plan }
    }

    /// How long the client waits for the operation's answer.
    pub(crate) fn operation(self, record: &OperationRecord) -> Duration {
        match record.op {
            Operation::Issue => self.issue(record.lifecycle_name.as_deref(), &record.role, &record.phase),
            _ => self.client(),
        }
    }

    /// How long the client would have waited for a dropped arrival's answer.
    pub(crate) fn dropped(self, dropped: &Dropped) -> Duration {
        self.issue(dropped.lifecycle_name.as_deref(), &dropped.role, &dropped.phase)
    }

    pub(crate) fn client(self) -> Duration {
        self.plan.client.timeout.duration()
    }

    /// Of several lifecycles that may be meant, the one that waits least.
    fn issue(self, lifecycle: Option<&str>, role: &str, phase: &str) -> Duration {
        let phase = self.plan.phases.iter().find(|other| other.name == phase);
        let mixed = |lifecycle: &LifecyclePlan| phase.is_none_or(|phase| phase.mix.contains_key(&lifecycle.name));
        let meant = |plan: &&LifecyclePlan| match lifecycle {
            Some(name) => plan.name == name,
            None => plan.role == role && mixed(plan),
        };
        let own = self
            .plan
            .lifecycles
            .iter()
            .filter(meant)
            .map(|lifecycle| lifecycle.timeout.map(leaseproof_domain::Ttl::duration));
        own.map(|own| own.unwrap_or(self.client())).min().unwrap_or(self.client()).min(self.client())
    }
}

/// The span in microseconds.
pub(crate) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// From one moment to another in microseconds, and at least the time-out: what is known of a time without an answer.
pub(crate) fn waited(from: Micros, to: Micros, timeout: Duration) -> u64 {
    to.0.saturating_sub(from.0).max(micros(timeout))
}
