use leaseproof_domain::{Finding, Micros, Ttl};
use leaseproof_scenario::Promised;

use super::first_logins::first_logins;
use crate::check::{Check, Whole};
use crate::fold::{Life, Run};
use crate::sheet::Sheet;
use crate::statistics::Times;
use crate::words::span;

/// A credential is usable within the promised time.
#[derive(Default)]
pub(super) struct Inv1 {
    waits: Times,
}

impl Check for Inv1 {
    fn life(&mut self, life: &Life, run: &Run<'_>, sheet: &mut Sheet) {
        let Some(issue) = life.acknowledged() else { return };
        let usable = run.plan.promise.usable_within.as_ref();
        let within = |usable: &Promised<Ttl>| run.faults.deadline(issue.end, usable.value.duration(), |_| None);
        let deadline = usable.and_then(within).unwrap_or(Micros(u64::MAX));
        for login in first_logins(life) {
            let last = login.refused.last();
            let (at, what) = if let Some(worked) = login.worked {
                let wait = worked.start.since(issue.end);
                self.waits.record(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
                sheet.sample();
                if worked.start <= deadline {
                    continue;
                }
                let name = life.name();
                (
                    worked.start,
                    format!("the first login of {name} that worked began {} after the issue's answer", span(wait)),
                )
            } else if let Some(last) = last.filter(|last| last.start > deadline) {
                sheet.sample();
                let wait = span(last.start.since(issue.end));
                (last.start, format!("{} was still refused {wait} after the issue's answer", life.name()))
            } else {
                continue;
            };
            let promise = usable.map_or_else(String::new, |usable| format!("; {} is promised", usable.value));
            sheet.find(Finding {
                code: last.and_then(|step| step.failure()).map(|failure| failure.code.clone()),
                promised: usable.map(|usable| usable.origin.clone()),
                ..life.finding(at, format!("{what}{promise}"))
            });
        }
    }

    fn end(&mut self, _: &Run<'_>, _: &Whole<'_>, sheet: &mut Sheet) {
        sheet.measured(self.waits.summary());
    }

    fn without_samples(&self) -> &'static str {
        "no fresh credential's login was answered"
    }
}
