use std::time::Duration;

use leaseproof_vault::TokenRequest;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-10",
    says: "sys/leases/revoke-prefix is rejected with 403 for a token without sudo; with sudo, every lease below the prefix is revoked",
    shown: "Three leases; a token with `update` on the path, then one with `update` and `sudo`; users and leases after each.",
    source: "Vault, vault/logical_system.go: leases/revoke-prefix/* is root-protected",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({ "username_template": "rev10-{{random 12}}" })).await?;
    context.role("reader", json!({})).await?;
    for _ in 0..3 {
        context.issue("reader").await?;
    }
    let path = format!("sys/leases/revoke-prefix/{}/creds/reader", context.mount());
    for (name, capabilities, expect, left) in [
        ("update", r#"["update"]"#, Expect::status(403).says("permission denied"), 3),
        ("sudo", r#"["update", "sudo"]"#, Expect::status(204), 0),
    ] {
        let policy = format!("{}-{name}", context.mount());
        context.vault().write_policy(&policy, &format!("path \"{path}\" {{ capabilities = {capabilities} }}")).await?;
        let request =
            TokenRequest { policies: vec![policy], display_name: "fact".into(), ttl_seconds: 600, renewable: false };
        let token = context.vault().create_token(&request).await?;
        let client = context.client(Duration::from_secs(60))?.with_token(token.token);
        let revoked = client.write(&path, &json!({ "sync": true })).await;
        context.answers(format!("revoke-prefix with {capabilities}"), &revoked, expect);
        let users = context.roles_like("rev10-%").await?;
        context.equals("users after it", left, users);
        let leases = context.leases("reader").await?.len() as u64;
        context.equals("leases after it", left, leases);
    }
    Ok(())
}
