use leaseproof_estate::{Layout, Replication, TARGET};

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "PGF-3",
    says: "A credential that did not reach an asynchronous standby is lost when the standby is promoted: its lease exists, its login fails, and its revocation still returns 204",
    shown: "The standby is disconnected; creds are issued; the primary is killed, the standby promoted; lease, login and revocation of each credential are tested, and the lost ones are counted.",
    source: "PostgreSQL, synchronous_commit; Vault, plugins/database/postgresql/postgresql.go: a default revocation of a missing user succeeds",
    ground: Ground::Own(|bare| bare.layout = Layout::HaproxyHa { standbys: 1, replication: Replication::Async }),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

/// How many credentials are acknowledged by a primary whose standby is cut off.
const ISSUED: usize = 5;

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    bench.estate().cut_off(TARGET, 1).await?;
    // What streams already ends with its walreceiver.
    bench.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_replication").await?;
    let mut issued = Vec::new();
    for _ in 0..ISSUED {
        issued.push(bench.issue("reader").await?);
    }
    bench.estate().kill(super::failover_servers::PRIMARY).await;
    bench.estate().promote(TARGET, 1).await?;
    super::failover_servers::again(bench, "reader").await?;
    let mut lost = 0;
    for credential in &issued {
        lost += usize::from(!bench.has_role(&credential.username).await?);
    }
    bench.equals("acknowledged credentials that are lost", ISSUED, lost);
    let first = &issued[0];
    let lease = bench.vault().lookup_lease(&first.lease).await.map(drop);
    bench.answers("the lease of a lost one", &lease, Expect::ok());
    let login = bench.session(first).await;
    bench.answers("its login", &login, Expect::sqlstate("28P01"));
    let revoked = bench.vault().revoke(&first.lease).await;
    bench.answers("its revocation", &revoked, Expect::status(204));
    Ok(())
}
