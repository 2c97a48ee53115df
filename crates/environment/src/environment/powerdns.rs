use std::time::Duration;

use leaseproof_history::{Entry, Ledger};
use leaseproof_scenario::{PdnsPlan, Plan};
use leaseproof_vault::{Client, TokenRequest};

use crate::launch::wait::Tries;
use crate::servers::powerdns::{PowerDns, PowerDnsAccess, PowerDnsParts};
use crate::{Environment, EnvironmentError};

/// The display name of the agent's token, which Vault puts into usernames.
const DISPLAY_NAME: &str = "pdns-agent";
/// How long the agent's token is valid: longer than any run.
const TOKEN_SECONDS: u64 = 32 * 24 * 3600;
/// How long one of the agent's requests may still be under way after its token was revoked.
const UNDER_WAY: Duration = Duration::from_secs(10);
/// How often Vault is asked for its requests under way.
const ASK: Duration = Duration::from_millis(20);

impl Environment {
    /// Stands the plan's live PowerDNS up, after the setup: a token for its agent, the agent, and once that has rendered
    /// the configuration, the server. Every rendering is recorded from then on. Nothing where the plan has none.
    ///
    /// # Errors
    /// [`EnvironmentError`]; what was made by then ends with the environment.
    pub async fn start_powerdns(&mut self, plan: &Plan, ledger: &Ledger) -> Result<(), EnvironmentError> {
        let Some(pdns) = &plan.pdns else { return Ok(()) };
        let mount = plan.roles.iter().find(|role| role.name == pdns.role).map_or("database", |role| &role.mount);
        let token = self.agent_token(pdns, ledger).await?;
        let parts = PowerDnsParts { plan: pdns, mount, vault: &self.vault, token, placeholders: &self.placeholders };
        self.powerdns.get_or_insert_with(PowerDns::awaited).start(parts, &self.context).await
    }

    /// Where the live PowerDNS is reached; none where none stands.
    pub fn powerdns(&self) -> Option<PowerDnsAccess> {
        self.powerdns.as_ref()?.access().cloned()
    }

    /// Ends the live PowerDNS and its agent, and revokes the agent's token with every lease under it. Nothing where none
    /// stands.
    ///
    /// The token goes first, and the agent only when Vault works on none of its requests any more: a client that goes
    /// away while Vault makes its credential can leave a role without a lease.
    ///
    /// # Errors
    /// [`EnvironmentError::Vault`] where Vault refuses, [`EnvironmentError::LeftBehind`] where a process does not end.
    pub async fn end_powerdns(&mut self) -> Result<(), EnvironmentError> {
        let Some((accessor, credentials)) = self.powerdns.as_ref().and_then(PowerDns::want_end) else { return Ok(()) };
        let revoked = self.vault.root.revoke_accessor(accessor).await;
        revoked.map_err(|source| EnvironmentError::Vault { doing: "revoke the token of PowerDNS's agent", source })?;
        self.until_no_issue_is_under_way(credentials).await?;
        let Some(mut live) = self.powerdns.take() else { return Ok(()) };
        let ended = tokio::task::spawn_blocking(move || live.shut_down()).await;
        let left = ended.unwrap_or_else(|why| vec![format!("PowerDNS: its end failed: {why}")]);
        if left.is_empty() { Ok(()) } else { Err(EnvironmentError::LeftBehind { left }) }
    }

    /// Waits until Vault works on no request for that path (`sys/in-flight-req`, vault/logical_system.go).
    async fn until_no_issue_is_under_way(&self, path: &str) -> Result<(), EnvironmentError> {
        let tries = Tries::new(UNDER_WAY, ASK);
        loop {
            let asked = self.vault.root.read("sys/in-flight-req").await;
            let answer =
                asked.map_err(|source| EnvironmentError::Vault { doing: "list its requests under way", source })?;
            if !answer.body.to_string().contains(path) || !tries.again().await {
                return Ok(());
            }
        }
    }

    /// The agent's token, with the plan's policies and no other; its accessor is in the ledger when this returns.
    async fn agent_token(&self, pdns: &PdnsPlan, ledger: &Ledger) -> Result<(Client, String), EnvironmentError> {
        let request = TokenRequest {
            policies: pdns.policies.value.clone(),
            display_name: DISPLAY_NAME.to_owned(),
            ttl_seconds: TOKEN_SECONDS,
            renewable: false,
        };
        let made = self.vault.root.create_token(&request).await;
        let made =
            made.map_err(|source| EnvironmentError::Vault { doing: "create the token of PowerDNS's agent", source })?;
        self.context.redactor.add_fixed(made.token.clone());
        let entry =
            Entry::TokenAccessor { vault: self.vault.address.clone(), accessor: made.accessor.clone(), ends: None };
        if let Err(why) = ledger.add(entry) {
            self.release(&made.accessor).await?;
            return Err(why.into());
        }
        Ok((self.vault.root.with_token(made.token), made.accessor))
    }
}
