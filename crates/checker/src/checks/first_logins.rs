use std::collections::BTreeMap;
use std::time::Duration;

use leaseproof_domain::Operation;

use super::endpoints::{Endpoints, UNNAMED};
use crate::fold::{Lifecycle, Run, Step};

/// The first tries of a credential at one endpoint.
pub(super) struct FirstLogin<'l> {
    pub(super) endpoint: &'l str,
    /// The first that worked.
    pub(super) worked: Option<&'l Step>,
    /// The logins before that that worked and whose query was rejected.
    pub(super) rejected: Vec<&'l Step>,
    /// Those that were refused before that.
    pub(super) refused: Vec<&'l Step>,
    /// The last of those that did not work, answered or not.
    pub(super) failed: Option<&'l Step>,
    /// Those that had no answer before that.
    pub(super) unanswered: Vec<&'l Step>,
    /// Whether any of them failed on the harness's own side: when the first one would have worked nobody can say.
    pub(super) hindered: bool,
}

/// The first logins of a lifecycle while its lease stood and its revocation had not begun, endpoint by endpoint.
pub(super) fn first_logins(lifecycle: &Lifecycle) -> Vec<FirstLogin<'_>> {
    let mut endpoints: BTreeMap<&str, FirstLogin<'_>> = BTreeMap::new();
    for step in lifecycle.steps_of(Operation::Login).filter(|step| step.is_ok() || lifecycle.not_ended(step.end)) {
        let endpoint = step.endpoint.as_deref().unwrap_or(UNNAMED);
        let known = endpoints.entry(endpoint).or_insert(FirstLogin {
            endpoint,
            worked: None,
            rejected: Vec::new(),
            refused: Vec::new(),
            failed: None,
            unanswered: Vec::new(),
            hindered: false,
        });
        if known.worked.is_some() {
            continue;
        }
        known.hindered |= step.outcome.harness().is_some();
        if step.is_ok() {
            known.worked = Some(step);
            continue;
        }
        if step.rejected_query().is_some() {
            known.rejected.push(step);
            continue;
        }
        known.failed = Some(step);
        if step.failure().is_some() {
            known.refused.push(step);
        } else {
            known.unanswered.push(step);
        }
    }
    endpoints.into_values().collect()
}

/// How soon a first login is over where the scenario promises no time.
const USUALLY: Duration = Duration::from_secs(1);

/// Expects the first logins of a credential at every endpoint, of which those were judged. One that was issued while a
/// fault window was open, or as its phase ended, is expected nowhere.
pub(super) fn expect_first_logins(
    expected: &mut Endpoints,
    lifecycle: &Lifecycle,
    logins: &[FirstLogin<'_>],
    judged: &[bool],
    run: &Run<'_>,
) {
    let Some(issue) = lifecycle.acknowledged() else { return };
    let usable = run.plan.promise.usable_within.as_ref().map_or(USUALLY, |usable| usable.value.duration());
    let last = lifecycle.steps_of(Operation::Login).map(|step| step.end).max();
    let until = issue.end.after(usable).max(last.unwrap_or(issue.end));
    if run.is_excused(issue.start, until) || lifecycle.outlived_its_early_end(until) {
        return;
    }
    if logins.is_empty() && run.stopped_within(issue.start, issue.end) {
        return;
    }
    expected.see(lifecycle, logins.iter().zip(judged).map(|(login, judged)| (login.endpoint, *judged)));
}
