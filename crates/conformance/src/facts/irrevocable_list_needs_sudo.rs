use std::time::Duration;

use leaseproof_vault::TokenRequest;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "POL-2",
    says: "The list of irrevocable leases is rejected with 403 for a token that may read it but has no sudo",
    shown: "`GET sys/leases?type=irrevocable` with two tokens: one with `read`, one with `read` and `sudo`.",
    source: "Vault, vault/logical_system.go: sys/leases is among the root-protected paths",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    for (name, capabilities, expect) in [
        ("read", r#"["read"]"#, Expect::status(403).says("permission denied")),
        ("sudo", r#"["read", "sudo"]"#, Expect::status(200)),
    ] {
        let policy = format!("{}-{name}", context.mount());
        context
            .vault()
            .write_policy(&policy, &format!("path \"sys/leases\" {{ capabilities = {capabilities} }}"))
            .await?;
        let request =
            TokenRequest { policies: vec![policy], display_name: "fact".into(), ttl_seconds: 600, renewable: false };
        let token = context.vault().create_token(&request).await?;
        let client = context.client(Duration::from_secs(10))?.with_token(token.token);
        let answer = client.read_with("sys/leases", &[("type", "irrevocable")]).await;
        context.answers(format!("the list with {capabilities}"), &answer, expect);
    }
    Ok(())
}
