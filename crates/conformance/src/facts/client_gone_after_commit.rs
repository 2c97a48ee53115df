use std::time::Duration;

use leaseproof_environment::Link;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-7",
    says: "If a client disconnects after PostgreSQL has committed, a role without a lease is left, and revoke-prefix does not remove it",
    shown: "A link between Vault and PostgreSQL holds back the response to the commit until the client has closed its connection; then roles and leases are read, before and after revoke-prefix.",
    source: "Vault cancels a request when its client disconnects; measured under load: 19 of 1,920 timeouts left such a role",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let link = Link::to(context.port()).await?;
    // A template of its own tells this fact's roles from all others.
    let mut through = context.config_data_through(link.port());
    through["username_template"] = json!("dow7-{{random 12}}");
    context.config("pg", through).await?;
    context.role("reader", json!({})).await?;
    link.hold_answers_with(b"COMMIT\0");
    let (vault, mount) = (context.vault(), context.mount().to_owned());
    let asked = tokio::spawn(async move { vault.issue(&mount, "reader").await.map(drop) });
    let held = link.held(Duration::from_secs(20)).await;
    context.equals("PostgreSQL has committed and Vault does not know it", true, held);
    // The request is dropped with its connection, as by a client's time-out.
    asked.abort();
    tokio::time::sleep(Duration::from_millis(500)).await;
    link.pass();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let roles = context.roles_like("dow7-%").await?;
    context.equals("roles", 1, roles);
    let leases = context.leases("reader").await?.len();
    context.equals("leases", 0, leases);
    context.vault().write(&format!("sys/leases/revoke-prefix/{}", context.mount()), &json!({})).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let roles = context.roles_like("dow7-%").await?;
    context.equals("roles after revoke-prefix", 1, roles);
    Ok(())
}
