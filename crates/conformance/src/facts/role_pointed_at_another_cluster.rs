use leaseproof_environment::TARGET;
use leaseproof_postgres::Session;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "RUN-4",
    says: "If a Vault role is changed to another cluster while it has live leases, orphans are left: the revocation returns 204, and the old cluster's role stays",
    shown: "One lease of a role on one cluster; the role's `db_name` is changed to a config of a second cluster; the lease is revoked; the user is looked up on both clusters.",
    source: "Vault, builtin/logical/database/secret_creds.go: a revocation uses the role's current db_name",
    ground: Ground::Own(|bare| bare.also = vec![OTHER.to_owned()]),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const OTHER: &str = "other";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let issued = context.issue("reader").await?;
    let other = context.environment().observer_login(OTHER, "postgres");
    let session = Session::open(&other).await?;
    let password = context.account_password();
    let account = context.account();
    session.query(&format!("CREATE ROLE {account} SUPERUSER LOGIN PASSWORD '{}'", password.expose())).await?;
    session.query(&format!("CREATE DATABASE {account}")).await?;
    let through = context.config_data_through(other.port);
    context.config("elsewhere", through).await?;
    context.role("reader", json!({ "db_name": "elsewhere" })).await?;
    let revoked = context.vault().revoke(&issued.lease).await;
    context.answers("the revocation", &revoked, Expect::status(204));
    let left = context.leases("reader").await?.len();
    context.equals("leases", 0, left);
    let there = context.has_role(&issued.username).await?;
    context.equals(format!("the role is there on {TARGET}"), true, there);
    let login = context.session(&issued).await;
    context.answers("a login with it", &login, Expect::ok());
    session.close().await;
    Ok(())
}
