use leaseproof_environment::{Layout, Replication, TARGET};

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "PGF-3",
    says: "A credential that did not reach an asynchronous standby is lost when the standby is promoted: its lease exists, its login fails, and its revocation still returns 204",
    shown: "The standby is disconnected; creds are issued; the primary is killed, the standby promoted; lease, login and revocation of each credential are tested, and the lost ones are counted.",
    source: "PostgreSQL, synchronous_commit; Vault, plugins/database/postgresql/postgresql.go: a default revocation of a missing user succeeds",
    ground: Ground::Own(|bare| bare.layout = Layout::HaproxyHa { standbys: 1, replication: Replication::Async }),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// How many credentials are acknowledged by a primary whose standby is cut off.
const ISSUED: usize = 5;

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    context.environment().cut_off(TARGET, 1).await?;
    // What streams already ends with its walreceiver.
    context.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_replication").await?;
    let mut issued = Vec::new();
    for _ in 0..ISSUED {
        issued.push(context.issue("reader").await?);
    }
    context.environment().kill(super::failover_servers::PRIMARY).await;
    context.environment().promote(TARGET, 1).await?;
    super::failover_servers::again(context, "reader").await?;
    let mut lost = 0;
    for credential in &issued {
        lost += usize::from(!context.has_role(&credential.username).await?);
    }
    context.equals("acknowledged credentials that are lost", ISSUED, lost);
    let first = &issued[0];
    let lease = context.vault().lookup_lease(&first.lease).await.map(drop);
    context.answers("the lease of a lost one", &lease, Expect::ok());
    let login = context.session(first).await;
    context.answers("its login", &login, Expect::sqlstate("28P01"));
    let revoked = context.vault().revoke(&first.lease).await;
    context.answers("its revocation", &revoked, Expect::status(204));
    Ok(())
}
