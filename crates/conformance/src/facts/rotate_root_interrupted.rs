use std::time::Duration;

use leaseproof_environment::{Link, Storage};
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ROT-2",
    says: "If Vault is killed in rotate-root, between PostgreSQL's commit and its own storage write, it permanently loses its account's password; setting the account to the stored password again fixes it",
    shown: "A link between Vault and PostgreSQL holds back the response to the commit; Vault is killed and restarted. Creds fail with 28P01 immediately and after 180 s, when the write-ahead rollback (minimum age 1 min, every minute) has run; then ALTER ROLE, and creds work.",
    source: "Vault, builtin/logical/database/rollback.go: the WAL entry contains the new password as the old one",
    ground: Ground::Own(|bare| bare.storage = Storage::File),
    slow: true,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let link = Link::to(context.port()).await?;
    let through = context.config_data_through(link.port());
    context.config("pg", through).await?;
    context.role("reader", json!({})).await?;
    let before = context.issue("reader").await;
    context.answers("creds before", &before, Expect::status(200));
    link.hold_answers_with(b"COMMIT\0");
    let (vault, path) = (context.vault(), format!("{}/rotate-root/pg", context.mount()));
    let asked = tokio::spawn(async move { vault.write(&path, &json!({})).await.map(drop) });
    let held = link.held(Duration::from_secs(30)).await;
    context.equals("PostgreSQL has the new password and Vault does not know it", true, held);
    context.environment().kill("vault").await;
    asked.abort();
    link.pass();
    context.environment().start_again("vault").await?;
    let lost = Expect::status(500).says("password authentication failed").says("28P01");
    let creds = context.issue("reader").await;
    context.answers("creds after the restart", &creds, lost.clone());
    tokio::time::sleep(Duration::from_secs(180)).await;
    let creds = context.issue("reader").await;
    context.answers("creds after 180 s", &creds, lost);
    let (account, stored) = (context.account(), context.account_password());
    context.sql(&format!("ALTER ROLE {account} PASSWORD '{}'", stored.expose())).await?;
    let creds = context.issue("reader").await;
    context.answers("creds after the cure", &creds, Expect::status(200));
    Ok(())
}
