use std::time::Duration;

use leaseproof_environment::{Link, Storage};
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-5",
    says: "If Vault is killed between PostgreSQL's commit and storing the lease, a role without a lease is left, which only VALID UNTIL limits",
    shown: "A link between Vault and PostgreSQL holds back the response to the commit; Vault is killed, restarted and unsealed; roles and leases are read. The link is open again by then.",
    source: "Vault, vault/request_handling.go: the lease is registered after the engine's response",
    ground: Ground::Own(|bare| bare.storage = Storage::File),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let link = Link::to(context.port()).await?;
    let through = context.config_data_through(link.port());
    context.config("pg", through).await?;
    context.role("reader", json!({})).await?;
    link.hold_answers_with(b"COMMIT\0");
    let (vault, mount) = (context.vault(), context.mount().to_owned());
    let asked = tokio::spawn(async move { vault.issue(&mount, "reader").await.map(drop) });
    let held = link.held(Duration::from_secs(20)).await;
    context.equals("PostgreSQL has committed and Vault does not know it", true, held);
    context.environment().kill("vault").await;
    let answer = asked.await.map_err(|why| Obstacle::of(why.to_string()))?;
    context.holds(
        "the client's answer",
        "none",
        format!("{answer:?}"),
        matches!(answer, Err(leaseproof_vault::Error::NoAnswer { .. })),
    );
    link.pass();
    context.environment().start_again("vault").await?;
    let leases = context.leases("reader").await?.len();
    context.equals("leases after the restart", 0, leases);
    // A rollback of what was begun would come within a minute; the role has no entry in any log of it.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let roles = context.roles_like("v-%").await?;
    context.equals("roles after the restart", 1, roles);
    let until = "SELECT rolvaliduntil - now() BETWEEN interval '59 min' AND interval '61 min' FROM pg_roles WHERE rolname LIKE 'v-%'";
    let bounded = context.value(until).await?.unwrap_or_default();
    context.equals("VALID UNTIL is the lease's hour from now", "t".to_owned(), bounded);
    Ok(())
}
