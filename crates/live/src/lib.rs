//! Metrics of a run while it lasts: a subscriber of the run's event stream, for displays and endpoints that show them.
//!
//! Verdicts never come from here: they are computed from the complete history after the run.

mod metrics;

pub use metrics::{LiveMetrics, OperationMetrics, Snapshot};
