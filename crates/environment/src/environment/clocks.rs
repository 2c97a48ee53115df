use leaseproof_history::Recorder;

use crate::clocks::{postgres_clock, vault_clock};
use crate::{Environment, EnvironmentError};

impl Environment {
    /// Measures how far each server's clock is from the harness's wall clock, and records it. It takes about a second,
    /// because Vault tells whole seconds only and its next one has to be waited for.
    ///
    /// The harness's wall clock is taken as the run's epoch and the monotonic time since then, so that a step of the
    /// wall clock during the run does not show as a step of the servers.
    ///
    /// # Errors
    /// [`EnvironmentError::Vault`] and [`EnvironmentError::Postgres`] where a server does not answer.
    pub async fn measure_clocks(&self, recorder: &Recorder) -> Result<(), EnvironmentError> {
        let clusters = async {
            for (_, cluster) in self.clusters() {
                postgres_clock(&cluster.name, cluster.observer_login("postgres"), recorder).await?;
            }
            Ok(())
        };
        let vault = self.vault();
        let (vault, clusters) = tokio::join!(vault_clock(&vault, recorder), clusters);
        vault.and(clusters)
    }
}
