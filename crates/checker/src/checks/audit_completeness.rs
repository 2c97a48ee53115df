use std::collections::BTreeMap;

use leaseproof_domain::{AuditEntry, Event, Finding, LeaseId, Micros, Observer, Operation, OperationRecord, Username};

use super::audit_pairs::Pairs;
use super::due;
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};
use crate::met::Met;

/// Every acknowledged operation stands in the audit log, as one request and one response.
pub(super) struct AuditCompleteness {
    role: Option<String>,
    /// Acknowledged leases whose entry has not come yet.
    awaited: BTreeMap<LeaseId, (Micros, Option<Username>)>,
    /// Leases that have an entry.
    entered: Met,
    /// Those of them that have more than one.
    repeated: Met,
    pairs: Pairs,
    /// Whether the log was read, and read to its end.
    read: Option<bool>,
}

impl AuditCompleteness {
    pub(super) fn new(role: Option<String>) -> Self {
        Self {
            role,
            awaited: BTreeMap::new(),
            entered: Met::default(),
            repeated: Met::default(),
            pairs: Pairs::default(),
            read: None,
        }
    }

    fn issued(&mut self, record: &OperationRecord, collector: &mut FindingCollector) {
        let Some(lease) = &record.lease else { return };
        if self.entered.contains(lease.as_str()) {
            collector.sample();
        } else {
            self.awaited.insert(lease.clone(), (record.end, record.username.clone()));
        }
    }

    fn logged(&mut self, entry: &AuditEntry, collector: &mut FindingCollector) {
        let Some(lease) = &entry.lease else { return };
        if !self.entered.is_new(lease.as_str()) && self.repeated.is_new(lease.as_str()) {
            collector.find(Finding {
                what: format!("{lease}: expected 1 issue response in the audit log, got more"),
                lease: Some(lease.clone()),
                ..Finding::default()
            });
        }
        if self.awaited.remove(lease).is_some() {
            collector.sample();
        }
    }
}

impl Check for AuditCompleteness {
    fn see(&mut self, event: &Event, _: &Run<'_>, collector: &mut FindingCollector) {
        self.pairs.see(event);
        match event {
            Event::Operation(record)
                if record.op == Operation::Issue
                    && record.outcome.is_ok()
                    && self.role.as_ref().is_none_or(|role| *role == record.role) =>
            {
                self.issued(record, collector);
            }
            // A renewal's response names its lease too.
            Event::Audit(entry) if entry.response && !entry.path.starts_with("sys/") => self.logged(entry, collector),
            Event::LogRead { source, complete, .. } if source == "audit" => {
                self.read = Some(self.read.unwrap_or(true) && *complete);
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        [Operation::Renew, Operation::Revoke].into_iter().for_each(|op| due::expect(op, lifecycle, run, collector));
    }

    fn end(&mut self, _: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        match self.read {
            None if whole.complete => collector.find(Finding {
                what: "no audit device is enabled, but `audit` is promised".to_owned(),
                ..Finding::default()
            }),
            None => collector.cannot_say("the audit log was not read"),
            Some(false) => collector.cannot_say("the audit log was not read to its end"),
            Some(true) if !whole.complete => {}
            Some(true) => {
                self.pairs.judge(collector);
                for (lease, (at, username)) in std::mem::take(&mut self.awaited) {
                    collector.sample();
                    collector.find(Finding {
                        what: format!("the issue of {lease} was acknowledged, but has no response in the audit log"),
                        lease: Some(lease),
                        username,
                        at: Some(at),
                        ..Finding::default()
                    });
                }
            }
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Audit]
    }

    fn without_samples(&self) -> &'static str {
        "no issue was acknowledged"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}
