use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-11",
    says: "revoke-force returns 204 even if PostgreSQL is down or the revocation fails: the lease is gone and the user stays",
    shown: "A lease whose custom revocation fails, and one while PostgreSQL is stopped, are force-revoked; leases and users are counted.",
    source: "Vault, vault/expiration.go, RevokeForce: errors of the engine are ignored",
    ground: Ground::Own(|_| ()),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    let postgres = bench.server();
    bench.reader().await?;
    bench.role("failing", json!({ "revocation_statements": "DROP TABLE nothing_of_that_name;" })).await?;
    let failing = bench.issue("failing").await?;
    let revoked = bench.vault().revoke(&failing.lease).await;
    bench.answers("a plain revocation that fails", &revoked, Expect::status(400).says("42P01"));
    forced(bench, "failing").await?;
    let there = bench.has_role(&failing.username).await?;
    bench.equals("its user is there", true, there);

    let down = bench.issue("reader").await?;
    bench.estate().stop(&postgres).await;
    forced(bench, "reader").await?;
    bench.start_again(&postgres).await?;
    let there = bench.has_role(&down.username).await?;
    bench.equals("the user of the one while PostgreSQL was down is there", true, there);
    Ok(())
}

async fn forced(bench: &mut Bench, role: &str) -> Result<(), Obstacle> {
    let path = format!("sys/leases/revoke-force/{}/creds/{role}", bench.mount());
    let revoked = bench.vault().write(&path, &json!({})).await;
    bench.answers(format!("revoke-force of `{role}`"), &revoked, Expect::status(204));
    let leases = bench.leases(role).await?.len();
    bench.equals(format!("leases of `{role}`"), 0, leases);
    Ok(())
}
