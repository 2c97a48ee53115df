use std::time::Duration;

use leaseproof_vault::TokenRequest;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-10",
    says: "sys/leases/revoke-prefix is rejected with 403 for a token without sudo; with sudo, every lease below the prefix is revoked",
    shown: "Three leases; a token with `update` on the path, then one with `update` and `sudo`; users and leases after each.",
    source: "Vault, vault/logical_system.go: leases/revoke-prefix/* is root-protected",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({ "username_template": "rev10-{{random 12}}" })).await?;
    bench.role("reader", json!({})).await?;
    for _ in 0..3 {
        bench.issue("reader").await?;
    }
    let path = format!("sys/leases/revoke-prefix/{}/creds/reader", bench.mount());
    for (name, capabilities, expect, left) in [
        ("update", r#"["update"]"#, Expect::status(403).says("permission denied"), 3),
        ("sudo", r#"["update", "sudo"]"#, Expect::status(204), 0),
    ] {
        let policy = format!("{}-{name}", bench.mount());
        bench.vault().write_policy(&policy, &format!("path \"{path}\" {{ capabilities = {capabilities} }}")).await?;
        let request =
            TokenRequest { policies: vec![policy], display_name: "fact".into(), ttl_seconds: 600, renewable: false };
        let token = bench.vault().create_token(&request).await?;
        let client = bench.client(Duration::from_secs(60))?.with_token(token.token);
        let revoked = client.write(&path, &json!({ "sync": true })).await;
        bench.answers(format!("revoke-prefix with {capabilities}"), &revoked, expect);
        let users = bench.roles_like("rev10-%").await?;
        bench.equals("users after it", left, users);
        let leases = bench.leases("reader").await?.len() as u64;
        bench.equals("leases after it", left, leases);
    }
    Ok(())
}
