use serde_json::json;
use tokio::task::JoinSet;

use crate::bench::CREATE;
use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "CON-2",
    says: "Issues on several connection configs that grant on the same table collide: some answer 500 with XX000 `tuple concurrently updated`; memberships of one group do not",
    shown: "Four configs of one database, 160 issues from 16 clients: once with a table grant, once with a group role. Each refusal of the first has to be of that kind.",
    source: "PostgreSQL, src/backend/access/heap/heapam.c, simple_heap_update: GRANT updates pg_class's row without a lock",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const CONFIGS: usize = 4;
const CLIENTS: usize = 16;
const EACH: usize = 10;

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    let group = format!("{}_group", bench.account());
    bench.sql(&format!("CREATE ROLE {group} NOLOGIN; GRANT SELECT ON things TO {group}")).await?;
    for config in 0..CONFIGS {
        bench.config(&format!("pg{config}"), json!({})).await?;
        let data = |statements: String| json!({ "db_name": format!("pg{config}"), "creation_statements": statements });
        bench
            .role(&format!("table{config}"), data(format!("{CREATE} GRANT SELECT ON things TO \"{{{{name}}}}\";")))
            .await?;
        bench.role(&format!("group{config}"), data(format!("{CREATE} GRANT {group} TO \"{{{{name}}}}\";"))).await?;
    }
    let refused = issued(bench, "table").await;
    let got = format!("{} of {}", refused.len(), CLIENTS * EACH);
    bench.holds("issues with a table grant that are refused", "at least one", got, !refused.is_empty());
    for answer in &refused {
        let expect = Expect::status(500).says("tuple concurrently updated").says("SQLSTATE XX000");
        bench.answers("one of them", answer, expect);
    }
    let refused = issued(bench, "group").await;
    bench.equals("issues with a group role that are refused", 0, refused.len());
    Ok(())
}

/// Issues from all clients, and gives the refusals.
async fn issued(bench: &Bench, kind: &'static str) -> Vec<Result<u16, leaseproof_vault::Error>> {
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (vault, mount) = (bench.vault(), bench.mount().to_owned());
        clients.spawn(async move {
            let mut refused = Vec::new();
            for turn in 0..EACH {
                let role = format!("{kind}{}", (client + turn) % CONFIGS);
                let answer = vault.issue(&mount, &role).await.map(|issued| issued.status);
                refused.extend(answer.is_err().then_some(answer));
            }
            refused
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}
