//! The setup that leaseproof does in an environment that is not its own, and takes away afterwards.

use std::collections::BTreeMap;

use leaseproof_domain::Secret;
use leaseproof_history::{Ledger, MadeThere, Proof, Recorder};
use leaseproof_postgres::{Login, Session, literal};
use leaseproof_scenario::{Plan, SettingValue, SetupAction};
use leaseproof_vault::{Answer, Client};

use super::login::Cluster;
use super::made::StepEffect;
use super::others::Others;
use super::script::Script;
use super::{AttachError, Attached, made};
use crate::placeholders::Placeholders;
use crate::setup::{Done, NotDone, answered, filled, recorded, write};
use crate::{EnvironmentError, SetupError};

/// What a step needs beside itself.
struct Doing<'a> {
    /// The run's name.
    run: &'a str,
    placeholders: Placeholders,
    /// Whether nobody wants the rest.
    ended: &'a (dyn Fn() -> bool + Sync),
}

impl Attached {
    /// Does the plan's setup, step by step, and records each. What a step makes is in the ledger before it, and how it
    /// is recognized before it can be used. Between two statements it ends where `ended` says so.
    ///
    /// # Errors
    /// [`EnvironmentError::SetUp`] for the first step that does not end as the scenario expects, [`EnvironmentError::Ledger`],
    /// [`EnvironmentError::Ended`].
    pub async fn set_up(
        &self,
        plan: &Plan,
        run: &str,
        recorder: &Recorder,
        ledger: &Ledger,
        ended: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), EnvironmentError> {
        if !self.plan.ours {
            return Ok(());
        }
        self.enter(ledger)?;
        let others = Others::read(&self.clusters).await?.with_accounts_of(plan);
        let others = self.others.get_or_init(|| others);
        let doing = Doing { run, placeholders: self.placeholders(), ended };
        for (number, (step, effect)) in (1_u32..).zip(plan.setup.iter().zip(made::by_step(plan, &doing.placeholders)?))
        {
            if ended() {
                return Err(EnvironmentError::Ended);
            }
            // Somebody may have made it meanwhile: then it is not ours to take away.
            none_is_there(&effect.makes, &self.vault, &self.clusters).await?;
            for made in &effect.makes {
                self.traces.add(made.clone())?;
            }
            let done = async {
                let notes = self.step(&step.action, &effect, &doing).await?;
                self.unchanged(others).await.map(|()| notes)
            };
            let done: Result<_, SetupError> = recorded(number, step, done, Some(recorder), &self.redactor).await;
            if ended() {
                return Err(EnvironmentError::Ended);
            }
            done.map_err(|why| Box::new(why.explained(plan)))?;
        }
        Ok(())
    }

    /// Makes sure that a step has changed nothing of others. The statements are checked before they run; this is for what
    /// that check does not see.
    async fn unchanged(&self, others: &Others) -> Result<(), NotDone> {
        let later = Others::read(&self.clusters).await.map_err(|why| NotDone::because_of(&why.into()))?;
        let mut changes = others.changes(&later);
        changes.extend(others.joined(&later, &self.traces.all().2, &self.clusters));
        if changes.is_empty() {
            return Ok(());
        }
        Err(NotDone::Unsendable(format!(
            "after it, something differs that is not the setup's; the step or somebody else changed it: {}",
            changes.join("; ")
        )))
    }

