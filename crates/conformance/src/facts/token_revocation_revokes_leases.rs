use std::time::Duration;

use leaseproof_vault::TokenRequest;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "EXP-2",
    says: "Revoking a token revokes the leases that were issued under it",
    shown: "Two leases under one token and one under another; the first token is revoked: its two users are dropped, the third stays.",
    source: "Vault, vault/expiration.go, RevokeByToken",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({ "username_template": "exp2-{{.DisplayName}}-{{random 12}}" })).await?;
    bench.role("reader", json!({})).await?;
    let rules = format!("path \"{}/creds/reader\" {{ capabilities = [\"read\"] }}", bench.mount());
    bench.vault().write_policy(bench.mount(), &rules).await?;
    let mut accessors = Vec::new();
    for (name, leases) in [("one", 2), ("other", 1)] {
        let policies = vec![bench.mount().to_owned()];
        let request = TokenRequest { policies, display_name: name.into(), ttl_seconds: 600, renewable: false };
        let token = bench.vault().create_token(&request).await?;
        let client = bench.client(Duration::from_secs(30))?.with_token(token.token);
        for _ in 0..leases {
            bench.issue_with(&client, "reader").await?;
        }
        accessors.push(token.accessor);
    }
    let before = bench.roles_like("exp2-token-one-%").await?;
    bench.equals("users under the first token", 2, before);
    bench.vault().revoke_accessor(&accessors[0]).await?;
    let gone =
        bench.until(Duration::from_secs(20), || async { Ok(bench.roles_like("exp2-token-one-%").await? == 0) }).await?;
    let got = gone.map_or("not within 20 s".to_owned(), |took| format!("after {:.2} s", took.as_secs_f64()));
    bench.holds("they are gone", "within 20 s of its revocation", got, gone.is_some());
    let other = bench.roles_like("exp2-token-other-%").await?;
    bench.equals("users under the other token", 1, other);
    Ok(())
}
