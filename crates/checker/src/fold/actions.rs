use std::time::Duration;

use leaseproof_domain::{
    ActionBefore, ActionEnd, ActionEnds, ActionFigures, ActionMark, ActionWindow, Micros, Outcome,
};
use leaseproof_scenario::ActionPlan;

use super::Fault;
use super::lifecycle::{EarlyEnd, EndedBy, Lifecycle};

/// How many actions are named beside a cause.
const NAMED: usize = 3;

/// The actions of the scenario's operator, as far as they came to pass.
pub(crate) struct Actions<'p> {
    actions: Vec<Action<'p>>,
}

/// An action.
pub(crate) struct Action<'p> {
    pub(crate) number: u32,
    pub(crate) plan: &'p ActionPlan,
    pub(crate) begun: Option<Micros>,
    pub(crate) ended: Option<(Micros, ActionEnd)>,
    /// How many credentials were live that it ends.
    live: u64,
}

impl<'p> Actions<'p> {
    pub(crate) fn new(plans: &'p [ActionPlan]) -> Self {
        let new = |(number, plan)| Action { number, plan, begun: None, ended: None, live: 0 };
        Self { actions: (1..).zip(plans).map(new).collect() }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Action<'p>> {
        self.actions.iter()
    }

    /// The action of that number.
    pub(crate) fn get(&self, number: u32) -> Option<&Action<'p>> {
        self.actions.iter().find(|action| action.number == number)
    }

    pub(super) fn mark<'l>(&mut self, mark: &ActionMark, lifecycles: impl Iterator<Item = &'l Lifecycle>) {
        let Some(action) = self.actions.iter_mut().find(|action| action.number == mark.action) else { return };
        match &mark.end {
            None => {
                action.begun = Some(mark.at);
                let live = |lifecycle: &&Lifecycle| {
                    action.ends(&lifecycle.role) && lifecycle.acknowledged().is_some() && lifecycle.not_ended(mark.at)
                };
                action.live = lifecycles.filter(live).count() as u64;
            }
            Some(end) => action.ended = Some((mark.at, end.clone())),
        }
    }

    /// The early end of a role's credential that was requested then: by the first action that ended it.
    pub(super) fn early_end(&self, role: &str, requested: Micros) -> Option<EarlyEnd> {
        let ending = self.actions.iter().filter(|action| action.ends(role));
        ending
            .filter_map(|action| {
                let from = action.begun?;
                let (ended, by) = match &action.ended {
                    Some((at, end)) => (Some(*at), end.outcome.is_ok().then_some(*at)),
                    None => (None, None),
                };
                let before = ended.is_none_or(|ended| requested < ended);
                before.then_some(EarlyEnd { from, by, of: EndedBy::Action(action.number) })
            })
            .min_by_key(|end| end.from)
    }

    /// The actions that began before a moment, or less than so long after it; the last one first.
    pub(crate) fn before(&self, at: Micros, met: Duration) -> Vec<ActionBefore> {
        let begun = self
            .actions
            .iter()
            .filter_map(|action| Some((action, action.begun.filter(|begun| *begun < at.after(met))?)));
        let mut before: Vec<ActionBefore> = begun
            .map(|(action, at)| ActionBefore {
                action: action.number,
                what: action.plan.step.words(),
                at,
                origin: action.plan.step.origin.clone(),
            })
            .collect();
        before.sort_by_key(|action| std::cmp::Reverse((action.at, action.action)));
        before.truncate(NAMED);
        before
    }

    /// What came of each. `windows` are those that actions declare.
    pub(crate) fn figures<'f, 'g: 'f>(
        &self,
        windows: impl Iterator<Item = &'f Fault<'g>> + Clone,
    ) -> Vec<ActionFigures> {
        let window = |action: &Action<'_>| windows.clone().find(|window| window.number == action.number);
        self.actions.iter().map(|action| action.figures(window(action))).collect()
    }
}

impl Action<'_> {
    /// It in a sentence: `action 1 (rotate: write database/rotate-root/target)`.
    pub(crate) fn words(&self) -> String {
        format!("action {} ({})", self.number, self.plan.step.words())
    }

    fn ends(&self, role: &str) -> bool {
        self.plan.ends_leases_of.iter().any(|ended| ended == role)
    }

    fn figures(&self, window: Option<&Fault<'_>>) -> ActionFigures {
        let begun = self.begun.unwrap_or_default();
        let since = |at: Micros| at.0.saturating_sub(begun.0);
        let outcome = |(_, end): &(Micros, ActionEnd)| -> Outcome { end.outcome.clone() };
        ActionFigures {
            action: self.number,
            what: self.plan.step.words(),
            origin: self.plan.step.origin.clone(),
            begun: self.begun,
            took: self.ended.as_ref().map(|(at, _)| since(*at)),
            outcome: self.ended.as_ref().map(outcome),
            expected: self.ended.as_ref().is_some_and(|(_, end)| end.complaint.is_none()),
            window: window.map(|window| ActionWindow {
                affects: self.plan.affects.iter().map(ToString::to_string).collect(),
                until: window.over().map(since),
                last_error: window.last_error.map(since),
                recovered: window.recovered().map(since),
                errors: window.errors(),
            }),
            ends: (!self.plan.ends_leases_of.is_empty())
                .then(|| ActionEnds { roles: self.plan.ends_leases_of.clone(), credentials: self.live }),
        }
    }
}
