use leaseproof_estate::TARGET;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "PGF-1",
    says: "After the primary is killed and a standby promoted, creds return 200 again without a change of Vault's configuration, through a proxy and with a URL that names both servers",
    shown: "A primary and a synchronous standby behind HAProxy. Two connections, one to the proxy, one to both servers with target_session_attrs=read-write; the primary is killed, the standby promoted; creds are requested on both until they succeed, and an earlier lease is revoked.",
    source: "Vault, sdk/database/helper/connutil/sql.go: a broken connection is reopened; libpq's multi-host URLs as implemented by pgx",
    ground: Ground::Own(super::failover_servers::replicated),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let both = super::failover_servers::both_servers(bench, "&target_session_attrs=read-write");
    bench.config("both", json!({ "connection_url": both })).await?;
    bench.role("direct", json!({ "db_name": "both" })).await?;
    let before = bench.issue("reader").await?;
    let direct = bench.issue("direct").await;
    bench.answers("creds by the URL of both servers, before", &direct, Expect::status(200));
    bench.estate().kill(super::failover_servers::PRIMARY).await;
    let down = bench.issue("reader").await;
    bench.answers("creds while no server takes writes", &down, Expect::status(500));
    bench.estate().promote(TARGET, 1).await?;
    for role in ["reader", "direct"] {
        super::failover_servers::again(bench, role).await?;
    }
    let there = bench.has_role(&before.username).await?;
    bench.equals("the earlier user is on the new primary", true, there);
    let revoked = bench.vault().revoke(&before.lease).await;
    bench.answers("revoke of the earlier lease", &revoked, Expect::status(204));
    let left = bench.has_role(&before.username).await?;
    bench.equals("the earlier user is there", false, left);
    Ok(())
}
