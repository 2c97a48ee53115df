//! The set-up that leaseproof does in an estate that is not its own, and takes away afterwards.

use std::collections::BTreeMap;

use leaseproof_domain::Secret;
use leaseproof_history::{Entry, Ledger, MadeThere, Recorder};
use leaseproof_postgres::{Login, Session};
use leaseproof_scenario::{Plan, SetupAction};
use leaseproof_vault::Client;

use super::login::Cluster;
use super::{AttachError, Attached, made};
use crate::placeholders::Placeholders;
use crate::setup::{NotDone, filled, recorded, sql, write};
use crate::{EstateError, SetupError};

impl Attached {
    /// Does the plan's set-up, step by step, and records each. What a step makes is in the ledger before it.
    ///
    /// # Errors
    /// [`EstateError::SetUp`] for the first step that does not end as the scenario expects, [`EstateError::Ledger`].
    pub async fn set_up(&self, plan: &Plan, recorder: &Recorder, ledger: &Ledger) -> Result<(), EstateError> {
        if !self.plan.ours {
            return Ok(());
        }
        self.enter(ledger)?;
        let placeholders = self.placeholders();
        for (number, (step, makes)) in (1_u32..).zip(plan.setup.iter().zip(made::by_step(plan)?)) {
            // Somebody may have made it meanwhile: then it is not ours to take away.
            none_is_there(&makes, &self.vault, &self.clusters).await?;
            for made in makes {
                ledger.add(Entry::MadeThere { what: made.clone() })?;
                self.traces.add(made);
            }
            let doing = self.step(&step.action, &placeholders);
            let done: Result<(), SetupError> = recorded(number, step, doing, Some(recorder), &self.redactor).await;
            done.map_err(Box::new)?;
        }
        Ok(())
    }

    async fn step(&self, action: &SetupAction, placeholders: &Placeholders) -> Result<(), NotDone> {
        let answered = |done: Result<(), leaseproof_vault::Error>| done.map_err(|why| NotDone::refused(why.outcome()));
        match action {
            SetupAction::Sql { file, text, on, database, user, password } => {
                let operator = self.cluster(on).operator(database);
                let login = match user {
                    Some(user) => Login {
                        user: user.clone(),
                        password: password.as_ref().map(|password| Secret::new(password.expose())),
                        ..operator
                    },
                    None => operator,
                };
                sql::run_as(&login, file.as_deref(), &filled(text, placeholders)?, &self.redactor).await
            }
            SetupAction::Enable { engine, path } => answered(self.vault.enable_engine(path, engine).await),
            SetupAction::Write { path, data } => write::to(&self.vault, placeholders, path, data).await,
            SetupAction::Policy { name, rules } => {
                answered(self.vault.write_policy(name, &filled(rules, placeholders)?).await)
            }
            SetupAction::Script { .. } => Err(NotDone::Unsendable("a script can do anything".to_owned())),
        }
    }

    fn placeholders(&self) -> Placeholders {
        let mut all = Placeholders::default();
        let (host, port) = self.vault.place();
        all.vault_at(self.vault.address(), &host, port);
        for (name, cluster) in &self.clusters {
            if let Some((host, port)) = cluster.endpoints.first() {
                all.cluster_at(name, host, *port);
            }
            if let Some((host, port)) = cluster.endpoints.get(1) {
                all.read_at(name, host, *port);
            }
            all.servers(name, cluster.endpoints.iter().map(|(host, port)| (host.as_str(), *port)));
        }
        all
    }
}

/// Makes sure that nothing is there that the set-up would make.
pub(super) async fn nothing_is_there(
    plan: &Plan,
    vault: &Client,
    clusters: &BTreeMap<String, Cluster>,
) -> Result<(), AttachError> {
    none_is_there(&made::by_step(plan)?.concat(), vault, clusters).await
}

async fn none_is_there(
    all: &[MadeThere],
    vault: &Client,
    clusters: &BTreeMap<String, Cluster>,
) -> Result<(), AttachError> {
    let mut there = Vec::new();
    for made in all {
        if is_there(made, vault, clusters).await? {
            there.push(made.to_string());
        }
    }
    if there.is_empty() { Ok(()) } else { Err(AttachError::There { there }) }
}

async fn is_there(made: &MadeThere, vault: &Client, clusters: &BTreeMap<String, Cluster>) -> Result<bool, AttachError> {
    let asked = |source| AttachError::Vault { address: vault.address().to_owned(), doing: "say what is there", source };
    match made {
        MadeThere::Mount { path } => {
            let mounts = vault.read("sys/mounts").await.map_err(asked)?;
            Ok(mounts.body["data"].get(format!("{path}/")).is_some())
        }
        MadeThere::Policy { name } => match vault.read(&format!("sys/policies/acl/{name}")).await {
            Ok(_) => Ok(true),
            Err(leaseproof_vault::Error::Answer { status: 404, .. }) => Ok(false),
            Err(why) => Err(asked(why)),
        },
        MadeThere::Role { cluster, name } => {
            named(clusters, cluster, &format!("SELECT 1 FROM pg_roles WHERE rolname = {}", literal(name))).await
        }
        MadeThere::Database { cluster, name } => {
            named(clusters, cluster, &format!("SELECT 1 FROM pg_database WHERE datname = {}", literal(name))).await
        }
    }
}

async fn named(clusters: &BTreeMap<String, Cluster>, cluster: &str, sql: &str) -> Result<bool, AttachError> {
    let failed = |source| AttachError::Operator { cluster: cluster.to_owned(), source };
    let of = clusters.get(cluster).ok_or_else(|| AttachError::NoCluster { cluster: cluster.to_owned() })?;
    let session = Session::open(&of.operator(&of.observer.database)).await.map_err(failed)?;
    let found = session.value(sql).await.map_err(failed)?;
    session.close().await;
    Ok(found.is_some())
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
