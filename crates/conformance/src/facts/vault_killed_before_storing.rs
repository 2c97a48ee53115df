use std::time::Duration;

use leaseproof_estate::{Link, Storage};
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-5",
    says: "If Vault is killed between PostgreSQL's commit and storing the lease, a role without a lease is left, which only VALID UNTIL limits",
    shown: "A link between Vault and PostgreSQL holds back the response to the commit; Vault is killed, restarted and unsealed; roles and leases are read. The link is open again by then.",
    source: "Vault, vault/request_handling.go: the lease is registered after the engine's response",
    ground: Ground::Own(|bare| bare.storage = Storage::File),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    let link = Link::to(bench.port()).await?;
    let through = bench.config_data_through(link.port());
    bench.config("pg", through).await?;
    bench.role("reader", json!({})).await?;
    link.hold_answers_with(b"COMMIT\0");
    let (vault, mount) = (bench.vault(), bench.mount().to_owned());
    let asked = tokio::spawn(async move { vault.issue(&mount, "reader").await.map(drop) });
    let held = link.held(Duration::from_secs(20)).await;
    bench.equals("PostgreSQL has committed and Vault does not know it", true, held);
    bench.estate().kill("vault").await;
    let answer = asked.await.map_err(|why| Obstacle::of(why.to_string()))?;
    bench.holds(
        "the client's answer",
        "none",
        format!("{answer:?}"),
        matches!(answer, Err(leaseproof_vault::Error::NoAnswer { .. })),
    );
    link.pass();
    bench.estate().start_again("vault").await?;
    let leases = bench.leases("reader").await?.len();
    bench.equals("leases after the restart", 0, leases);
    // A rollback of what was begun would come within a minute; the role has no entry in any log of it.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let roles = bench.roles_like("v-%").await?;
    bench.equals("roles after the restart", 1, roles);
    let until = "SELECT rolvaliduntil - now() BETWEEN interval '59 min' AND interval '61 min' FROM pg_roles WHERE rolname LIKE 'v-%'";
    let bounded = bench.value(until).await?.unwrap_or_default();
    bench.equals("VALID UNTIL is the lease's hour from now", "t".to_owned(), bounded);
    Ok(())
}
