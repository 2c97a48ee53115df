use std::sync::Arc;

use leaseproof_domain::ObservedNote;
use leaseproof_history::Recorder;
use leaseproof_postgres::Login;
use leaseproof_scenario::{Plan, SetupStep};

use crate::servers::cluster::Cluster;
use crate::setup::operator::Operator;
use crate::setup::{recorded, sql, steps_before_vault};
use crate::{Environment, SetupError, SetupFault};

impl Environment {
    /// Does the plan's setup, step by step, and records each. Answers with what servers warned of and noticed.
    ///
    /// # Errors
    /// [`SetupError`] for the first step that does not end as the scenario expects; the steps after it are not done.
    pub async fn set_up(&self, plan: &Plan, recorder: Option<&Recorder>) -> Result<Vec<ObservedNote>, SetupError> {
        let done_before = steps_before_vault(plan).len();
        let mut notes = Vec::new();
        let operator = self.operator_at(|cluster| cluster.primary().port);
        for (number, step) in (1_u32..).zip(&plan.setup).skip(done_before) {
            let name = format!("setup step {number}");
            let doing = operator.step(&name, &step.action);
            let done = recorded(number, step, doing, recorder, &self.context.redactor).await;
            notes.extend(done.map_err(|why| why.explained(plan))?);
            self.standbys_replicate(number, step, usize::try_from(number) == Ok(plan.setup.len())).await?;
        }
        Ok(notes)
    }

    /// An operator whose SQL goes where a cluster's writes go: to the primary, whichever server that is.
    pub fn operator(&self) -> Operator {
        self.operator_at(Cluster::write_port)
    }

    /// An operator whose SQL goes to that port of each cluster.
    pub(crate) fn operator_at(&self, port: impl Fn(&Cluster) -> u16) -> Operator {
        let login = |cluster: &Cluster| Login { port: port(cluster), ..sql::superuser(cluster) };
        Operator {
            vault: self.vault(),
            placeholders: self.placeholders.clone(),
            logins: self.clusters().map(|(name, cluster)| (name.clone(), login(cluster))).collect(),
            env: self.environment_of("postgres"),
            programs: self.programs(),
            context: Arc::clone(&self.context),
        }
    }

    /// After a step: standbys replicate with the account that the scenario names, as soon as a step has created it. After
    /// the `last` one they have to; otherwise the line of `replicate_as` is wrong, and no step is.
    async fn standbys_replicate(&self, number: u32, step: &SetupStep, last: bool) -> Result<(), SetupError> {
        for cluster in self.clusters.values() {
            let Some(account) = &cluster.replicate_as else { continue };
            let (words, harness) = match cluster.replicate_as_said(&self.context).await {
                Ok(in_force) if in_force || !last => continue,
                Ok(_) => {
                    let words = format!(
                        "`replicate_as` of {} names `{}`: no setup step creates that account with LOGIN and REPLICATION",
                        cluster.name, account.login.user
                    );
                    (words, None)
                }
                Err(why) => (cluster.lost(&why), why.harness()),
            };
            return Err(SetupError {
                step: number,
                origin: account.origin.clone(),
                action: step.words(),
                fault: SetupFault::WithoutReplication,
                words: self.context.redactor.scrub(&words).text,
                hint: None,
                wrong: None,
                harness,
            });
        }
        Ok(())
    }
}
