use std::time::Duration;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "HA-3",
    says: "After kill -9 of the active node, creds work again within about 20 s, when its lock has expired; earlier leases are renewed and revoked",
    shown: "Two nodes behind HAProxy; a credential is issued, the active node is killed, creds are requested until they succeed; the earlier lease is renewed and revoked.",
    source: "Vault, physical/postgresql/postgresql.go: the lock lasts 15 s by the database's clock; measured",
    ground: Ground::Own(super::ha::two_nodes),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

/// The lock's 15 s, the standby's next try and its start, on a busy machine.
const TAKEN_OVER: Duration = Duration::from_secs(30);

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let before = bench.issue("reader").await?;
    let ((active, _), (other, _)) = super::ha::turns(bench).await?;
    bench.estate().kill(&active).await;
    let creds = super::ha::again(bench, "the kill", TAKEN_OVER).await?;
    if creds.is_none() {
        return Ok(());
    }
    let now = bench.estate().active_vault().await?;
    bench.equals("the active node", other, now);
    let renewed = bench.vault().renew(&before.lease, Some(600)).await;
    bench.answers("renew of the earlier lease", &renewed, Expect::status(200));
    let revoked = bench.vault().revoke(&before.lease).await;
    bench.answers("its revocation", &revoked, Expect::status(204));
    let left = bench.has_role(&before.username).await?;
    bench.equals("its user is there", false, left);
    Ok(())
}
