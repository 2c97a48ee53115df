use std::time::Duration;

use leaseproof_domain::Secret;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "EXP-4",
    says: "A lease under a batch token ends with the token at the latest, although the response says that it is renewable",
    shown: "A batch token of 60 s issues a credential of an hour: the lease's own end in Vault against the token's end, and `renewable` in the response.",
    source: "Vault, vault/expiration.go, Register: a batch token's leases are capped at its end",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let rules = format!("path \"{}/creds/reader\" {{ capabilities = [\"read\"] }}", context.mount());
    context.vault().write_policy(context.mount(), &rules).await?;
    let request = json!({ "type": "batch", "policies": [context.mount()], "ttl": "60s", "no_default_policy": true });
    let made = context.vault().write("auth/token/create", &request).await?;
    let token = made.body["auth"]["client_token"].as_str().ok_or_else(|| Obstacle::of("there is no batch token"))?;
    let client = context.client(Duration::from_secs(30))?.with_token(Secret::new(token));
    let issued = context.issue_with(&client, "reader").await?;
    context.equals("renewable in the answer", true, issued.renewable);
    let lease = context.vault().lookup_lease(&issued.lease).await?;
    context.holds(
        "what is left of the lease",
        "at most 60 s",
        format!("{} s", lease.ttl_seconds),
        lease.ttl_seconds <= 60,
    );
    let ahead = context.valid_until(&issued.username).await? - context.now().await?;
    context.between("VALID UNTIL, in seconds from now", 3590.0, 3606.0, ahead);
    Ok(())
}
