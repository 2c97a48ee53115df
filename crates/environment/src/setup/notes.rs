use leaseproof_domain::{ObservedNote, ServerNote, Severity};
use leaseproof_scenario::{SetupStep, Warnings};

use crate::{SetupError, SetupFault};

/// The notes of a step, with its line.
pub(super) fn observed(step: &SetupStep, notes: Vec<ServerNote>) -> Vec<ObservedNote> {
    let of = |note| ObservedNote { of: step.words(), origin: Some(step.origin.clone()), note };
    notes.into_iter().map(of).collect()
}

/// The words of a failure, and what servers said before it.
pub(super) fn with(words: &str, notes: &[ServerNote]) -> String {
    let before = notes.iter().map(ToString::to_string).filter(|note| !words.contains(note));
    std::iter::once(words.to_owned()).chain(before).collect::<Vec<_>>().join("\n")
}

/// Whether a step that was done may have had these notes.
pub(super) fn allowed(
    step: &SetupStep,
    notes: &[ServerNote],
    fail: impl Fn(SetupFault, String, Option<String>) -> Result<(), SetupError>,
) -> Result<(), SetupError> {
    let warned = notes.iter().find(|note| note.severity <= Severity::Warning);
    match warned {
        Some(warning) if step.warnings == Warnings::Fail => {
            let hint =
                "the step says `warnings = \"fail\"`, or the scenario does; `warnings = \"report\"` only reports it";
            fail(SetupFault::Warned, warning.to_string(), Some(hint.to_owned()))
        }
        _ => Ok(()),
    }
}
