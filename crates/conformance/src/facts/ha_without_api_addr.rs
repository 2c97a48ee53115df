use leaseproof_environment::EnvironmentError;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "HA-1",
    says: "A node without api_addr on a storage with ha_enabled does not start",
    shown: "The standby of two nodes is stopped, its api_addr is removed from its configuration, and it is restarted; with api_addr it starts.",
    source: "Vault, vault/core.go: \"missing API address, please set in configuration or via environment\"",
    ground: Ground::Own(super::ha::two_nodes),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const SAYS: &str = "missing API address";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let (_, (other, _)) = super::ha::turns(context).await?;
    context.environment().stop(&other).await;
    let address = context.environment().set_api_addr(&other, None)?;
    let (ended, words) = match context.environment().start_again(&other).await {
        Ok(()) => (false, "it started".to_owned()),
        Err(EnvironmentError::NotStarted { why, tail, .. }) => {
            let said = tail.into_iter().find(|line| line.contains(SAYS)).unwrap_or_default();
            (why.contains("it ended with exit status: 1"), format!("{why}: {said}"))
        }
        Err(why) => return Err(why.into()),
    };
    let met = ended && words.contains(SAYS);
    context.holds("its start without api_addr", format!("exit status 1, `{SAYS}`"), words, met);
    context.environment().set_api_addr(&other, address)?;
    context.environment().start_again(&other).await?;
    Ok(())
}
