//! A live PowerDNS on an issued credential: the agent that renders its configuration, the server itself, and each
//! rendering as an event.

mod agent;
mod programs;
mod renderings;
mod server;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use leaseproof_domain::Secret;
use leaseproof_scenario::PdnsPlan;
use leaseproof_vault::Client;
use nix::sys::signal::Signal;

use self::agent::Agent;
use self::renderings::Renderings;
use self::server::Server;
use crate::EnvironmentError;
use crate::launch::context::LaunchContext;
use crate::launch::folder;
use crate::launch::logs::LogStream;
use crate::launch::logs::Output;
use crate::launch::wait::Tries;
use crate::placeholders::Placeholders;
use crate::servers::vault::VaultServer;

/// The server's name in histories and messages.
const SERVER: &str = "pdns";
/// The agent's.
const AGENT: &str = "vault.agent";
/// The folder of both.
const HOME: &str = "pdns";
/// How long the agent may take to render for the first time, and the server to listen.
const START: Duration = Duration::from_secs(30);
/// How often that is asked.
const TRY: Duration = Duration::from_millis(20);

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
    /// One that is yet to be started.
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

/// What PowerDNS needs of the environment.
pub(crate) struct PowerDnsParts<'a> {
    pub(crate) plan: &'a PdnsPlan,
    /// The mount of its Vault role.
    pub(crate) mount: &'a str,
    pub(crate) vault: &'a VaultServer,
    /// The agent's token, with its accessor.
    pub(crate) token: (Client, String),
    pub(crate) placeholders: &'a Placeholders,
}

impl PowerDns {
    /// Starts the agent, waits for its first rendering, and starts the server with it.
    pub(crate) async fn start(
        &mut self,
        parts: PowerDnsParts<'_>,
        context: &LaunchContext,
    ) -> Result<(), EnvironmentError> {
        let PowerDnsParts { plan, mount, vault, token: (client, accessor), placeholders } = parts;
        let programs = programs::of(context)?;
        let home = context.folder.join(HOME);
        folder::make(&home, 0o700, None)?;
        let parts = agent::Parts { plan, mount, home: &home, control: &programs.control, token: &client };
        let (agent, agent_log) = agent::start(&parts, vault, |text| placeholders.fill(text), context)?;
        let mut renderings = Renderings::watch(&agent.rendered, &plan.role, context);
        rendered(&mut renderings, &agent, context).await?;
        agent::remove_token(&home)?;
        let (server, server_log, access) = server::start(&programs, &home, client, context).await?;
        context.guard(AGENT, &agent.child);
        context.guard(SERVER, &server.child);
        self.agent_output.renew(agent_log, agent.child.log());
        self.server_output.renew(server_log, server.child.log());
        self.standing = Some(Standing { renderings, agent, server, access, accessor });
        Ok(())
    }

    /// How to reach it, while it runs.
    pub(crate) fn access(&self) -> Option<&PowerDnsAccess> {
        self.standing.as_ref().map(|standing| &standing.access)
    }

    /// From now on its end is no loss; the accessor of the agent's token, and the path of its credentials.
    pub(crate) fn want_end(&self) -> Option<(&str, &str)> {
        let standing = self.standing.as_ref()?;
        standing.agent.child.want_end();
        standing.server.child.want_end();
        Some((&standing.accessor, &standing.agent.credentials))
    }
}

/// Waits for the first rendering.
async fn rendered(renderings: &mut Renderings, agent: &Agent, context: &LaunchContext) -> Result<(), EnvironmentError> {
    let tries = Tries::new(START, TRY);
    while !renderings.any() {
        let why = match agent.child.ended() {
            Some(_) => format!("it ended with {}", agent.child.end().await),
            None if tries.again().await => continue,
            None => format!("PowerDNS's configuration was not rendered within {} s", START.as_secs()),
        };
        return Err(context.not_started(AGENT, why, &agent.child));
    }
    Ok(())
}

/// A port of loopback.
fn place(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
