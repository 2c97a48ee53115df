use std::time::Duration;

use leaseproof_domain::{UnixMicros, Username};
use leaseproof_vault::{Answer, Error as VaultError};
use serde_json::Value;

use crate::{FactContext, Obstacle};

/// How often what has to come is looked for.
const POLL: Duration = Duration::from_millis(50);

/// When things are on PostgreSQL's clock, and values that have to lie between two others.
impl FactContext {
    /// PostgreSQL's clock, in seconds since 1970.
    ///
    /// # Errors
    /// [`Obstacle::Postgres`].
    pub async fn now(&self) -> Result<f64, Obstacle> {
        Ok(seconds(self.catalog().clock().await?.server))
    }

    /// Until when a role may log in, in seconds since 1970.
    ///
    /// # Errors
    /// [`Obstacle::Postgres`]; an obstacle where there is no such role, or it has no end.
    pub async fn valid_until(&self, name: &Username) -> Result<f64, Obstacle> {
        let role = self.catalog().role(name).await?;
        let until = role.and_then(|role| role.valid_until);
        until.map(seconds).ok_or_else(|| Obstacle::of(format!("{name} is not there, or has no VALID UNTIL")))
    }

    /// Waits until PostgreSQL's clock has passed that moment, in seconds since 1970.
    ///
    /// # Errors
    /// [`Obstacle::Postgres`].
    pub async fn past(&self, moment: f64) -> Result<(), Obstacle> {
        loop {
            let left = moment - self.now().await?;
            if left < 0.0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs_f64(left).max(Duration::from_millis(1))).await;
        }
    }

    /// Lines of a server's log that hold `text`, waited for as long as `timeout` where there are none yet.
    pub async fn log_lines_in(&self, server: &str, text: &str, timeout: Duration) -> Vec<String> {
        let begun = tokio::time::Instant::now();
        loop {
            let lines = self.log_lines(server, text);
            if !lines.is_empty() || begun.elapsed() > timeout {
                return lines;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Records that a value lies between two others, both included.
    pub fn between(&mut self, what: impl Into<String>, low: f64, high: f64, got: f64) {
        let met = (low..=high).contains(&got);
        self.holds(what, format!("{low:.3} to {high:.3}"), format!("{got:.3}"), met);
    }

    /// Records the first value of a statement, asked as [`FactContext::value`] asks; `NULL` where it is none.
    ///
    /// # Errors
    /// [`Obstacle::Postgres`].
    pub async fn value_is(&mut self, what: impl Into<String>, sql: &str, expected: &str) -> Result<(), Obstacle> {
        let got = self.value(sql).await?.unwrap_or_else(|| "NULL".to_owned());
        self.equals(what, expected.to_owned(), got);
        Ok(())
    }

    /// Changes settings of the fact's engine, e.g. `max_lease_ttl`.
    ///
    /// # Errors
    /// As Vault answers.
    pub async fn tune(&self, settings: &Value) -> Result<Answer, VaultError> {
        self.vault().write(&format!("sys/mounts/{}/tune", self.mount()), settings).await
    }
}

#[allow(clippy::cast_precision_loss, reason = "microseconds since 1970 fit a double to a part of a microsecond")]
pub(crate) fn seconds(moment: UnixMicros) -> f64 {
    moment.0 as f64 / 1e6
}
