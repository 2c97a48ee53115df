//! The one way in: from a path to a plan, or to everything that is wrong.

use std::path::Path;

use crate::build;
use crate::fit::{Whole, fit};
use crate::keys;
use crate::layers::{self, LoadOptions};
use crate::lint::lint;
use crate::place::Place;
use crate::plan::Plan;
use crate::problem::{Noted, Problems};

/// Reads the scenario at `path`, a folder or a file, with everything it extends and names.
///
/// # Errors
/// Every problem that it has, in one pass.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Plan, Problems> {
    check(path, options).map(|(plan, _)| plan)
}

/// Reads it, and answers also with warnings: what is likely to be wrong, and stops nothing.
///
/// # Errors
/// As [`load`].
pub fn check(path: &Path, options: &LoadOptions) -> Result<(Plan, Problems), Problems> {
    let noted = Noted::default();
    let Some(layered) = layers::read(path, options, &noted) else {
        return Err(noted.into_problems());
    };
    let top = Place::new(&layered.source, 0..0);
    let unread = noted.has_unread();
    let whole = if unread { Whole::Unread } else { Whole::Yes };
    fit(&layered.table, &top, &keys::ROOT, whole, &noted);
    if unread {
        return Err(noted.into_problems());
    }
    let mut plan = build::plan(&layered, &noted);
    if !noted.is_empty() {
        return Err(noted.into_problems());
    }
    lint(&layered.table, &noted);
    let warnings = noted.into_problems();
    // With `warnings = "fail"`, a warning about a step is an error.
    if !warnings.are_warnings() {
        return Err(warnings);
    }
    plan.warnings = warnings.as_warnings();
    Ok((plan, warnings))
}
