use leaseproof_scenario::SetupStep;

use crate::{Environment, SetupError, SetupFault};

impl Environment {
    /// After a step: standbys replicate with the account that the scenario names, as soon as a step has created it. After
    /// the `last` one they have to; otherwise the line of `replicate_as` is wrong, and no step is.
    pub(super) async fn standbys_replicate(&self, number: u32, step: &SetupStep, last: bool) -> Result<(), SetupError> {
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
