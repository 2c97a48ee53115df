use leaseproof_domain::{Finding, Micros, Outcome};
use leaseproof_scenario::LifecyclePlan;

use super::endpoints::Endpoints;
use super::first_logins::{FirstLogin, expect_first_logins, first_logins};
use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run, Step};
use crate::words::{TIMED_OUT, TO_THE_QUERY, count, span};

/// A fresh credential can log in, at every endpoint of the environment.
#[derive(Default)]
pub(super) struct FreshLogins {
    expected: Endpoints,
    /// First logins, and what was found of those that nobody answered.
    due: u64,
    silent: Vec<Finding>,
    /// Whether all that was found is that nobody answered until the client's time-out; none without findings.
    only_timed_out: Option<bool>,
}

impl Check for FreshLogins {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let Some(issue) = lifecycle.acknowledged() else { return };
        let logins = first_logins(lifecycle);
        self.due += logins.len() as u64;
        let judged: Vec<bool> =
            logins.iter().map(|login| self.judge(lifecycle, issue, login, run, collector)).collect();
        expect_first_logins(&mut self.expected, lifecycle, &logins, &judged, run);
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        self.expected.expect("", run, collector);
        let share = run.plan.promise.unanswered.as_ref().map_or(0.0, |promise| promise.value);
        // As AVL-1 does, a share of few is rounded up to a whole one.
        if self.silent.len() as f64 > (share * self.due as f64).ceil() {
            for finding in std::mem::take(&mut self.silent) {
                self.found(finding.what.contains(TIMED_OUT));
                collector.find(finding);
            }
        }
    }

    /// How long a server takes depends on what else the machine does.
    fn rests_on_timing(&self) -> Option<bool> {
        self.only_timed_out.filter(|only| *only)
    }

    fn without_samples(&self) -> &'static str {
        "no login of a new credential was answered"
    }
}

impl FreshLogins {
    fn found(&mut self, timed_out: bool) {
        self.only_timed_out = Some(timed_out && self.only_timed_out.unwrap_or(true));
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
        if let (None, Some(last)) = (login.worked, login.rejected.last()) {
            collector.sample();
            self.found(false);
            collector.find(query_rejected(lifecycle, last, run));
            return true;
        }
        let usable = run.plan.promise.usable_within.as_ref();
        let deadline = usable.map_or(Micros(u64::MAX), |usable| issue.end.after(usable.value.duration()));
        let refusal = login.refused.last().and_then(|step| Some((*step, step.failure()?)));
        let (at, what, failure) = match (login.worked, refusal) {
            (Some(worked), Some((_, failure))) if worked.start > deadline => {
                let after = span(worked.start.since(issue.end));
                let what = format!("could log in at {} only {after} after the issue's answer", login.endpoint);
                (worked.start, what, failure)
            }
            // One that was late and never refused is the generator's lateness; INV-1 measures it.
            (Some(_), _) => {
                collector.sample();
                return true;
            }
            // Tries that broke off before the promised time was over say nothing.
            (None, Some((last, _))) if usable.is_some() && last.start < deadline => return false,
            (None, Some((last, failure))) => (last.start, format!("could never log in at {}", login.endpoint), failure),
            (None, None) => return self.judge_silence(lifecycle, issue, login, run, collector),
        };
        collector.sample();
        self.found(false);
        let refusals = count(login.refused.len() as u64, "rejected login");
        collector.find(Finding {
            code: Some(failure.code.clone()),
            promised: usable.map(|usable| usable.origin.clone()),
            ..lifecycle.finding(at, format!("{} {what}, after {refusals}, the last {failure}", lifecycle.name()))
        });
        true
    }

    /// Nobody answered at that endpoint: where the promised time is over and no fault window was open, nobody will.
    fn judge_silence(
        &mut self,
        lifecycle: &Lifecycle,
        issue: &Step,
        login: &FirstLogin<'_>,
        run: &Run<'_>,
        collector: &mut FindingCollector,
    ) -> bool {
        let Some(last) = login.unanswered.last() else { return false };
        let usable = run.plan.promise.usable_within.as_ref();
        let early = usable.is_some_and(|usable| last.end < issue.end.after(usable.value.duration()));
        if early || run.is_excused(issue.start, last.end) {
            return false;
        }
        let Outcome::Indeterminate { why } = &last.outcome else { return false };
        collector.sample();
        let tries = count(login.unanswered.len() as u64, "try").replace("trys", "tries");
        let (name, endpoint) = (lifecycle.name(), &login.endpoint);
        let what = if why.contains(TO_THE_QUERY) {
            format!("{name} logged in at {endpoint}, but no query was answered: {tries}, the last: {why}")
        } else {
            format!("{name} could never log in at {endpoint}: {tries} without an answer, the last: {why}")
        };
        self.silent.push(Finding {
            promised: usable.map(|usable| usable.origin.clone()),
            ..lifecycle.finding(last.start, what)
        });
        true
    }
}

/// That the credential logged in and its lifecycle's query was rejected, at the line of the query.
pub(super) fn query_rejected(lifecycle: &Lifecycle, step: &Step, run: &Run<'_>) -> Finding {
    let of_role = run.plan.lifecycles.iter().filter(|plan| *plan.role == *lifecycle.role);
    let own = |plan: &&LifecyclePlan| lifecycle.name.as_ref().is_none_or(|name| plan.name == **name);
    let plan = of_role.clone().find(own).filter(|_| lifecycle.name.is_some() || of_role.count() == 1);
    let whose = plan.map_or_else(String::new, |plan| format!(" of lifecycle {}", plan.name));
    let (name, endpoint) = (lifecycle.name(), step.endpoint.as_deref().unwrap_or("its endpoint"));
    let failure = step.failure();
    let words = failure.map_or_else(String::new, ToString::to_string);
    Finding {
        code: failure.map(|failure| failure.code.clone()),
        promised: plan.and_then(|plan| plan.query_origin.clone()),
        ..lifecycle.finding(step.start, format!("{name} logged in at {endpoint}, and the query{whose} failed: {words}"))
    }
}
