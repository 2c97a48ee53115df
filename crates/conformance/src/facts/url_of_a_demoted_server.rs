use leaseproof_estate::TARGET;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "PGF-2",
    says: "With a URL of both servers without target_session_attrs, Vault connects to the demoted server: creds return 500 with 25006 until the URL requires a writable server",
    shown: "The primary is killed, the standby promoted, the old primary made a standby; a connection is written with the old primary's port first, without target_session_attrs; creds are requested twice; then target_session_attrs=read-write is added.",
    source: "libpq's target_session_attrs, `any` by default, as implemented by pgx; measured",
    ground: Ground::Own(super::failover_servers::replicated),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    bench.estate().kill(super::failover_servers::PRIMARY).await;
    bench.estate().promote(TARGET, 1).await?;
    bench.estate().rejoin(TARGET, 0).await?;
    let any = super::failover_servers::both_servers(bench, "");
    let written = bench.config("both", json!({ "connection_url": any })).await;
    bench.answers("the connection is written and verified", &written, Expect::status(200).or(204));
    bench.role("direct", json!({ "db_name": "both" })).await?;
    for turn in ["first", "again"] {
        let creds = bench.issue("direct").await;
        bench.answers(format!("creds, {turn}"), &creds, Expect::status(500).says("25006"));
    }
    let writes = super::failover_servers::both_servers(bench, "&target_session_attrs=read-write");
    bench.config("both", json!({ "connection_url": writes })).await?;
    let creds = bench.issue("direct").await;
    bench.answers("creds with target_session_attrs=read-write", &creds, Expect::status(200));
    Ok(())
}
