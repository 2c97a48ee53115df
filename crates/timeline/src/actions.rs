use std::collections::BTreeSet;

use leaseproof_domain::{ActionEnd, ActionMark, Event};
use leaseproof_environment::Operator;
use leaseproof_history::Recorder;
use leaseproof_scenario::{Plan, healed_by};

use crate::Moments;

/// Takes every action of the plan, one after the other.
pub(crate) async fn take(plan: &Plan, operator: &Operator, recorder: &Recorder, moments: &Moments) {
    let mut begun: BTreeSet<u32> = BTreeSet::new();
    for (number, action) in (1..).zip(&plan.actions) {
        let on_time = match moments.due(&action.phase, action.at.duration()).await {
            Some(due) => moments.wait_until(due).await,
            None => false,
        };
        // The effect of an earlier action is healed whatever ends the load.
        if !on_time && !healed_by(&plan.actions, number).any(|healed| begun.contains(&healed)) {
            continue;
        }
        begun.insert(number);
        let words = action.step.words();
        let mark = |end: Option<ActionEnd>| {
            let at = recorder.now();
            recorder.record(Event::Action(ActionMark { action: number, at, words: words.clone(), end }));
        };
        mark(None);
        mark(Some(operator.act(number, action).await));
    }
}
