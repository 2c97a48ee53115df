use leaseproof_domain::{Event, Finding, Operation, OperationRecord, RefusedRequest};

use super::due;
use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};

/// A wrong password lets nobody in.
pub(super) struct WrongPasswords {
    role: Option<String>,
}

impl WrongPasswords {
    pub(super) fn new(role: Option<String>) -> Self {
        Self { role }
    }
}

impl Check for WrongPasswords {
    fn see(&mut self, event: &Event, run: &Run<'_>, collector: &mut FindingCollector) {
        let Event::Operation(record) = event else { return };
        let ours = self.role.as_ref().is_none_or(|role| *role == record.role);
        if record.refused == Some(RefusedRequest::WrongPassword) && ours {
            judge(record, run, collector);
        }
    }

    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        due::expect(Operation::Refused, lifecycle, run, collector);
    }

    fn without_samples(&self) -> &'static str {
        "no login with a wrong password was answered"
    }
}

fn judge(record: &OperationRecord, run: &Run<'_>, collector: &mut FindingCollector) {
    if record.outcome.failure().is_some() {
        collector.sample();
    }
    if !record.outcome.is_open() || !run.is_excused(record.start, record.end) {
        collector.expect(!record.outcome.is_open());
    }
    if record.outcome.is_ok() {
        collector.sample();
        let name = record.username.as_ref().map_or("a credential", |name| name.as_str());
        let at = record.endpoint.as_deref().unwrap_or("PostgreSQL");
        collector.find(Finding {
            what: format!("a login of {name} with a wrong password at {at}: expected 28P01, got success"),
            lease: record.lease.clone(),
            username: record.username.clone(),
            oid: record.oid,
            at: Some(record.start),
            ..Finding::default()
        });
    }
}
