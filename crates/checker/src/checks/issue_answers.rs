use std::time::Duration;

use leaseproof_domain::{Finding, LeaseId, Observer, Operation};

use crate::check::Check;
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run, Step};

/// How many characters Vault invents for a lease id (`vault/expiration.go`, `base62.Random(TokenLength)`).
const INVENTED: usize = 24;

/// How long after its answer a role is observed on behalf of its lifecycle.
const OBSERVED: Duration = Duration::from_secs(1);

/// An issue answers 200 with a renewable lease and makes exactly one role.
pub(super) struct IssueAnswers;

impl Check for IssueAnswers {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        for issue in lifecycle.steps_of(Operation::Issue) {
            if issue.is_indeterminate() && !may_be_silent(lifecycle, issue, run) {
                collector.expect(false);
            }
            if let Some(failure) = issue.failure() {
                collector.expect(true);
                collector.sample();
                let what = format!("issuing a credential: expected HTTP 200, got {failure}");
                collector.find(Finding { code: Some(failure.code.clone()), ..lifecycle.finding(issue.start, what) });
            }
        }
        if let Some(issue) = lifecycle.acknowledged() {
            judge_answer(lifecycle, issue, run, collector);
            let judged = judge_role(lifecycle, issue, collector);
            if judged || !run.is_excused(issue.start, issue.end.after(OBSERVED)) {
                collector.expect(judged);
            }
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::RoleRead]
    }

    fn without_samples(&self) -> &'static str {
        "no issue was answered and followed by an observation of its role"
    }
}

fn judge_answer(lifecycle: &Lifecycle, issue: &Step, run: &Run<'_>, collector: &mut FindingCollector) {
    let mount = run.promise(&lifecycle.role).map_or("database", |promise| &promise.mount);
    let prefix = format!("{mount}/creds/{}/", lifecycle.role);
    let is_id = |lease: &LeaseId| {
        lease
            .as_str()
            .strip_prefix(&prefix)
            .is_some_and(|rest| rest.len() == INVENTED && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    match &lifecycle.lease {
        Some(lease) if is_id(lease) => {}
        Some(lease) => {
            let what = format!("lease id: expected {prefix}<{INVENTED} characters>, got {lease}");
            collector.find(lifecycle.finding(issue.end, what));
        }
        None => collector.find(lifecycle.finding(issue.end, "the response has no lease id".to_owned())),
    }
    if issue.renewable != Some(true) {
        let what = "renewable: expected true, got false".to_owned();
        collector.find(lifecycle.finding(issue.end, what));
    }
    if lifecycle.username.is_none() {
        collector.find(lifecycle.finding(issue.end, "the response has no username".to_owned()));
    }
}

/// Whether nobody expects an answer: a fault window was open, or the scenario's clients go away before it.
fn may_be_silent(lifecycle: &Lifecycle, issue: &Step, run: &Run<'_>) -> bool {
    let impatient = run.plan.lifecycles.iter().any(|plan| *plan.role == *lifecycle.role && plan.timeout.is_some());
    impatient || run.is_excused(issue.start, issue.end)
}

/// The role has to stand in the catalog right after the answer. Answers whether that could be judged.
fn judge_role(lifecycle: &Lifecycle, issue: &Step, collector: &mut FindingCollector) -> bool {
    let after = lifecycle.reads.iter().find(|read| lifecycle.in_force(read.observation));
    match after {
        Some(read) if read.seen.is_none() => {
            collector.sample();
            let what = format!(
                "the issue was acknowledged, but pg_roles has no {}; each issue must create one role",
                lifecycle.name()
            );
            collector.find(lifecycle.finding(read.observation.from, what));
        }
        Some(_) => collector.sample(),
        None if lifecycle.track.as_ref().is_some_and(|track| track.appeared.is_some()) => collector.sample(),
        None => {
            let Some(missed) = lifecycle.missed.filter(|observation| lifecycle.in_force(*observation)) else {
                return false;
            };
            collector.sample();
            let what = format!(
                "no observation after the issue's answer showed {}; each issue must create one role",
                lifecycle.name()
            );
            collector.find(lifecycle.finding(missed.from.max(issue.end), what));
        }
    }
    true
}
