use leaseproof_domain::LeaseId;
use leaseproof_vault::{Error as VaultError, Issued};
use tokio::task::JoinSet;

use crate::{FactContext, Obstacle};

/// Many requests at the same time.
impl FactContext {
    /// Asks for a credential of each of these roles of the fact's engine, all at the same time. The answers come in
    /// the order in which they came.
    ///
    /// # Errors
    /// An obstacle where asking crashed; what Vault answers is in the answers.
    pub async fn issue_at_once(
        &self,
        roles: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Result<Issued, VaultError>>, Obstacle> {
        let mut asking = JoinSet::new();
        for role in roles {
            let (vault, mount) = (self.vault(), self.mount().to_owned());
            asking.spawn(async move { vault.issue(&mount, &role).await });
        }
        let mut answers = Vec::with_capacity(asking.len());
        while let Some(answer) = asking.join_next().await {
            let answer = answer.map_err(|why| Obstacle::of(format!("a request crashed: {why}")))?;
            if let Ok(issued) = &answer {
                self.learn(issued);
            }
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Revokes leases, all at the same time. The answers come in the order in which they came.
    ///
    /// # Errors
    /// An obstacle where asking crashed; what Vault answers is in the answers.
    pub async fn revoke_at_once(
        &self,
        leases: impl IntoIterator<Item = LeaseId>,
    ) -> Result<Vec<Result<u16, VaultError>>, Obstacle> {
        let mut asking = JoinSet::new();
        for lease in leases {
            let vault = self.vault();
            asking.spawn(async move { vault.revoke(&lease).await });
        }
        let mut answers = Vec::with_capacity(asking.len());
        while let Some(answer) = asking.join_next().await {
            answers.push(answer.map_err(|why| Obstacle::of(format!("a request crashed: {why}")))?);
        }
        Ok(answers)
    }
}
