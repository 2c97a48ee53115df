use std::time::Duration;

use crate::collector::FindingCollector;
use crate::fold::{Life, Run};

/// Several times the pace of the looks.
pub(super) const SEEN: Duration = Duration::from_secs(2);

/// The part of what is expected that needs looks at all roles.
const LOOKS: &str = "of the credentials that an observation of all roles must show";

/// Expects a look at all roles to show a credential's role, where the role stood long enough and no fault was felt: what
/// became of a role that no look ever showed is not seen either.
pub(super) fn expect_shown(life: &Life, run: &Run<'_>, collector: &mut FindingCollector) {
    let Some(issue) = life.acknowledged() else { return };
    let appeared = life.track.as_ref().is_some_and(|track| track.appeared.is_some());
    let seen_by = issue.end.after(SEEN);
    if appeared || life.not_ended(seen_by) && seen_by < run.now && !run.is_excused(issue.start, seen_by) {
        collector.expect_of(LOOKS, appeared || life.missed.is_some_and(|look| life.in_force(look)));
    }
}
