use std::time::Duration;

use leaseproof_history::Ledger;
use leaseproof_scenario::Plan;
use leaseproof_vault::{Client, Reach, TokenRequest};

use super::Attached;
use crate::{ClientToken, EnvironmentError};

/// How much longer the run's token is valid than the load: for setup, observations and release.
const SPARE: Duration = Duration::from_secs(600);

impl Attached {
    /// Makes the token that the run's credentials are issued under, a child of the harness's own. It outlives the load,
    /// and whatever becomes of the harness it ends then, with every lease under it.
    ///
    /// # Errors
    /// [`EnvironmentError::Vault`] where Vault refuses, [`EnvironmentError::Ledger`] where the ledger cannot be written.
    pub async fn client_token(&self, plan: &Plan, ledger: &Ledger) -> Result<ClientToken, EnvironmentError> {
        self.enter(ledger)?;
        let load: Duration = plan.phases.iter().map(|phase| phase.duration.duration() + phase.drain.duration()).sum();
        let request = TokenRequest {
            policies: plan.client.policies.clone(),
            display_name: "leaseproof".to_owned(),
            ttl_seconds: (load + SPARE).as_secs(),
            renewable: false,
        };
        let token = self.vault.create_token(&request).await;
        let token = token.map_err(|source| EnvironmentError::Vault { doing: "create the client's token", source })?;
        self.redactor.add_fixed(token.token.clone());
        if let Err(why) = self.traces.token(self.vault.address(), &token.accessor, request.ttl_seconds) {
            // Nobody would find it any more.
            self.release(&token.accessor).await?;
            return Err(why.into());
        }
        let reach = Reach { timeout: plan.client.timeout.duration(), ..self.reach.clone() };
        let client = Client::reaching(&reach);
        let client = client.map_err(|source| EnvironmentError::Vault { doing: "create a client for it", source })?;
        Ok(ClientToken::new(client.with_token(token.token), token.accessor))
    }

    /// Revokes the client's token and with it every lease under it.
    ///
    /// # Errors
    /// [`EnvironmentError::Vault`] where Vault refuses.
    pub async fn release(&self, accessor: &str) -> Result<(), EnvironmentError> {
        let revoked = self.vault.revoke_accessor(accessor).await;
        revoked.map_err(|source| EnvironmentError::Vault { doing: "revoke the client's token", source })?;
        self.traces.token_revoked();
        Ok(())
    }
}
