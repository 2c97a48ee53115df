use leaseproof_estate::TARGET;
use leaseproof_postgres::Session;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "RUN-4",
    says: "If a Vault role is changed to another cluster while it has live leases, orphans are left: the revocation returns 204, and the old cluster's role stays",
    shown: "One lease of a role on one cluster; the role's `db_name` is changed to a config of a second cluster; the lease is revoked; the user is looked up on both clusters.",
    source: "Vault, builtin/logical/database/secret_creds.go: a revocation uses the role's current db_name",
    ground: Ground::Own(|bare| bare.also = vec![OTHER.to_owned()]),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const OTHER: &str = "other";

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let issued = bench.issue("reader").await?;
    let other = bench.estate().observer_login(OTHER, "postgres");
    let session = Session::open(&other).await?;
    let password = bench.account_password();
    let account = bench.account();
    session.query(&format!("CREATE ROLE {account} SUPERUSER LOGIN PASSWORD '{}'", password.expose())).await?;
    session.query(&format!("CREATE DATABASE {account}")).await?;
    let through = bench.config_data_through(other.port);
    bench.config("elsewhere", through).await?;
    bench.role("reader", json!({ "db_name": "elsewhere" })).await?;
    let revoked = bench.vault().revoke(&issued.lease).await;
    bench.answers("the revocation", &revoked, Expect::status(204));
    let left = bench.leases("reader").await?.len();
    bench.equals("leases", 0, left);
    let there = bench.has_role(&issued.username).await?;
    bench.equals(format!("the role is there on {TARGET}"), true, there);
    let login = bench.session(&issued).await;
    bench.answers("a login with it", &login, Expect::ok());
    session.close().await;
    Ok(())
}
