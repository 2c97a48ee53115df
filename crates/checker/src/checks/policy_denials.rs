use leaseproof_domain::{Event, Failure, FailureSource, Finding, Micros, Operation, OperationRecord, RefusedRequest};

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Orphan, Run};
use crate::windows::Selection;

/// Requests that the policy does not allow are refused with 403 and make no role.
pub(super) struct PolicyDenials {
    role: Option<String>,
    requests: Vec<OperationRecord>,
    /// When the first issue of the load was sent.
    first_issue: Option<Micros>,
}

impl PolicyDenials {
    pub(super) fn new(role: Option<String>) -> Self {
        Self { role, requests: Vec::new(), first_issue: None }
    }
}

impl Check for PolicyDenials {
    fn see(&mut self, event: &Event, _: &Run<'_>, _: &mut FindingCollector) {
        let Event::Operation(record) = event else { return };
        if record.op == Operation::Issue {
            self.first_issue = Some(self.first_issue.map_or(record.start, |first| first.min(record.start)));
        }
        let of_vault = record.refused != Some(RefusedRequest::WrongPassword);
        if record.op == Operation::Refused && of_vault && self.role.as_ref().is_none_or(|role| *role == record.role) {
            self.requests.push(record.clone());
        }
    }

    fn end(&mut self, _: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        // A role that was first seen after the load had begun may be an issue's: INV-3 judges it.
        let before_load = |orphan: &&Orphan| self.first_issue.is_none_or(|first| orphan.appeared.to < first);
        let orphans: Vec<&Orphan> = whole.orphans.iter().filter(before_load).collect();
        for request in &self.requests {
            judge(request, &orphans, collector);
        }
        for kind in RefusedRequest::ALL {
            let answered = |request: &&OperationRecord| {
                request.refused == Some(kind) && (request.outcome.is_ok() || request.outcome.failure().is_some())
            };
            if !self.requests.iter().any(|request| answered(&request)) {
                collector.cannot_say(format!("no request for {} was answered", kind.words()));
            }
        }
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        None
    }

    fn without_samples(&self) -> &'static str {
        "no request that must be rejected was answered"
    }

    fn raise(&self) -> &'static [&'static str] {
        &["for"]
    }
}

fn judge(request: &OperationRecord, orphans: &[&Orphan], collector: &mut FindingCollector) {
    let asked = request.refused.map_or("a request that must be rejected", RefusedRequest::words);
    let finding = |what: String, code: Option<String>| Finding {
        what,
        code,
        lease: request.lease.clone(),
        username: request.username.clone(),
        at: Some(request.start),
        ..Finding::default()
    };
    let is_refusal = |failure: &Failure| failure.source == FailureSource::Vault && failure.code == "403";
    if request.outcome.is_ok() {
        collector.sample();
        collector.find(finding(format!("{asked}: expected HTTP 403, got access"), None));
    } else if let Some(failure) = request.outcome.failure() {
        collector.sample();
        if !is_refusal(failure) {
            let what = format!("{asked}: expected HTTP 403, got {failure}");
            collector.find(finding(what, Some(failure.code.clone())));
        }
    }
    let made = |orphan: &&&Orphan| {
        !orphan.explained && orphan.track.absent_from <= request.end && orphan.appeared.to >= request.start
    };
    if let Some(orphan) = orphans.iter().find(made) {
        let what = format!(
            "{asked}: {} appeared in pg_roles at that time and belongs to no issue; no role may be created",
            orphan.track.name
        );
        let mut finding = finding(what, None);
        finding.username = Some(orphan.track.name.clone());
        finding.oid = Some(orphan.track.oid);
        collector.find(finding);
    }
}
