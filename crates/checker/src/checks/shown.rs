use std::time::Duration;

use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};

/// Several times the pace of the observations.
pub(super) const SEEN: Duration = Duration::from_secs(2);

/// The part of what is expected that needs observations of all roles.
const OBSERVATIONS: &str = "of the credentials that an observation of all roles must show";

/// Expects an observation of all roles to show a credential's role, where the role stood long enough and no fault window was open: what
/// became of a role that no observation ever showed is not seen either.
pub(super) fn expect_shown(lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
    let Some(issue) = lifecycle.acknowledged() else { return };
    let appeared = lifecycle.track.as_ref().is_some_and(|track| track.appeared.is_some());
    let seen_by = issue.end.after(SEEN);
    if appeared || lifecycle.not_ended(seen_by) && seen_by < run.now && !run.is_excused(issue.start, seen_by) {
        collector.expect_of(
            OBSERVATIONS,
            appeared || lifecycle.missed.is_some_and(|observation| lifecycle.in_force(observation)),
        );
    }
}
