//! The environment of a run, started by leaseproof or attached.

use std::sync::Arc;
use std::time::Duration;

use leaseproof_domain::Redactor;
use leaseproof_environment::{
    Attached, ClientToken, Environment, EnvironmentError, LogStream, PowerDnsAccess, StartOptions, left_there,
};
use leaseproof_history::{Ledger, Recorder};
use leaseproof_postgres::Login;
use leaseproof_scenario::{EnvironmentKind, Plan};
use leaseproof_timeline::Moments;
use leaseproof_vault::Client;
use leaseproof_workload::LoadState;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::attached::Guard;
use crate::display::Display;
use crate::interrupt::{Cut, Interrupt};
use crate::stop::Stop;

/// How long attached servers have to complete requests that were sent before a signal.
const ANSWERS: Duration = Duration::from_secs(10);

/// Real servers: started by leaseproof, or attached.
pub(crate) enum RunEnvironment {
    /// Child processes or containers of leaseproof, which end with it.
    Started(Box<Environment>),
    /// An environment that is already running.
    Attached(Box<Attached>),
}

impl RunEnvironment {
    /// Starts the plan's environment, or connects to it.
    pub(crate) async fn start(
        plan: &Plan,
        run: &str,
        recorder: &Recorder,
        ledger: &Ledger,
        redactor: &Arc<Redactor>,
    ) -> Result<Self, EnvironmentError> {
        Ok(match plan.environment {
            EnvironmentKind::Processes | EnvironmentKind::Containers => {
                let options = StartOptions { run: run.to_owned(), parent: std::env::temp_dir() };
                let environment = Environment::start(plan, &options, Some(recorder), ledger, redactor).await?;
                Self::Started(Box::new(environment))
            }
            EnvironmentKind::Attached => {
                Self::Attached(Box::new(Attached::attach(plan, recorder, ledger, redactor).await?))
            }
        })
    }

    /// Runs a stage that ends when a signal comes. In an attached environment the stage gets some time to finish, because
    /// a server may execute a request even if nobody waits for the response.
    pub(crate) async fn unless_asked<T>(
        plan: &Plan,
        interrupt: &Interrupt,
        stage: impl Future<Output = T>,
    ) -> Result<T, Cut> {
        match plan.environment {
            EnvironmentKind::Processes | EnvironmentKind::Containers => interrupt.unless_asked(stage).await,
            EnvironmentKind::Attached => interrupt.unless_asked_for(ANSWERS, stage).await,
        }
    }

    /// Vault, with the harness's own token.
    pub(crate) fn vault(&self) -> Client {
        match self {
            Self::Started(environment) => environment.vault(),
            Self::Attached(environment) => environment.vault(),
        }
    }

    /// Vault, with the token of the watch.
    pub(crate) async fn observing_vault(&self) -> Result<Client, EnvironmentError> {
        match self {
            Self::Started(environment) => environment.observing_vault().await,
            Self::Attached(environment) => Ok(environment.vault()),
        }
    }

    /// How the harness's own account logs in to a database of a cluster.
    pub(crate) fn observer_login(&self, cluster: &str, database: &str) -> Login {
        match self {
            Self::Started(environment) => environment.observer_login(cluster, database),
            Self::Attached(environment) => environment.observer_login(cluster, database),
        }
    }

    /// How a cluster's credentials log in to a database, without username and password.
    pub(crate) fn client_logins(&self, cluster: &str, database: &str, timeout: Duration) -> Vec<Login> {
        let logins = match self {
            Self::Started(environment) => {
                let observer = environment.observer_login(cluster, database);
                let login =
                    |(host, port)| Login { host, port, user: String::new(), password: None, ..observer.clone() };
                environment.endpoints(cluster).into_iter().map(login).collect()
            }
            Self::Attached(environment) => environment.client_logins(cluster, database),
        };
        let named = |login| Login { application_name: "leaseproof-client".to_owned(), timeout, ..login };
        logins.into_iter().map(named).collect()
    }

    /// The readable server logs: those of servers that leaseproof started.
    pub(crate) fn take_logs(&mut self) -> Vec<LogStream> {
        match self {
            Self::Started(environment) => environment.take_logs(),
            Self::Attached(_) => Vec::new(),
        }
    }

    /// The file of Vault's audit device, if it is on this machine.
    pub(crate) fn audit_log(&self) -> Option<std::path::PathBuf> {
        match self {
            Self::Started(environment) => environment.audit_log(),
            Self::Attached(_) => None,
        }
    }

