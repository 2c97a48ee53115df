use leaseproof_environment::TARGET;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "PGF-1",
    says: "After the primary is killed and a standby promoted, creds return 200 again without a change of Vault's configuration, through a proxy and with a URL that names both servers",
    shown: "A primary and a synchronous standby behind HAProxy. Two connections, one to the proxy, one to both servers with target_session_attrs=read-write; the primary is killed, the standby promoted; creds are requested on both until they succeed, and an earlier lease is revoked.",
    source: "Vault, sdk/database/helper/connutil/sql.go: a broken connection is reopened; libpq's multi-host URLs as implemented by pgx",
    ground: Ground::Own(super::failover_servers::replicated),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let both = super::failover_servers::both_servers(context, "&target_session_attrs=read-write");
    context.config("both", json!({ "connection_url": both })).await?;
    context.role("direct", json!({ "db_name": "both" })).await?;
    let before = context.issue("reader").await?;
    let direct = context.issue("direct").await;
    context.answers("creds by the URL of both servers, before", &direct, Expect::status(200));
    context.environment().kill(super::failover_servers::PRIMARY).await;
    let down = context.issue("reader").await;
    context.answers("creds while no server takes writes", &down, Expect::status(500));
    context.environment().promote(TARGET, 1).await?;
    for role in ["reader", "direct"] {
        super::failover_servers::again(context, role).await?;
    }
    let there = context.has_role(&before.username).await?;
    context.equals("the earlier user is on the new primary", true, there);
    let revoked = context.vault().revoke(&before.lease).await;
    context.answers("revoke of the earlier lease", &revoked, Expect::status(204));
    let left = context.has_role(&before.username).await?;
    context.equals("the earlier user is there", false, left);
    Ok(())
}
