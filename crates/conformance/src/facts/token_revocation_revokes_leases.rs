use std::time::Duration;

use leaseproof_vault::TokenRequest;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "EXP-2",
    says: "Revoking a token revokes the leases that were issued under it",
    shown: "Two leases under one token and one under another; the first token is revoked: its two users are dropped, the third stays.",
    source: "Vault, vault/expiration.go, RevokeByToken",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({ "username_template": "exp2-{{.DisplayName}}-{{random 12}}" })).await?;
    context.role("reader", json!({})).await?;
    let rules = format!("path \"{}/creds/reader\" {{ capabilities = [\"read\"] }}", context.mount());
    context.vault().write_policy(context.mount(), &rules).await?;
    let mut accessors = Vec::new();
    for (name, leases) in [("one", 2), ("other", 1)] {
        let policies = vec![context.mount().to_owned()];
        let request = TokenRequest { policies, display_name: name.into(), ttl_seconds: 600, renewable: false };
        let token = context.vault().create_token(&request).await?;
        let client = context.client(Duration::from_secs(30))?.with_token(token.token);
        for _ in 0..leases {
            context.issue_with(&client, "reader").await?;
        }
        accessors.push(token.accessor);
    }
    let before = context.roles_like("exp2-token-one-%").await?;
    context.equals("users under the first token", 2, before);
    context.vault().revoke_accessor(&accessors[0]).await?;
    let gone = context
        .until(Duration::from_secs(20), || async { Ok(context.roles_like("exp2-token-one-%").await? == 0) })
        .await?;
    let got = gone.map_or("not within 20 s".to_owned(), |took| format!("after {:.2} s", took.as_secs_f64()));
    context.holds("they are gone", "within 20 s of its revocation", got, gone.is_some());
    let other = context.roles_like("exp2-token-other-%").await?;
    context.equals("users under the other token", 1, other);
    Ok(())
}
