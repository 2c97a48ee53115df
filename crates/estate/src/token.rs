use leaseproof_history::{Entry, Ledger};
use leaseproof_scenario::Plan;
use leaseproof_vault::{Client, Token, TokenRequest};

use crate::links::CLIENT;
use crate::tls::vault_client;
use crate::vault::SERVER as VAULT;
use crate::{Estate, EstateError};

/// The policy of the harness's own Vault token: what watching needs, and nothing that changes the estate.
///
/// LIST below sys/leases/lookup is one of Vault's root-protected paths and asks for `sudo` (vault/logical_system.go).
const WATCHING: &str = r#"
path "sys/leases/lookup/*" { capabilities = ["list", "sudo"] }
path "sys/leases/lookup"   { capabilities = ["update"] }
path "sys/leases"          { capabilities = ["read", "list", "sudo"] }
path "sys/metrics"         { capabilities = ["read"] }
path "sys/audit"           { capabilities = ["read", "sudo"] }
"#;
const WATCHING_NAME: &str = "leaseproof-observer";
/// A policy that nobody writes. Without any policy Vault would give a token those of its parent, root's.
const NO_RIGHTS: &str = "leaseproof-no-rights";
/// How long the client's token outlives the longest promised lease.
const SPARE: u64 = 3600;

/// The token that the credentials' client uses.
#[derive(Clone, Debug)]
pub struct ClientToken {
    /// Vault with that token.
    pub client: Client,
    /// By which the token is revoked, and every lease under it.
    pub accessor: String,
}

impl Estate {
    /// Makes the token that the run's credentials are issued under. Its policies are the plan's and no other, and it
    /// outlives every lease that is promised. Its accessor is in the ledger when this returns.
    ///
    /// # Errors
    /// [`EstateError::Vault`] where Vault refuses, [`EstateError::Ledger`] where the ledger cannot be written: then
    /// the token has been revoked again.
    pub async fn client_token(&self, plan: &Plan, ledger: &Ledger) -> Result<ClientToken, EstateError> {
        let longest = plan.roles.iter().filter_map(|role| role.max_ttl.as_ref()).map(|ttl| ttl.value.secs()).max();
        let mut policies = plan.client.policies.clone();
        if policies.is_empty() {
            policies.push(NO_RIGHTS.to_owned());
        }
        let request = TokenRequest {
            policies,
            display_name: "leaseproof".to_owned(),
            ttl_seconds: longest.unwrap_or(24 * 3600).max(24 * 3600) + SPARE,
            renewable: false,
        };
        let timeout = plan.client.timeout.duration();
        // What is asked here is the harness's own; only the client's requests pass the impostor, and a link before it.
        let link = self.links.port(CLIENT, VAULT);
        let client = match &self.impostor {
            Some(impostor) => vault_client(link.unwrap_or(impostor.port()), None, timeout)?,
            None => vault_client(link.unwrap_or(self.vault.port), self.vault.papers.as_ref(), timeout)?,
        };
        let token = self.token(&request, "make the client's token").await?;
        let entry = Entry::TokenAccessor { vault: self.vault.address.clone(), accessor: token.accessor.clone() };
        if let Err(why) = ledger.add(entry) {
            self.release(&token.accessor).await?;
            return Err(why.into());
        }
        Ok(ClientToken { client: client.with_token(token.token), accessor: token.accessor })
    }

    /// Vault with a token that may watch and change nothing.
    ///
    /// # Errors
    /// [`EstateError::Vault`] where Vault refuses.
    pub async fn observing_vault(&self) -> Result<Client, EstateError> {
        let written = self.vault.root.write_policy(WATCHING_NAME, WATCHING).await;
        written.map_err(|source| EstateError::Vault { doing: "write the observer's policy", source })?;
        let request = TokenRequest {
            policies: vec![WATCHING_NAME.to_owned()],
            display_name: WATCHING_NAME.to_owned(),
            ttl_seconds: 32 * 24 * 3600,
            renewable: false,
        };
        let token = self.token(&request, "make the observer's token").await?;
        Ok(self.vault.root.with_token(token.token))
    }

    /// Revokes the client's token and with it every lease under it.
    ///
    /// # Errors
    /// [`EstateError::Vault`] where Vault refuses.
    pub async fn release(&self, accessor: &str) -> Result<(), EstateError> {
        let revoked = self.vault.root.revoke_accessor(accessor).await;
        revoked.map_err(|source| EstateError::Vault { doing: "revoke the client's token", source })
    }

    async fn token(&self, request: &TokenRequest, doing: &'static str) -> Result<Token, EstateError> {
        let token = self.vault.root.create_token(request).await;
        let token = token.map_err(|source| EstateError::Vault { doing, source })?;
        self.site.redactor.add_fixed(token.token.clone());
        Ok(token)
    }
}
