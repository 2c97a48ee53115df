//! The operator's actions in words: the same in the terminal and in the summary.

use leaseproof_domain::{ActionBefore, ActionEnds, ActionFigures, ActionWindow, FailureCause, Outcome, RunVerdicts};

use crate::figures;

/// How an action ended: `succeeded in 0.03 s`, `rejected with 28P01 in 0.01 s, as expected`.
pub(crate) fn outcome(action: &ActionFigures) -> String {
    let Some(outcome) = &action.outcome else {
        return if action.begun.is_some() { "did not end" } else { "did not begin" }.to_owned();
    };
    let answer = match outcome {
        Outcome::Ok => "succeeded".to_owned(),
        Outcome::Failed(failure) => format!("rejected with {}", failure.code),
        Outcome::Indeterminate { .. } | Outcome::Harness { .. } => "failed".to_owned(),
    };
    let took = action.took.map(|took| format!(" in {} s", figures::seconds(took))).unwrap_or_default();
    let expected = match (outcome, action.expected) {
        (_, false) => ", which is not expected",
        (Outcome::Ok, true) => "",
        (_, true) => ", as expected",
    };
    format!("{answer}{took}{expected}")
}

/// What it may do to promises, as the scenario declares it, and what it did but for errors.
pub(crate) fn effect(action: &ActionFigures) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(ActionEnds { roles, credentials }) = &action.ends {
        parts.push(format!("ended {} of {}", figures::count(*credentials, "credential"), roles.join(", ")));
    }
    if let Some(ActionWindow { affects, until, last_error, recovered, .. }) = &action.window {
        let window =
            until.map_or_else(|| "without an end".to_owned(), |until| format!("{} s", figures::seconds(until)));
        parts.push(format!("may affect {} for {window}", affects.join(", ")));
        if let (Some(_), Some(at)) = (last_error, recovered) {
            parts.push(format!("issued again after {} s", figures::seconds(*at)));
        }
    }
    if parts.is_empty() { "no effect declared".to_owned() } else { parts.join(" · ") }
}

/// The errors in its window, as one number.
pub(crate) fn errors(action: &ActionFigures) -> Option<String> {
    let total = action.window.as_ref()?.errors.iter().map(|(_, _, count)| count).sum();
    Some(figures::count(total, "error"))
}

/// The actions before a cause, a line each.
pub(crate) fn before(cause: &FailureCause) -> impl Iterator<Item = String> {
    let first = cause.first_at.unwrap_or_default();
    cause.after.iter().map(move |ActionBefore { action, what, at, origin }| {
        let (seconds, side) = if *at <= first { (first.0 - at.0, "before") } else { (at.0 - first.0, "after") };
        format!("action {action} began {} s {side} that: {what} (at {origin})", figures::seconds(seconds))
    })
}

/// Whether the errors outside all windows are those outside the windows of actions: no fault has one.
pub(crate) fn only_actions_have_windows(verdicts: &RunVerdicts) -> bool {
    verdicts.faults.is_empty() && verdicts.actions.iter().any(|action| action.window.is_some())
}

/// One point of the run's timeline: when, and what happened.
pub(crate) struct Entry {
    /// In microseconds of the run; none if it did not happen.
    at: Option<u64>,
    pub(crate) words: String,
}

impl Entry {
    /// When, in seconds of the run.
    pub(crate) fn seconds(&self) -> String {
        self.at.map_or_else(|| "–".to_owned(), figures::seconds)
    }
}

/// Faults and actions in order of time. Empty in a run without actions.
pub(crate) fn timeline(verdicts: &RunVerdicts) -> Vec<Entry> {
    if verdicts.actions.is_empty() {
        return Vec::new();
    }
    let actions = verdicts.actions.iter().map(|action| {
        let words = format!("action {}: {} · {}", action.action, action.what, outcome(action));
        Entry { at: action.begun.map(|at| at.0), words }
    });
    let faults = verdicts.faults.iter().flat_map(|fault| {
        let begins = Entry { at: fault.begun.map(|at| at.0), words: format!("fault {}: {}", fault.fault, fault.what) };
        let steps = fault.steps.iter().map(|(after, words)| Entry {
            at: fault.begun.map(|begun| begun.0 + after),
            words: format!("fault {}: {words}", fault.fault),
        });
        std::iter::once(begins).chain(steps).collect::<Vec<_>>()
    });
    let mut entries: Vec<Entry> = actions.chain(faults).collect();
    entries.sort_by_key(|entry| entry.at.unwrap_or(u64::MAX));
    entries
}
