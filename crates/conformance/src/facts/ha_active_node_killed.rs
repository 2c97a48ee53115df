use std::time::Duration;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "HA-3",
    says: "After kill -9 of the active node, creds work again within about 20 s, when its lock has expired; earlier leases are renewed and revoked",
    shown: "Two nodes behind HAProxy; a credential is issued, the active node is killed, creds are requested until they succeed; the earlier lease is renewed and revoked.",
    source: "Vault, physical/postgresql/postgresql.go: the lock lasts 15 s by the database's clock; measured",
    ground: Ground::Own(super::ha::two_nodes),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// The lock's 15 s, the standby's next try and its start, on a busy machine.
const TAKEN_OVER: Duration = Duration::from_secs(30);

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let before = context.issue("reader").await?;
    let ((active, _), (other, _)) = super::ha::turns(context).await?;
    context.environment().kill(&active).await;
    let creds = super::ha::again(context, "the kill", TAKEN_OVER).await?;
    if creds.is_none() {
        return Ok(());
    }
    let now = context.environment().active_vault().await?;
    context.equals("the active node", other, now);
    let renewed = context.vault().renew(&before.lease, Some(600)).await;
    context.answers("renew of the earlier lease", &renewed, Expect::status(200));
    let revoked = context.vault().revoke(&before.lease).await;
    context.answers("its revocation", &revoked, Expect::status(204));
    let left = context.has_role(&before.username).await?;
    context.equals("its user is there", false, left);
    Ok(())
}
