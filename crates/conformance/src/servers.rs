//! The servers that facts are proved on, and what they write.

use std::sync::{Arc, Mutex, PoisonError};

use leaseproof_domain::Redactor;
use leaseproof_environment::{Bare, Environment, EnvironmentError, StartOptions};
use leaseproof_history::Ledger;

/// Lines of the servers' logs, by server, as they were written: for a search, never for keeping.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logs {
    lines: Arc<Mutex<Vec<(String, String)>>>,
}

impl Logs {
    /// Follows every log of the environment that nobody follows yet.
    pub(crate) fn follow(&self, environment: &mut Environment) {
        for mut stream in environment.take_logs() {
            let lines = Arc::clone(&self.lines);
            tokio::spawn(async move {
                while let Some(line) = stream.lines.recv().await {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    lines.lock().unwrap_or_else(PoisonError::into_inner).push((stream.name.clone(), line));
                }
            });
        }
    }

    pub(crate) fn with(&self, server: &str, text: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter(|(of, line)| of == server && line.contains(text)).map(|(_, line)| line.clone()).collect()
    }
}

/// A standing environment with its logs.
pub(crate) struct Servers {
    pub(crate) environment: Environment,
    pub(crate) logs: Logs,
}

/// What standing servers up needs, the same for all of a run.
#[derive(Clone)]
pub(crate) struct Yard {
    pub(crate) run: String,
    pub(crate) ledger: Ledger,
    pub(crate) redactor: Arc<Redactor>,
}

impl Yard {
    /// Stands servers up; `part` tells them apart from the run's others.
    pub(crate) async fn start(&self, bare: &Bare, part: &str) -> Result<Servers, EnvironmentError> {
        let options = StartOptions::new(format!("{}-{part}", self.run));
        let mut environment = Environment::stand_bare(bare, &options, &self.ledger, &self.redactor).await?;
        let logs = Logs::default();
        logs.follow(&mut environment);
        Ok(Servers { environment, logs })
    }
}
