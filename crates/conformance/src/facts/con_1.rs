use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::bench::CREATE;
use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "CON-1",
    says: "50 credentials asked for at once on one connection config are all granted, each with a name of its own, and made one after another",
    shown: "50 issues at once: status and distinct usernames. Then 8 issues at once whose creation statements sleep 0.25 s, which take 2 s together or more, whatever max_open_connections is.",
    source: "Vault, plugins/database/postgresql/postgresql.go: NewUser holds the connection's mutex",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({ "max_open_connections": 16 })).await?;
    bench.role("reader", json!({})).await?;
    let (answers, _) = at_once(bench, "reader", 50).await;
    let granted: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    bench.equals("issues that are granted", 50, granted.len());
    if let Some(refused) = answers.iter().find(|answer| answer.is_err()) {
        bench.answers("one that is not", refused, Expect::status(200));
    }
    let names: BTreeSet<_> = granted.iter().map(|issued| issued.username.as_str().to_owned()).collect();
    bench.equals("distinct usernames", 50, names.len());

    bench.role("slow", json!({ "creation_statements": format!("SELECT pg_sleep(0.25); {CREATE}") })).await?;
    let (answers, took) = at_once(bench, "slow", 8).await;
    bench.equals("slow issues that are granted", 8, answers.iter().filter(|answer| answer.is_ok()).count());
    let got = format!("{:.1} s", took.as_secs_f64());
    bench.holds("8 issues of 0.25 s each, at once", "2 s or more", got, took >= Duration::from_secs(2));
    Ok(())
}

async fn at_once(
    bench: &Bench,
    role: &'static str,
    count: usize,
) -> (Vec<Result<leaseproof_vault::Issued, leaseproof_vault::Error>>, Duration) {
    let begun = Instant::now();
    let mut asked = JoinSet::new();
    for _ in 0..count {
        let (vault, mount) = (bench.vault(), bench.mount().to_owned());
        asked.spawn(async move { vault.issue(&mount, role).await });
    }
    (asked.join_all().await, begun.elapsed())
}
