use leaseproof_estate::EstateError;

use crate::proof::Obstacle;
use crate::{Bench, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "HA-1",
    says: "A node without api_addr on a storage with ha_enabled does not start",
    shown: "The standby of two nodes is stopped, its api_addr is removed from its configuration, and it is restarted; with api_addr it starts.",
    source: "Vault, vault/core.go: \"missing API address, please set in configuration or via environment\"",
    ground: Ground::Own(super::ha::two_nodes),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const SAYS: &str = "missing API address";

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    let (_, (other, _)) = super::ha::turns(bench).await?;
    bench.estate().stop(&other).await;
    let address = bench.estate().set_api_addr(&other, None)?;
    let (ended, words) = match bench.estate().start_again(&other).await {
        Ok(()) => (false, "it started".to_owned()),
        Err(EstateError::NotStarted { why, tail, .. }) => {
            let said = tail.into_iter().find(|line| line.contains(SAYS)).unwrap_or_default();
            (why.contains("it ended with exit status: 1"), format!("{why}: {said}"))
        }
        Err(why) => return Err(why.into()),
    };
    let met = ended && words.contains(SAYS);
    bench.holds("its start without api_addr", format!("exit status 1, `{SAYS}`"), words, met);
    bench.estate().set_api_addr(&other, address)?;
    bench.estate().start_again(&other).await?;
    Ok(())
}
