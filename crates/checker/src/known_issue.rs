//! Known issues: a failure that matches one is reported and does not fail the run; a known issue without a matching
//! failure fails it (KNO-1).

use std::rc::Rc;

use leaseproof_domain::{Finding, Judgment, KnownIssue, Subject, Verdict};
use leaseproof_scenario::{Ask, KnownIssuePlan, Plan};

use crate::check::Outcome;
use crate::collector::{FindingCollector, Written};

/// The declaration that a failure matches.
pub(crate) fn declared(plan: &Plan, places: &[usize]) -> Option<KnownIssue> {
    let entry = plan.known_issues.get(*places.first()?)?;
    Some(KnownIssue { because: entry.because.clone(), origin: entry.origin.clone() })
}

/// KNO-1: `judged` holds every other judgment and the places of the declarations that it matches.
pub(crate) fn judge(ask: &Ask, plan: &Plan, judged: &[(Judgment, Vec<usize>)]) -> Outcome {
    let mut collector = FindingCollector::new(ask, plan, &Rc::default());
    let own = plan.known_issues.iter().any(|entry| entry.origin == ask.origin);
    for (place, entry) in plan.known_issues.iter().enumerate().filter(|(_, entry)| !own || entry.origin == ask.origin) {
        judge_entry(place, entry, judged, &mut collector);
    }
    let written: Written = collector.finish();
    let without_samples = "the scenario declares nothing as known";
    Outcome { written, crashed: None, without_samples, raise: &[], futile: None, rests_on_timing: None }
}

fn judge_entry(
    place: usize,
    entry: &KnownIssuePlan,
    judged: &[(Judgment, Vec<usize>)],
    collector: &mut FindingCollector,
) {
    let of_entry = |judgment: &Judgment| {
        judgment.check == entry.check
            && match (&judgment.subject, &entry.role) {
                (Subject::Role(name), Some(role)) => name == role,
                _ => true,
            }
    };
    let concerned: Vec<_> = judged.iter().filter(|(judgment, _)| of_entry(judgment)).collect();
    if concerned.iter().any(|(judgment, places)| judgment.verdict == Verdict::Fail && places.contains(&place)) {
        collector.sample();
    } else if concerned.is_empty() {
        collector.cannot_say(format!("{} is declared as known and was not asked", entry.check));
    } else if concerned.iter().any(|(judgment, _)| judgment.verdict == Verdict::Unknown) {
        collector.cannot_say(format!("{} is declared as known and could not be judged", entry.check));
    } else {
        collector.sample();
        let what = format!(
            "{} does not fail as it is declared to ({}): take the entry out, or correct its evidence",
            entry.check, entry.because
        );
        collector.find(Finding { what, promised: Some(entry.origin.clone()), ..Finding::default() });
    }
}
