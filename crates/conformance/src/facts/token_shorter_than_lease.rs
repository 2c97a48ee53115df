use std::time::Duration;

use leaseproof_vault::TokenRequest;

use crate::proof::Obstacle;
use crate::{Bench, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "EXP-3",
    says: "If a token expires before its lease, the credential ends with the token, although the response and VALID UNTIL have the role's TTL",
    shown: "A token of 6 s issues a credential of an hour: lease_duration and VALID UNTIL are those of the hour, and the user is gone soon after the token's end.",
    source: "Vault, vault/expiration.go: leases of a token are revoked with it",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let rules = format!("path \"{}/creds/reader\" {{ capabilities = [\"read\"] }}", bench.mount());
    bench.vault().write_policy(bench.mount(), &rules).await?;
    let policies = vec![bench.mount().to_owned()];
    let request = TokenRequest { policies, display_name: "fact".into(), ttl_seconds: 6, renewable: false };
    let token = bench.vault().create_token(&request).await?;
    let begun = tokio::time::Instant::now();
    let client = bench.client(Duration::from_secs(30))?.with_token(token.token);
    let issued = bench.issue_with(&client, "reader").await?;
    bench.equals("lease_duration, in seconds", 3600, issued.lease_seconds);
    let ahead = bench.valid_until(&issued.username).await? - bench.now().await?;
    bench.between("VALID UNTIL, in seconds from now", 3590.0, 3606.0, ahead);
    let gone = bench.until(Duration::from_secs(30), || async { Ok(!bench.has_role(&issued.username).await?) }).await?;
    let took = begun.elapsed().as_secs_f64();
    let got = gone.map_or("not within 30 s".to_owned(), |_| format!("{took:.1} s after the token was made"));
    bench.holds("the user is gone", "at the token's end, after 6 s", got, gone.is_some() && took >= 5.5);
    Ok(())
}
