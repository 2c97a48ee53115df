use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-4",
    says: "After the Vault role was deleted, a lease is revoked with the statements that are stored in the lease",
    shown: "Two leases of a role whose revocation statement inserts a row in a table; one is revoked while the role exists, the other after it was deleted. Both users are dropped, and both rows exist.",
    source: "Vault, builtin/logical/database/secret_creds.go, secretCredsRevoke",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const REVOKE: &str =
    "INSERT INTO revoked VALUES ('{{name}}'); REVOKE ALL ON things FROM \"{{name}}\"; DROP ROLE \"{{name}}\";";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    context.sql("CREATE TABLE revoked (name text)").await?;
    context.role("reader", json!({ "revocation_statements": REVOKE })).await?;
    let (kept, deleted) = (context.issue("reader").await?, context.issue("reader").await?);
    let vault = context.vault();
    let revoked = vault.revoke(&kept.lease).await;
    context.answers("a revocation while the role stands", &revoked, Expect::status(204));
    vault.delete(&format!("{}/roles/reader", context.mount())).await?;
    let revoked = vault.revoke(&deleted.lease).await;
    context.answers("a revocation after it was deleted", &revoked, Expect::status(204));
    for issued in [&kept, &deleted] {
        let name = issued.username.as_str();
        let marked = context.value(&format!("SELECT count(*) FROM revoked WHERE name = '{name}'")).await?;
        context.equals("its statements ran", "1".to_owned(), marked.unwrap_or_default());
        let there = context.has_role(&issued.username).await?;
        context.equals("its user is there", false, there);
    }
    Ok(())
}