    /// Waits until a server that leaseproof started ends unexpectedly; attached servers are not monitored.
    pub(crate) fn lost(&self) -> impl Future<Output = Stop> + use<> {
        let receiver = match self {
            Self::Started(environment) => Some(environment.lost()),
            Self::Attached(_) => None,
        };
        async move {
            if let Some(mut receiver) = receiver
                && let Ok(Some(lost)) = receiver.wait_for(Option::is_some).await.map(|lost| lost.clone())
            {
                return Stop::Lost(lost);
            }
            std::future::pending().await
        }
    }

    /// Injects the plan's faults and takes its actions during the load. A checked plan for an attached environment has
    /// none.
    pub(crate) async fn disturb(&mut self, plan: &Plan, recorder: &Recorder, moments: &Moments) -> Result<(), Stop> {
        match self {
            Self::Started(environment) => {
                leaseproof_timeline::run(plan, environment, recorder, moments).await.map_err(Stop::during_load)
            }
            Self::Attached(_) => Ok(()),
        }
    }

    /// Runs the setup steps, if the setup is leaseproof's. In an attached environment a signal ends it between two
    /// statements.
    pub(crate) async fn set_up(
        &self,
        plan: &Plan,
        run: &str,
        recorder: &Recorder,
        ledger: &Ledger,
        interrupt: &Interrupt,
    ) -> Result<(), Stop> {
        match self {
            Self::Started(environment) => Ok(environment.set_up(plan, Some(recorder)).await.map(drop)?),
            Self::Attached(environment) => {
                let ended = || interrupt.signal().is_some();
                Ok(environment.set_up(plan, run, recorder, ledger, &ended).await?)
            }
        }
    }

    /// Starts the plan's live PowerDNS, after the setup. A checked plan for an attached environment has none.
    pub(crate) async fn start_powerdns(&mut self, plan: &Plan, ledger: &Ledger) -> Result<(), EnvironmentError> {
        match self {
            Self::Started(environment) => environment.start_powerdns(plan, ledger).await,
            Self::Attached(_) => Ok(()),
        }
    }

    /// The address of PowerDNS, if there is one.
    pub(crate) fn powerdns(&self) -> Option<PowerDnsAccess> {
        match self {
            Self::Started(environment) => environment.powerdns(),
            Self::Attached(_) => None,
        }
    }

    /// Stops it, and revokes its agent's token with every lease under it.
    pub(crate) async fn end_powerdns(&mut self) -> Result<(), EnvironmentError> {
        match self {
            Self::Started(environment) => environment.end_powerdns().await,
            Self::Attached(_) => Ok(()),
        }
    }

    /// Creates the token under which credentials are issued.
    pub(crate) async fn client_token(&mut self, plan: &Plan, ledger: &Ledger) -> Result<ClientToken, EnvironmentError> {
        match self {
            Self::Started(environment) => environment.client_token(plan, ledger).await,
            Self::Attached(environment) => environment.client_token(plan, ledger).await,
        }
    }

    /// Revokes that token, and with it every lease.
    pub(crate) async fn release(&self, accessor: &str) -> Result<(), EnvironmentError> {
        match self {
            Self::Started(environment) => environment.release(accessor).await,
            Self::Attached(environment) => environment.release(accessor).await,
        }
    }

    /// Measures the servers' clocks.
    pub(crate) async fn measure_clocks(&self, recorder: &Recorder) -> Result<(), EnvironmentError> {
        match self {
            Self::Started(environment) => environment.measure_clocks(recorder).await,
            Self::Attached(environment) => environment.measure_clocks(recorder).await,
        }
    }

    /// Guards an attached environment during the load, and ends the load if necessary.
    pub(crate) fn guard(
        &self,
        plan: &Plan,
        progress: watch::Receiver<LoadState>,
        display: &Arc<dyn Display>,
        load: &CancellationToken,
    ) -> Guard {
        match (self, &plan.attached) {
            (Self::Attached(environment), Some(attached)) => {
                let trouble = (environment.trouble(), Arc::clone(display));
                Guard::begin(environment.vault(), attached, progress, trouble, load.clone())
            }
            _ => Guard::idle(),
        }
    }

    /// Removes what the run created. After a second signal, started servers are killed, and what the run created in an
    /// attached environment stays. Returns what is left.
    pub(crate) async fn tear_down(self, interrupt: &Interrupt) -> Option<String> {
        match self {
            // Dropping it ends every server immediately.
            Self::Started(environment) => {
                let torn = interrupt.unless_urged(environment.tear_down()).await;
                torn.ok().and_then(Result::err).map(|error| error.to_string())
            }
            Self::Attached(environment) => {
                let left = environment.left();
                match interrupt.unless_urged(environment.tear_down()).await {
                    Ok(torn) => torn.err().map(|error| error.to_string()),
                    Err(_) => Some(left()).filter(|left| !left.is_empty()).map(|left| left_there(&left)),
                }
            }
        }
    }
}
