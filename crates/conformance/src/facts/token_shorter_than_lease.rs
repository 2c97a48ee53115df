use std::time::Duration;

use leaseproof_vault::TokenRequest;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "EXP-3",
    says: "If a token expires before its lease, the credential ends with the token, although the response and VALID UNTIL have the role's TTL",
    shown: "A token of 6 s issues a credential of an hour: lease_duration and VALID UNTIL are those of the hour, and the user is gone soon after the token's end.",
    source: "Vault, vault/expiration.go: leases of a token are revoked with it",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let rules = format!("path \"{}/creds/reader\" {{ capabilities = [\"read\"] }}", context.mount());
    context.vault().write_policy(context.mount(), &rules).await?;
    let policies = vec![context.mount().to_owned()];
    let request = TokenRequest { policies, display_name: "fact".into(), ttl_seconds: 6, renewable: false };
    let token = context.vault().create_token(&request).await?;
    let begun = tokio::time::Instant::now();
    let client = context.client(Duration::from_secs(30))?.with_token(token.token);
    let issued = context.issue_with(&client, "reader").await?;
    context.equals("lease_duration, in seconds", 3600, issued.lease_seconds);
    let ahead = context.valid_until(&issued.username).await? - context.now().await?;
    context.between("VALID UNTIL, in seconds from now", 3590.0, 3606.0, ahead);
    let gone =
        context.until(Duration::from_secs(30), || async { Ok(!context.has_role(&issued.username).await?) }).await?;
    let took = begun.elapsed().as_secs_f64();
    let got = gone.map_or("not within 30 s".to_owned(), |_| format!("{took:.1} s after the token was made"));
    context.holds("the user is gone", "at the token's end, after 6 s", got, gone.is_some() && took >= 5.5);
    Ok(())
}
