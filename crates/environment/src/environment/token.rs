use std::time::Duration;

use leaseproof_history::{Entry, Ledger};
use leaseproof_scenario::{FaultKind, Plan};
use leaseproof_vault::{Client, Token, TokenRequest};

use crate::launch::tls::vault_client;
use crate::launch::wait::Tries;
use crate::servers::links::CLIENT;
use crate::servers::vault::SERVER as VAULT;
use crate::token::ClientToken;
use crate::{Environment, EnvironmentError};

/// The policy of the harness's own Vault token: what watching needs, and nothing that changes the environment.
///
/// LIST below sys/leases/lookup is one of Vault's root-protected paths and asks for `sudo` (vault/logical_system.go).
const WATCHING: &str = r#"
path "sys/leases/lookup/*" { capabilities = ["list", "sudo"] }
path "sys/leases/lookup"   { capabilities = ["update"] }
path "sys/leases"          { capabilities = ["read", "list", "sudo"] }
path "sys/metrics"         { capabilities = ["read"] }
path "sys/mounts"          { capabilities = ["read"] }
path "sys/audit"           { capabilities = ["read", "sudo"] }
"#;
const WATCHING_NAME: &str = "leaseproof-observer";
/// A policy that nobody writes. Without any policy Vault would give a token those of its parent, root's.
const NO_RIGHTS: &str = "leaseproof-no-rights";
/// How long the client's token outlives the longest promised lease.
const SPARE: u64 = 3600;

/// How long the client's token has left once `token-expiry` has shortened it, in seconds: Vault accepts no shorter time.
const LAST_SECOND: u64 = 1;
/// How long Vault may take to let go of a token whose time is over.
const EXPIRY: Duration = Duration::from_secs(30);
/// How often that is asked.
const ASK: Duration = Duration::from_millis(20);

impl Environment {
    /// Makes the token that the run's credentials are issued under. Its policies are the plan's and no other, and it
    /// outlives every lease that is promised. Its accessor is in the ledger when this returns.
    ///
    /// # Errors
    /// [`EnvironmentError::Vault`] where Vault refuses, [`EnvironmentError::Ledger`] where the ledger cannot be written: then
    /// the token has been revoked again.
    pub async fn client_token(&mut self, plan: &Plan, ledger: &Ledger) -> Result<ClientToken, EnvironmentError> {
        let timeout = plan.client.timeout.duration();
        // What is asked here is the harness's own; only the client's requests pass the tampering, and a link before it.
        let link = self.links.port(CLIENT, VAULT);
        let client = match &self.tampering {
            Some(tampering) => vault_client(link.unwrap_or(tampering.port()), None, timeout)?,
            None => vault_client(link.unwrap_or(self.vault.port), self.vault.certificate_files.as_ref(), timeout)?,
        };
        let request = request(plan);
        let token = self.kept_token(&request, ledger).await?;
        let token = ClientToken::new(client.with_token(token.token), token.accessor);
        self.client = Some((token.clone(), request));
        Ok(token)
    }

    /// Has the client's token expire: what Vault does with it and its leases is what it does at the end of any token's
    /// time. Returns when Vault knows it no more.
    pub(crate) async fn expire_client(&self) -> Result<(), EnvironmentError> {
        let Some((token, _)) = &self.client else { return Ok(()) };
        let failed = |source| EnvironmentError::Vault { doing: "let the client's token expire", source };
        let accessor = token.accessor();
        self.vault.root.renew_accessor(&accessor, LAST_SECOND).await.map_err(failed)?;
        let tries = Tries::new(EXPIRY, ASK);
        while self.vault.root.has_accessor(&accessor).await.map_err(failed)? {
            if !tries.again().await {
                let why = format!("it still accepts the client's token, {} s after its end", EXPIRY.as_secs());
                return Err(EnvironmentError::NotStarted { server: VAULT.to_owned(), why, tail: Vec::new() });
            }
        }
        Ok(())
    }

    /// Gives the client another token, as a new login would.
    pub(crate) async fn log_client_in_again(&self) -> Result<(), EnvironmentError> {
        let Some((token, request)) = &self.client else { return Ok(()) };
        let new = self.kept_token(request, &self.context.ledger).await?;
        token.exchange(new);
        Ok(())
    }

    /// A token whose accessor is in the ledger.
    async fn kept_token(&self, request: &TokenRequest, ledger: &Ledger) -> Result<Token, EnvironmentError> {
        let token = self.token(request, "make the client's token").await?;
        let entry =
            Entry::TokenAccessor { vault: self.vault.address.clone(), accessor: token.accessor.clone(), ends: None };
        if let Err(why) = ledger.add(entry) {
            self.release(&token.accessor).await?;
            return Err(why.into());
        }
        Ok(token)
    }

    /// Vault with a token that may watch and change nothing.
    ///
    /// # Errors
    /// [`EnvironmentError::Vault`] where Vault refuses.
    pub async fn observing_vault(&self) -> Result<Client, EnvironmentError> {
        let written = self.vault.root.write_policy(WATCHING_NAME, WATCHING).await;
        written.map_err(|source| EnvironmentError::Vault { doing: "write the observer's policy", source })?;
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
    /// [`EnvironmentError::Vault`] where Vault refuses.
    pub async fn release(&self, accessor: &str) -> Result<(), EnvironmentError> {
        let revoked = self.vault.root.revoke_accessor(accessor).await;
        revoked.map_err(|source| EnvironmentError::Vault { doing: "revoke the client's token", source })
    }

    async fn token(&self, request: &TokenRequest, doing: &'static str) -> Result<Token, EnvironmentError> {
        let token = self.vault.root.create_token(request).await;
        let token = token.map_err(|source| EnvironmentError::Vault { doing, source })?;
        self.context.redactor.add_fixed(token.token.clone());
        Ok(token)
    }
}

/// What the client's token is to be: with the plan's policies and no other, and outliving every lease that is promised.
/// Only one that a fault lets expire can be renewed.
fn request(plan: &Plan) -> TokenRequest {
    let longest = plan.roles.iter().filter_map(|role| role.max_ttl.as_ref()).map(|ttl| ttl.value.secs()).max();
    let mut policies = plan.client.policies.clone();
    if policies.is_empty() {
        policies.push(NO_RIGHTS.to_owned());
    }
    TokenRequest {
        policies,
        display_name: "leaseproof".to_owned(),
        ttl_seconds: longest.unwrap_or(24 * 3600).max(24 * 3600) + SPARE,
        renewable: plan.faults.iter().any(|fault| fault.kind == FaultKind::TokenExpiry),
    }
}
