use leaseproof_domain::{Event, Finding, Operation, OperationRecord, RefusedRequest};

use super::due;
use crate::check::Check;
use crate::fold::{Life, Run};
use crate::sheet::Sheet;

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
    fn see(&mut self, event: &Event, run: &Run<'_>, sheet: &mut Sheet) {
        let Event::Operation(record) = event else { return };
        let ours = self.role.as_ref().is_none_or(|role| *role == record.role);
        if record.refused == Some(RefusedRequest::WrongPassword) && ours {
            judge(record, run, sheet);
        }
    }

    fn life(&mut self, life: &Life, run: &Run<'_>, sheet: &mut Sheet) {
        due::expect(Operation::Refused, life, run, sheet);
    }

    fn without_samples(&self) -> &'static str {
        "no login with a wrong password was answered"
    }
}

fn judge(record: &OperationRecord, run: &Run<'_>, sheet: &mut Sheet) {
    if record.outcome.failure().is_some() {
        sheet.sample();
    }
    if !record.outcome.is_open() || !run.is_excused(record.start, record.end) {
        sheet.expect(!record.outcome.is_open());
    }
    if record.outcome.is_ok() {
        sheet.sample();
        let name = record.username.as_ref().map_or("a credential", |name| name.as_str());
        let at = record.endpoint.as_deref().unwrap_or("PostgreSQL");
        sheet.find(Finding {
            what: format!("a login of {name} with a wrong password at {at}: expected 28P01, got success"),
            lease: record.lease.clone(),
            username: record.username.clone(),
            oid: record.oid,
            at: Some(record.start),
            ..Finding::default()
        });
    }
}
