use std::time::Duration;

use leaseproof_domain::Secret;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "EXP-4",
    says: "A lease under a batch token ends with the token at the latest, although the response says that it is renewable",
    shown: "A batch token of 60 s issues a credential of an hour: the lease's own end in Vault against the token's end, and `renewable` in the response.",
    source: "Vault, vault/expiration.go, Register: a batch token's leases are capped at its end",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let rules = format!("path \"{}/creds/reader\" {{ capabilities = [\"read\"] }}", bench.mount());
    bench.vault().write_policy(bench.mount(), &rules).await?;
    let request = json!({ "type": "batch", "policies": [bench.mount()], "ttl": "60s", "no_default_policy": true });
    let made = bench.vault().write("auth/token/create", &request).await?;
    let token = made.body["auth"]["client_token"].as_str().ok_or_else(|| Obstacle::of("there is no batch token"))?;
    let client = bench.client(Duration::from_secs(30))?.with_token(Secret::new(token));
    let issued = bench.issue_with(&client, "reader").await?;
    bench.equals("renewable in the answer", true, issued.renewable);
    let lease = bench.vault().lookup_lease(&issued.lease).await?;
    bench.holds(
        "what is left of the lease",
        "at most 60 s",
        format!("{} s", lease.ttl_seconds),
        lease.ttl_seconds <= 60,
    );
    let ahead = bench.valid_until(&issued.username).await? - bench.now().await?;
    bench.between("VALID UNTIL, in seconds from now", 3590.0, 3606.0, ahead);
    Ok(())
}
