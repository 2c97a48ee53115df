use std::time::Duration;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "HA-4",
    says: "After sys/step-down the other node is active and creds work again within about 3 s",
    shown: "Two nodes behind HAProxy; the active one steps down, creds are requested until they succeed; an earlier lease is revoked.",
    source: "Vault, vault/ha.go: a node that steps down releases its lock and waits 10 s; measured",
    ground: Ground::Own(super::ha::two_nodes),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// Three seconds, and as much again on a busy machine.
const TAKEN_OVER: Duration = Duration::from_secs(6);

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let before = context.issue("reader").await?;
    let ((_, active), (other, _)) = super::ha::turns(context).await?;
    let reported = active.write("sys/step-down", &json!({})).await;
    context.answers("sys/step-down", &reported, Expect::status(204));
    let creds = super::ha::again(context, "the step-down", TAKEN_OVER).await?;
    if creds.is_none() {
        return Ok(());
    }
    let now = context.environment().active_vault().await?;
    context.equals("the active node", other, now);
    let revoked = context.vault().revoke(&before.lease).await;
    context.answers("revoke of an earlier lease", &revoked, Expect::status(204));
    Ok(())
}
