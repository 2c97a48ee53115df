//! Where a run reports its progress.

use std::sync::Arc;

use leaseproof_live::LiveMetrics;
use leaseproof_workload::LoadState;
use tokio::sync::watch;

/// Shows a person what a run is doing. A run never depends on it.
pub trait Display: Send + Sync {
    /// Shows a stage until the returned value is dropped.
    fn stage(&self, words: &'static str) -> Arc<dyn Stage>;

    /// Shows the load until the returned value is dropped.
    fn workload(&self, load: watch::Receiver<LoadState>, metrics: LiveMetrics) -> Arc<dyn Stage>;

    /// Shows a warning permanently.
    fn note(&self, words: &str);
}

/// A stage that is shown.
pub trait Stage: Send + Sync {
    /// Changes the text of the stage.
    fn say(&self, words: String);
}