    async fn step(&self, action: &SetupAction, effect: &StepEffect, doing: &Doing<'_>) -> Done {
        match action {
            SetupAction::Sql { file, on, database, user, password, .. } => {
                let operator = self.cluster(on).operator(database);
                let login = match user {
                    Some(user) => Login {
                        user: user.clone(),
                        password: password.as_ref().map(|password| Secret::new(password.expose())),
                        ..operator
                    },
                    None => operator,
                };
                let script = Script {
                    login: &login,
                    file: file.as_deref(),
                    text: &effect.text,
                    statements: &effect.statements,
                    run: doing.run,
                    traces: &self.traces,
                    redactor: &self.redactor,
                };
                script.run(doing.ended).await
            }
            SetupAction::Enable { engine, path } => self.mount(path.trim_matches('/'), engine, doing.run).await,
            SetupAction::Write { path, data } => match path.strip_prefix("sys/policies/acl/") {
                Some(name) => {
                    let rules = match data.get("policy") {
                        Some(SettingValue::Text(rules)) if data.len() == 1 => rules.expose().to_owned(),
                        _ => return Err(NotDone::Unsendable("a policy is one text, `policy`".to_owned())),
                    };
                    answered(self.policy(name, &filled(&rules, &doing.placeholders)?, doing.run).await?)
                }
                None => write::to(&self.vault, &doing.placeholders, path, data).await,
            },
            SetupAction::Policy { name, rules } => {
                answered(self.policy(name, &filled(rules, &doing.placeholders)?, doing.run).await?)
            }
            SetupAction::Script { .. } => Err(NotDone::Unsendable("a script can do anything".to_owned())),
            SetupAction::Disable { .. } | SetupAction::Delete { .. } | SetupAction::RevokePrefix { .. } => {
                Err(NotDone::Unsendable("a setup must not delete or revoke".to_owned()))
            }
        }
    }

    /// A mount that says in its description whose it is, so that it is recognized also where the harness is killed
    /// before it has read the accessor.
    async fn mount(&self, path: &str, engine: &str, run: &str) -> Done {
        let made = MadeThere::Mount { path: path.to_owned() };
        let marker = marker(run);
        self.proof(&made, Proof::Marker { text: marker.clone() })?;
        let mounted = self.vault.enable_described_engine(path, engine, &marker).await;
        mounted.map_err(|why| NotDone::refused(why.outcome()))?;
        // Where it cannot be read, the description says it too.
        if let Ok(Some(mount)) = self.vault.mount(path).await {
            self.proof(&made, Proof::Accessor { accessor: mount.accessor })?;
        }
        Ok(Vec::new())
    }

    /// A policy that says in its first line whose it is. In JSON there is no place for that: then its rules have to do.
    async fn policy(
        &self,
        name: &str,
        rules: &str,
        run: &str,
    ) -> Result<Result<Answer, leaseproof_vault::Error>, NotDone> {
        let is_json = rules.trim_start().starts_with('{');
        let rules = if is_json { rules.to_owned() } else { format!("# {}\n{rules}", marker(run)) };
        self.proof(&MadeThere::Policy { name: name.to_owned() }, Proof::Marker { text: rules.clone() })?;
        Ok(self.vault.write_policy(name, &rules).await)
    }

    fn proof(&self, made: &MadeThere, proof: Proof) -> Result<(), NotDone> {
        self.traces.proof(made, proof).map_err(|why| NotDone::because_of(&why.into()))
    }

    pub(super) fn placeholders(&self) -> Placeholders {
        let (host, port) = self.vault.place();
        let clusters = self.clusters.iter().map(|(name, cluster)| (name.as_str(), cluster.endpoints.as_slice()));
        Placeholders::of_attached(self.vault.address(), (&host, port), clusters)
    }
}

/// What tells a run's own things in Vault from others.
fn marker(run: &str) -> String {
    format!("made by leaseproof, run {run}")
}

/// Makes sure that nothing of that is there.
pub(super) async fn none_is_there(
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
    let asked =
        |source| AttachError::Vault { address: vault.address().to_owned(), doing: "list what exists there", source };
    match made {
        MadeThere::Mount { path } => Ok(vault.mount(path).await.map_err(asked)?.is_some()),
        MadeThere::Policy { name } => Ok(vault.policy(name).await.map_err(asked)?.is_some()),
        MadeThere::Role { cluster, name } => {
            let sql = format!("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = {}", literal(name));
            named(clusters, cluster, &sql).await
        }
        MadeThere::Database { cluster, name } => {
            let sql = format!("SELECT 1 FROM pg_catalog.pg_database WHERE datname = {}", literal(name));
            named(clusters, cluster, &sql).await
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
