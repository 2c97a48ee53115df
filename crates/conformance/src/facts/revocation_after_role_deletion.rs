use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-4",
    says: "After the Vault role was deleted, a lease is revoked with the statements that are stored in the lease",
    shown: "Two leases of a role whose revocation statement inserts a row in a table; one is revoked while the role exists, the other after it was deleted. Both users are dropped, and both rows exist.",
    source: "Vault, builtin/logical/database/secret_creds.go, secretCredsRevoke",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const REVOKE: &str =
    "INSERT INTO revoked VALUES ('{{name}}'); REVOKE ALL ON things FROM \"{{name}}\"; DROP ROLE \"{{name}}\";";

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    bench.sql("CREATE TABLE revoked (name text)").await?;
    bench.role("reader", json!({ "revocation_statements": REVOKE })).await?;
    let (kept, deleted) = (bench.issue("reader").await?, bench.issue("reader").await?);
    let vault = bench.vault();
    let revoked = vault.revoke(&kept.lease).await;
    bench.answers("a revocation while the role stands", &revoked, Expect::status(204));
    vault.delete(&format!("{}/roles/reader", bench.mount())).await?;
    let revoked = vault.revoke(&deleted.lease).await;
    bench.answers("a revocation after it was deleted", &revoked, Expect::status(204));
    for issued in [&kept, &deleted] {
        let name = issued.username.as_str();
        let marked = bench.value(&format!("SELECT count(*) FROM revoked WHERE name = '{name}'")).await?;
        bench.equals("its statements ran", "1".to_owned(), marked.unwrap_or_default());
        let there = bench.has_role(&issued.username).await?;
        bench.equals("its user is there", false, there);
    }
    Ok(())
}
