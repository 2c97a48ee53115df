use leaseproof_domain::{Finding, Outcome};

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::Run;
use crate::windows::Selection;

/// Each action of the operator ends as the scenario expects.
pub(super) struct ActionEnds;

impl Check for ActionEnds {
    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        for action in run.actions.iter() {
            let words = action.words();
            let (begun, end) = match (action.begun, &action.ended) {
                (Some(begun), Some((_, end))) => (begun, end),
                (begun, _) => {
                    let lacks = if begun.is_some() { "did not end" } else { "did not begin" };
                    collector.cannot_say(format!("{words} {lacks} before the load was over"));
                    continue;
                }
            };
            if let Outcome::Harness { fault, why } = &end.outcome {
                collector.cannot_say(format!("{words} was not taken: {fault} ({why})"));
                continue;
            }
            collector.sample();
            if let Some(complaint) = &end.complaint {
                collector.find(Finding {
                    what: format!("{words} {complaint}"),
                    at: Some(begun),
                    code: end.outcome.failure().map(|failure| failure.code.clone()),
                    promised: Some(action.plan.step.origin.clone()),
                    ..Finding::default()
                });
            }
        }
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        None
    }

    fn without_samples(&self) -> &'static str {
        "no action was taken"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}
