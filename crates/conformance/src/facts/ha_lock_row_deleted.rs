use std::time::{Duration, Instant};

use leaseproof_environment::STORAGE;
use leaseproof_postgres::Session;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "HA-7",
    says: "When the lock's row in vault_ha_locks is deleted, one node is active again within 20 s, and creds work",
    shown: "The row is deleted while two nodes run; both are asked every 50 ms for 20 s whether they are active; the largest number of active nodes, and the active node at the end, are reported.",
    source: "Vault, physical/postgresql/postgresql.go: the owner renews every 5 s, the other tries every second; measured: two active nodes for 1 s to 2 s in 5 of 6 times",
    ground: Ground::Own(super::ha::two_nodes),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// How long the nodes are observed.
const LOOKED_AT: Duration = Duration::from_secs(20);

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let ((first, active), (_, other)) = super::ha::turns(context).await?;
    let session = Session::open(&context.environment().observer_login(STORAGE, "postgres")).await?;
    let deleted =
        session.value("WITH gone AS (DELETE FROM vault_ha_locks RETURNING 1) SELECT count(*) FROM gone").await?;
    session.close().await;
    context.equals("rows deleted", "1".to_owned(), deleted.unwrap_or_default());
    let (begun, mut most) = (Instant::now(), 0);
    while begun.elapsed() < LOOKED_AT {
        most = most.max(actives(&[&active, &other]).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let now = actives(&[&active, &other]).await;
    let last = context.environment().active_vault().await?;
    let what = format!("active nodes in the end ({last}, first it was {first}; at most {most} at once)");
    context.equals(what, 1, now);
    super::ha::again(context, "that", Duration::from_secs(5)).await.map(drop)
}

/// How many of them answer as the active node does.
async fn actives(nodes: &[&leaseproof_vault::Client]) -> usize {
    let mut count = 0;
    for node in nodes {
        count += usize::from(node.read("sys/health").await.is_ok());
    }
    count
}
