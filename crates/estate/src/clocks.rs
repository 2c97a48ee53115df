use std::time::Instant;

use leaseproof_domain::{ClockReading, Event, UnixMicros};
use leaseproof_history::Recorder;
use leaseproof_postgres::Observer;

use crate::cluster::Cluster;
use crate::{Estate, EstateError, vault};

impl Estate {
    /// Measures how far each server's clock is from the harness's wall clock, and records it. It takes about a second,
    /// because Vault tells whole seconds only and its next one has to be waited for.
    ///
    /// The harness's wall clock is taken as the run's epoch and the monotonic time since then, so that a step of the
    /// wall clock during the run does not show as a step of the servers.
    ///
    /// # Errors
    /// [`EstateError::Vault`] and [`EstateError::Postgres`] where a server does not answer.
    pub async fn measure_clocks(&self, recorder: &Recorder) -> Result<(), EstateError> {
        let clusters = async {
            for (_, cluster) in self.clusters() {
                postgres_clock(cluster, recorder).await?;
            }
            Ok(())
        };
        let (vault, clusters) = tokio::join!(self.vault_clock(recorder), clusters);
        vault.and(clusters)
    }

    async fn vault_clock(&self, recorder: &Recorder) -> Result<(), EstateError> {
        let clock = self.vault().clock().await;
        let clock = clock.map_err(|source| EstateError::Vault { doing: "read its clock", source })?;
        let least = clock.uncertainty_micros;
        record(recorder, vault::SERVER, clock.server, (clock.sent, clock.answered), least);
        Ok(())
    }
}

async fn postgres_clock(cluster: &Cluster, recorder: &Recorder) -> Result<(), EstateError> {
    let failed = |source| EstateError::Postgres { server: cluster.name.clone(), doing: "read its clock", source };
    let observer = Observer::connect(cluster.observer_login("postgres")).await.map_err(failed)?;
    let clock = observer.clock().await.map_err(failed)?;
    record(recorder, &cluster.name, clock.server, (clock.sent, clock.answered), 0);
    Ok(())
}

/// The server read its clock somewhere between the question and the answer: the middle is off by half of that at most.
fn record(recorder: &Recorder, server: &str, told: UnixMicros, (sent, answered): (Instant, Instant), least: i64) {
    let half = answered.saturating_duration_since(sent) / 2;
    let at = recorder.micros(sent + half);
    let here = recorder.epoch().0 + i64::try_from(at.0).unwrap_or(i64::MAX);
    let uncertainty = i64::try_from(half.as_micros()).unwrap_or(i64::MAX).max(least);
    recorder.record(Event::Clock(ClockReading { at, server: server.to_owned(), offset: told.0 - here, uncertainty }));
}
