//! Reports of a judgment: for a terminal, as JSON, JUnit XML, Markdown, an HdrHistogram log; and one lifecycle, or one
//! check, on one screen.
//!
//! This crate only formats. It never decides anything: verdicts, their precedence and the exit code come from other
//! crates. It does no I/O: every function returns the text.

mod actions;
mod annotations;
mod causes;
mod dns;
mod evidence;
mod explain;
mod figures;
mod foreign;
mod grants;
mod json;
mod junit;
mod latency_log;
mod layout;
mod left_before;
mod lifecycle;
mod lifecycles;
mod not_requested;
mod noted;
mod seconds;
mod series;
mod summary;
mod terminal;

#[cfg(test)]
mod sample;

pub use annotations::{github_annotations, gitlab_code_quality};
pub use explain::{explain, explain_all};
pub use grants::{GRANTS_SCHEMA, RoleGrants, grants_json, grants_schema, grants_table};
pub use json::{verdicts_json, verdicts_schema};
pub use junit::junit;
pub use latency_log::{LatencyLogError, latency_log};
pub use lifecycle::LifecycleStory;
pub use lifecycles::{Fate, LifecycleFilter, Lifecycles};
pub use seconds::{SECONDS_HEADER, seconds_csv};
pub use series::{SeriesEnd, SeriesEntry, series_junit, series_summary, series_terminal};
pub use summary::summary;
pub use terminal::{Detail, TerminalView, terminal};
