use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "TTL-5",
    says: "A renewal is rejected with 400 `could not find role with name` after the lease's Vault role was deleted; its credential works until its end, and renewals work again after the role is written again",
    shown: "A renewal before the deletion, after it, and after the role is written again; a login in between.",
    source: "Vault, builtin/logical/database/secret_creds.go (secretCredsRenew)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let issued = bench.issue("reader").await?;
    let renewed = bench.vault().renew(&issued.lease, None).await;
    bench.answers("a renewal", &renewed, Expect::status(200));
    let deleted = bench.vault().delete(&format!("{}/roles/reader", bench.mount())).await;
    bench.answers("deleting the role", &deleted, Expect::status(204));
    let refused = bench.vault().renew(&issued.lease, None).await;
    let words = "could not find role with name \"reader\"";
    bench.answers("a renewal then", &refused, Expect::status(400).says("failed to renew entry: ").says(words));
    let login = bench.session(&issued).await;
    bench.answers("a login then", &login, Expect::ok());
    bench.role("reader", json!({})).await?;
    let renewed = bench.vault().renew(&issued.lease, None).await;
    bench.answers("a renewal after the role is written again", &renewed, Expect::status(200));
    Ok(())
}
