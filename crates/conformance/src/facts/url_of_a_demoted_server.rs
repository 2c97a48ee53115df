use leaseproof_environment::TARGET;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "PGF-2",
    says: "With a URL of both servers without target_session_attrs, Vault connects to the demoted server: creds return 500 with 25006 until the URL requires a writable server",
    shown: "The primary is killed, the standby promoted, the old primary made a standby; a connection is written with the old primary's port first, without target_session_attrs; creds are requested twice; then target_session_attrs=read-write is added.",
    source: "libpq's target_session_attrs, `any` by default, as implemented by pgx; measured",
    ground: Ground::Own(super::failover_servers::replicated),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    context.environment().kill(super::failover_servers::PRIMARY).await;
    context.environment().promote(TARGET, 1).await?;
    context.environment().rejoin(TARGET, 0).await?;
    let any = super::failover_servers::both_servers(context, "");
    let written = context.config("both", json!({ "connection_url": any })).await;
    context.answers("the connection is written and verified", &written, Expect::status(200).or(204));
    context.role("direct", json!({ "db_name": "both" })).await?;
    for turn in ["first", "again"] {
        let creds = context.issue("direct").await;
        context.answers(format!("creds, {turn}"), &creds, Expect::status(500).says("25006"));
    }
    let writes = super::failover_servers::both_servers(context, "&target_session_attrs=read-write");
    context.config("both", json!({ "connection_url": writes })).await?;
    let creds = context.issue("direct").await;
    context.answers("creds with target_session_attrs=read-write", &creds, Expect::status(200));
    Ok(())
}
