use std::time::{Duration, Instant};

use leaseproof_domain::Username;
use leaseproof_vault::Error as VaultError;

use crate::{FactContext, Obstacle};

/// How often a question is asked again.
const AGAIN: Duration = Duration::from_millis(50);

/// What is there, and what comes.
impl FactContext {
    /// The leases of a role of the fact's engine that Vault lists.
    ///
    /// # Errors
    /// As Vault answers.
    pub async fn leases(&self, role: &str) -> Result<Vec<String>, VaultError> {
        self.vault().list(&format!("sys/leases/lookup/{}/creds/{role}", self.mount())).await
    }

    /// How many roles in PostgreSQL have a name that matches `pattern`, as LIKE understands it.
    ///
    /// # Errors
    /// As PostgreSQL answers.
    pub async fn roles_like(&self, pattern: &str) -> Result<u64, Obstacle> {
        let sql = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '{pattern}'");
        let count = self.value(&sql).await?.and_then(|count| count.parse().ok());
        count.ok_or_else(|| Obstacle::of("PostgreSQL counts no roles"))
    }

    /// Whether there is a role of that name, asked by a connection of its own: also after a restart.
    ///
    /// # Errors
    /// As PostgreSQL answers.
    pub async fn has_role(&self, name: &Username) -> Result<bool, Obstacle> {
        let sql = format!("SELECT 1 FROM pg_roles WHERE rolname = '{}'", name.as_str().replace('\'', "''"));
        Ok(self.value(&sql).await?.is_some())
    }

    /// Asks every 50 ms until it is so. How long that took; none where `timeout` ran out.
    ///
    /// # Errors
    /// What a question fails with.
    pub async fn until<F>(&self, timeout: Duration, so: impl Fn() -> F) -> Result<Option<Duration>, Obstacle>
    where
        F: Future<Output = Result<bool, Obstacle>>,
    {
        let begun = Instant::now();
        while begun.elapsed() < timeout {
            if so().await? {
                return Ok(Some(begun.elapsed()));
            }
            tokio::time::sleep(AGAIN).await;
        }
        Ok(None)
    }
}
