use std::time::Duration;

use leaseproof_domain::{Finding, Micros, Operation, Ttl};
use leaseproof_scenario::Promised;

use super::endpoints::Endpoints;
use super::first_logins::{FirstLogin, expect_first_logins, first_logins};
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run, Step};
use crate::timeouts::micros;
use crate::times::Times;
use crate::windows::Selection;
use crate::words::span;

/// A credential is usable within the promised time.
pub(super) struct UsableCredentials {
    role: Option<String>,
    waits: Times,
    /// First logins of issued credentials: one at each endpoint of their cluster.
    due: u64,
    expected: Endpoints,
}

impl Check for UsableCredentials {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = lifecycle.acknowledged() else { return };
        self.due += run.promise(&lifecycle.role).map_or(1, |promise| run.plan.endpoints(promise) as u64);
        let logins = first_logins(lifecycle);
        let judged: Vec<bool> =
            logins.iter().map(|login| self.judge(lifecycle, issue, login, run, collector)).collect();
        expect_first_logins(&mut self.expected, lifecycle, &logins, &judged, run);
    }

    fn end(&mut self, run: &Run<'_>, whole: &Whole<'_>, collector: &mut FindingCollector) {
        let of_role = whole.windows.merged(Selection { role: self.role.as_deref(), ..Selection::default() });
        collector.measured(self.waits.summary(), of_role.measured_of(self.due));
        self.expected.expect("", run, collector);
    }

    fn without_samples(&self) -> &'static str {
        "no login of a new credential was answered"
    }
}

impl UsableCredentials {
    pub(super) fn new(role: Option<String>) -> Self {
        Self { role, waits: Times::default(), due: 0, expected: Endpoints::default() }
    }

    /// Answers whether it could be judged.
    fn judge(
        &mut self,
        lifecycle: &Lifecycle,
        issue: &Step,
        login: &FirstLogin<'_>,
        run: &Run<'_>,
        collector: &mut FindingCollector,
    ) -> bool {
        if login.hindered {
            return false;
        }
        let usable = run.plan.promise.usable_within.as_ref();
        let within = |usable: &Promised<Ttl>| {
            run.faults.deadline(issue.end, usable.value.duration(), Operation::Login, |_| None)
        };
        let deadline = usable.and_then(within).unwrap_or(Micros(u64::MAX));
        let last = login.refused.last();
        let (at, what) = if let Some(worked) = login.rejected.first().copied().or(login.worked) {
            let wait = worked.start.since(issue.end);
            self.waits.record(micros(wait));
            collector.sample();
            if worked.start <= deadline {
                return true;
            }
            let name = lifecycle.name();
            (
                worked.start,
                format!("the first successful login of {name} began {} after the issue's answer", span(wait)),
            )
        } else if let Some(until) = login.failed.map(|step| tried_until(step, run)) {
            // It was not usable for that long at least, whether it was refused or had no answer.
            let wait = until.since(issue.end);
            self.waits.record_at_least(micros(wait));
            if until <= deadline {
                return false;
            }
            collector.sample();
            (until, still(lifecycle.name(), last.is_some(), wait))
        } else {
            return false;
        };
        let promise = usable.map_or_else(String::new, |usable| format!("; expected at most {}", usable.value));
        collector.find(Finding {
            code: last.and_then(|step| step.failure()).map(|failure| failure.code.clone()),
            promised: usable.map(|usable| usable.origin.clone()),
            ..lifecycle.finding(at, format!("{what}{promise}"))
        });
        true
    }
}

/// Until when a login that did not work shows that none did: the next one begins after a time-out, and another one may
/// have begun at once after anything else.
fn tried_until(step: &Step, run: &Run<'_>) -> Micros {
    let timed_out = step.end.since(step.start) >= run.plan.client.timeout.duration();
    if timed_out { step.end } else { step.start }
}

/// What a credential came to that no login worked with, `wait` after its issue's answer.
fn still(name: &str, refused: bool, wait: Duration) -> String {
    let wait = span(wait);
    if refused {
        format!("{name} was still rejected {wait} after the issue's answer")
    } else {
        format!("no login of {name} was answered in the {wait} after the issue's answer")
    }
}
