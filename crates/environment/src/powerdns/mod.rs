//! A live PowerDNS on an issued credential: the agent that renders its configuration, the server itself, and each
//! rendering as an event.

mod agent;
mod programs;
mod renderings;
mod server;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use leaseproof_domain::Secret;
use leaseproof_history::{Entry, Ledger};
use leaseproof_scenario::{PdnsPlan, Plan};
use leaseproof_vault::{Client, TokenRequest};
use nix::sys::signal::Signal;

pub(crate) use programs::PDNS;

use self::agent::Agent;
use self::renderings::Renderings;
use self::server::Server;
use crate::context::LaunchContext;
use crate::logs::Output;
use crate::{Environment, EnvironmentError, LogStream, folder};

/// The server's name in histories and messages.
const SERVER: &str = "pdns";
/// The agent's.
const AGENT: &str = "vault.agent";
/// The folder of both.
const HOME: &str = "pdns";
/// The display name of the agent's token, which Vault puts into usernames.
const DISPLAY_NAME: &str = "pdns-agent";
/// How long the agent's token is valid: longer than any run.
const TOKEN_SECONDS: u64 = 32 * 24 * 3600;
/// How long the agent may take to render for the first time, and the server to listen.
const START: Duration = Duration::from_secs(30);
/// How often that is asked.
const TRY: Duration = Duration::from_millis(20);
/// How long one of the agent's requests may still be under way after its token was revoked.
const UNDER_WAY: Duration = Duration::from_secs(10);

/// Where a live PowerDNS is reached, and what its agent may do.
#[derive(Clone, Debug)]
pub struct PowerDnsAccess {
    /// Where it answers questions, over UDP.
    pub dns: SocketAddr,
    /// Where its HTTP interface is.
    pub api: SocketAddr,
    /// The key of that interface.
    pub api_key: Secret,
    /// Vault with the agent's token.
    pub agent: Client,
}

/// The part of an environment that a live PowerDNS is. It stands after the setup, and its logs can be taken before.
pub(crate) struct PowerDns {
    logs: Vec<LogStream>,
    agent_output: Output,
    server_output: Output,
    standing: Option<Standing>,
}

struct Standing {
    // Dropped in this order: nothing is rendered for a server that is gone, and nobody looks for it.
    renderings: Renderings,
    agent: Agent,
    server: Server,
    access: PowerDnsAccess,
    accessor: String,
}

impl PowerDns {
    /// One that is yet to be stood up.
    pub(crate) fn awaited() -> Self {
        let (agent_output, agent) = Output::awaited();
        let (server_output, server) = Output::awaited();
        let stream = |name: &str, lines| LogStream { name: name.to_owned(), lines };
        let logs = vec![stream(AGENT, agent), stream(SERVER, server)];
        Self { logs, agent_output, server_output, standing: None }
    }

    /// What both will write. Once.
    pub(crate) fn take_logs(&mut self) -> Vec<LogStream> {
        std::mem::take(&mut self.logs)
    }

    /// Ends both, blocking. Gives what is left.
    pub(crate) fn shut_down(&mut self) -> Vec<String> {
        let Some(standing) = self.standing.take() else { return Vec::new() };
        let Standing { renderings, agent, server, .. } = standing;
        drop(renderings);
        // PowerDNS has nothing to lose: its guardian and its instance go at once, as one group.
        let children = [(AGENT, agent.child, Signal::SIGTERM), (SERVER, server.child, Signal::SIGKILL)];
        let left = children.into_iter().filter(|(_, child, first)| {
            child.want_end();
            !child.stop(*first)
        });
        left.map(|(name, child, _)| format!("{name} (pid {})", child.pid())).collect()
    }
}

