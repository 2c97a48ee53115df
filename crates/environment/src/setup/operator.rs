use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use leaseproof_domain::ActionEnd;
use leaseproof_postgres::Login;
use leaseproof_scenario::{ActionPlan, SetupAction};
use leaseproof_vault::Client;

use crate::launch::context::LaunchContext;
use crate::placeholders::Placeholders;
use crate::setup::{Done, answered, ended, filled, sql, write};

/// Who works with the servers as an operator does: with Vault's root token and the bootstrap superusers. It holds no
/// borrow of the environment, so it can work while faults are injected.
pub struct Operator {
    pub(crate) vault: Client,
    pub(crate) placeholders: Placeholders,
    /// The bootstrap superuser's login to each cluster.
    pub(crate) logins: BTreeMap<String, Login>,
    /// The environment of scripts; it holds secrets.
    pub(crate) env: Vec<(String, String)>,
    /// What comes first in the PATH of scripts.
    pub(crate) programs: Vec<PathBuf>,
    pub(crate) context: Arc<LaunchContext>,
}

impl Operator {
    /// Takes an action, and answers how it ended, without secrets.
    pub async fn act(&self, number: u32, action: &ActionPlan) -> ActionEnd {
        let done = self.step(&format!("action {number}"), &action.step.action).await;
        let (notes, outcome, judged) = ended(number, &action.step, done, &self.context.redactor);
        ActionEnd { outcome, complaint: judged.err().map(|error| error.complaint()), notes }
    }

    /// Does what a step or an action does; `name` is that of a script's process.
    pub(crate) async fn step(&self, name: &str, action: &SetupAction) -> Done {
        match action {
            SetupAction::Sql { .. } => {
                let superuser = |on: &str| self.logins.get(on).cloned();
                sql::run(action, superuser, &self.placeholders, &self.context.redactor).await
            }
            SetupAction::Enable { engine, path } => answered(self.vault.enable_engine(path, engine).await),
            SetupAction::Disable { path } => answered(self.vault.disable_engine(path).await),
            SetupAction::Write { path, data } => write::to(&self.vault, &self.placeholders, path, data).await,
            SetupAction::Delete { path } => answered(self.vault.delete(path).await),
            SetupAction::RevokePrefix { prefix } => answered(self.vault.revoke_prefix(prefix).await),
            SetupAction::Policy { name, rules } => {
                answered(self.vault.write_policy(name, &filled(rules, &self.placeholders)?).await)
            }
            SetupAction::Script { text, .. } => self.script(name, text).await,
        }
    }
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator").field("vault", &self.vault).finish_non_exhaustive()
    }
}
