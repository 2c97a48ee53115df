use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "TTL-5",
    says: "A renewal is rejected with 400 `could not find role with name` after the lease's Vault role was deleted; its credential works until its end, and renewals work again after the role is written again",
    shown: "A renewal before the deletion, after it, and after the role is written again; a login in between.",
    source: "Vault, builtin/logical/database/secret_creds.go (secretCredsRenew)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let issued = context.issue("reader").await?;
    let renewed = context.vault().renew(&issued.lease, None).await;
    context.answers("a renewal", &renewed, Expect::status(200));
    let deleted = context.vault().delete(&format!("{}/roles/reader", context.mount())).await;
    context.answers("deleting the role", &deleted, Expect::status(204));
    let refused = context.vault().renew(&issued.lease, None).await;
    let words = "could not find role with name \"reader\"";
    context.answers("a renewal then", &refused, Expect::status(400).says("failed to renew entry: ").says(words));
    let login = context.session(&issued).await;
    context.answers("a login then", &login, Expect::ok());
    context.role("reader", json!({})).await?;
    let renewed = context.vault().renew(&issued.lease, None).await;
    context.answers("a renewal after the role is written again", &renewed, Expect::status(200));
    Ok(())
}