impl Environment {
    /// Stands the plan's live PowerDNS up, after the setup: a token for its agent, the agent, and once that has rendered
    /// the configuration, the server. Every rendering is recorded from then on. Nothing where the plan has none.
    ///
    /// # Errors
    /// [`EnvironmentError`]; what was made by then ends with the environment.
    pub async fn stand_powerdns(&mut self, plan: &Plan, ledger: &Ledger) -> Result<(), EnvironmentError> {
        let Some(pdns) = &plan.pdns else { return Ok(()) };
        let programs = programs::of(&self.context)?;
        let home = self.context.folder.join(HOME);
        folder::make(&home, 0o700, None)?;
        let (client, accessor) = self.agent_token(pdns, ledger).await?;
        let mount = plan.roles.iter().find(|role| role.name == pdns.role).map_or("database", |role| &role.mount);
        let parts = agent::Parts { plan: pdns, mount, home: &home, control: &programs.control, token: &client };
        let fill = |text: &str| self.placeholders.fill(text);
        let (agent, agent_log) = agent::start(&parts, &self.vault, fill, &self.context)?;
        let mut renderings = Renderings::watch(&agent.rendered, &pdns.role, &self.context);
        rendered(&mut renderings, &agent, &self.context).await?;
        agent::remove_token(&home)?;
        let (server, server_log, access) = server::start(&programs, &home, client, &self.context).await?;
        self.context.guard(AGENT, &agent.child);
        self.context.guard(SERVER, &server.child);
        let live = self.powerdns.get_or_insert_with(PowerDns::awaited);
        live.agent_output.renew(agent_log, agent.child.log());
        live.server_output.renew(server_log, server.child.log());
        live.standing = Some(Standing { renderings, agent, server, access, accessor });
        Ok(())
    }

    /// Where the live PowerDNS is reached; none where none stands.
    pub fn powerdns(&self) -> Option<PowerDnsAccess> {
        Some(self.powerdns.as_ref()?.standing.as_ref()?.access.clone())
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
        let Some(standing) = self.powerdns.as_ref().and_then(|live| live.standing.as_ref()) else { return Ok(()) };
        standing.agent.child.want_end();
        standing.server.child.want_end();
        let revoked = self.vault.root.revoke_accessor(&standing.accessor).await;
        revoked.map_err(|source| EnvironmentError::Vault { doing: "revoke the token of PowerDNS's agent", source })?;
        self.until_no_issue_is_under_way(&standing.agent.credentials).await?;
        let Some(mut live) = self.powerdns.take() else { return Ok(()) };
        let ended = tokio::task::spawn_blocking(move || live.shut_down()).await;
        let left = ended.unwrap_or_else(|why| vec![format!("PowerDNS: its end failed: {why}")]);
        if left.is_empty() { Ok(()) } else { Err(EnvironmentError::LeftBehind { left }) }
    }

    /// Waits until Vault works on no request for that path (`sys/in-flight-req`, vault/logical_system.go).
    async fn until_no_issue_is_under_way(&self, path: &str) -> Result<(), EnvironmentError> {
        let until = Instant::now() + UNDER_WAY;
        loop {
            let asked = self.vault.root.read("sys/in-flight-req").await;
            let answer =
                asked.map_err(|source| EnvironmentError::Vault { doing: "list its requests under way", source })?;
            if !answer.body.to_string().contains(path) || Instant::now() >= until {
                return Ok(());
            }
            tokio::time::sleep(TRY).await;
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

/// Waits for the first rendering.
async fn rendered(renderings: &mut Renderings, agent: &Agent, context: &LaunchContext) -> Result<(), EnvironmentError> {
    let until = Instant::now() + START;
    while !renderings.any() {
        let why = match agent.child.ended() {
            Some(_) => format!("it ended with {}", agent.child.end().await),
            None if Instant::now() >= until => {
                format!("PowerDNS's configuration was not rendered within {} s", START.as_secs())
            }
            None => {
                tokio::time::sleep(TRY).await;
                continue;
            }
        };
        return Err(context.not_started(AGENT, why, &agent.child));
    }
    Ok(())
}

/// A port of loopback.
fn place(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
