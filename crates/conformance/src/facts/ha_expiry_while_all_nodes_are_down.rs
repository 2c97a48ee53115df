use std::time::Duration;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "HA-5",
    says: "A credential whose lease ends while all nodes are down outlives its lease, and is revoked soon after the unseal",
    shown: "A lease of 5 s; both nodes are killed, the lease's end passes, its user still exists; both nodes are started and unsealed, and the user is observed until it is gone.",
    source: "Vault, vault/expiration.go: leases are restored at the unseal, and expired ones are revoked",
    ground: Ground::Own(super::ha::two_nodes),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// From the first node's being active to the user's end, on a busy machine.
const REVOKED: Duration = Duration::from_secs(30);

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    context.role("reader", json!({ "default_ttl": "5s" })).await?;
    let ((active, _), (other, _)) = super::ha::turns(context).await?;
    let issued = context.issue("reader").await?;
    let end = context.vault().lookup_lease(&issued.lease).await?.expire_time;
    let end = end.map(crate::moments::seconds).ok_or_else(|| Obstacle::of("the lease has no end"))?;
    for node in [&active, &other] {
        context.environment().kill(node).await;
    }
    context.past(end + 2.0).await?;
    let there = context.has_role(&issued.username).await?;
    context.equals("the user is there 2 s past its lease's end", true, there);
    for node in [&active, &other] {
        context.environment().start_again(node).await?;
    }
    context.environment().active_vault().await?;
    let gone = context.until(REVOKED, || async { Ok(!context.has_role(&issued.username).await?) }).await?;
    let got = gone.map_or_else(|| "it is there".to_owned(), |gone| format!("{:.1} s", gone.as_secs_f64()));
    context.holds("from a node's being active to the user's end", "at most 30 s", got, gone.is_some());
    Ok(())
}
