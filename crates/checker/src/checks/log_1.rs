use leaseproof_domain::{Finding, Micros};

use super::first_logins::{FirstLogin, first_logins};
use crate::check::Check;
use crate::fold::{Life, Run, Step};
use crate::sheet::Sheet;
use crate::words::{count, span};

/// A fresh credential can log in, at every endpoint of the estate.
pub(super) struct Log1;

impl Check for Log1 {
    fn life(&mut self, life: &Life, run: &Run<'_>, sheet: &mut Sheet) {
        let Some(issue) = life.acknowledged() else { return };
        for login in first_logins(life) {
            judge(life, issue, &login, run, sheet);
        }
    }

    fn without_samples(&self) -> &'static str {
        "no fresh credential's login was answered"
    }
}

fn judge(life: &Life, issue: &Step, login: &FirstLogin<'_>, run: &Run<'_>, sheet: &mut Sheet) {
    let usable = run.plan.promise.usable_within.as_ref();
    let deadline = usable.map_or(Micros(u64::MAX), |usable| issue.end.after(usable.value.duration()));
    let refusal = login.refused.last().and_then(|step| Some((*step, step.failure()?)));
    let (at, what, failure) = match (login.worked, refusal) {
        (Some(worked), Some((_, failure))) if worked.start > deadline => {
            let after = span(worked.start.since(issue.end));
            let what = format!("was let in at {} only {after} after the issue's answer", login.endpoint);
            (worked.start, what, failure)
        }
        // One that was late and never refused is the generator's lateness; INV-1 measures it.
        (Some(_), _) => return sheet.sample(),
        // Tries that broke off before the promised time was over say nothing.
        (None, Some((last, _))) if usable.is_some() && last.start < deadline => return,
        (None, Some((last, failure))) => (last.start, format!("was never let in at {}", login.endpoint), failure),
        (None, None) => return,
    };
    sheet.sample();
    let refusals = count(login.refused.len() as u64, "refusal");
    sheet.find(Finding {
        code: Some(failure.code.clone()),
        promised: usable.map(|usable| usable.origin.clone()),
        ..life.finding(at, format!("{} {what}, after {refusals}, the last {failure}", life.name()))
    });
}
