use std::time::Instant;

use leaseproof_domain::{ClockReading, Event, UnixMicros};
use leaseproof_history::Recorder;
use leaseproof_postgres::{Login, Observer};
use leaseproof_vault::Client;

use crate::EnvironmentError;
use crate::servers::vault::SERVER;

/// Reads Vault's clock.
pub(crate) async fn vault_clock(vault: &Client, recorder: &Recorder) -> Result<(), EnvironmentError> {
    let clock = vault.clock().await;
    let clock = clock.map_err(|source| EnvironmentError::Vault { doing: "read its clock", source })?;
    let least = clock.uncertainty_micros;
    record(recorder, SERVER, clock.server, (clock.sent, clock.answered), least);
    Ok(())
}

/// Reads the clock of the cluster `name`, as `login` reaches it.
pub(crate) async fn postgres_clock(name: &str, login: Login, recorder: &Recorder) -> Result<(), EnvironmentError> {
    let failed = |source| EnvironmentError::Postgres { server: name.to_owned(), doing: "read its clock", source };
    let observer = Observer::connect(login).await.map_err(failed)?;
    let clock = observer.clock().await.map_err(failed)?;
    record(recorder, name, clock.server, (clock.sent, clock.answered), 0);
    Ok(())
}

/// The server read its clock somewhere between the question and the answer: the middle is off by half of that at most.
fn record(recorder: &Recorder, server: &str, reported: UnixMicros, (sent, answered): (Instant, Instant), least: i64) {
    let half = answered.saturating_duration_since(sent) / 2;
    let at = recorder.clock().micros(sent + half);
    let here = recorder.clock().epoch().0 + i64::try_from(at.0).unwrap_or(i64::MAX);
    let uncertainty = i64::try_from(half.as_micros()).unwrap_or(i64::MAX).max(least);
    recorder.record(Event::Clock(ClockReading {
        at,
        server: server.to_owned(),
        offset: reported.0 - here,
        uncertainty,
    }));
}
