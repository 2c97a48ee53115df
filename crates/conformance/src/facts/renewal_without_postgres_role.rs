use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "TTL-6",
    says: "A renewal is rejected with 400 and 42704 after the lease's PostgreSQL role was dropped; the lease keeps its end, and its revocation succeeds",
    shown: "A renewal before and after the role is dropped by hand; its expire_time; its revocation.",
    source: "Vault, plugins/database/postgresql/postgresql.go (changeUserExpiration)",
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
    let before = context.vault().lookup_lease(&issued.lease).await?.expire_time;
    let name = issued.username.as_str();
    context.sql(&format!("DROP OWNED BY \"{name}\"; DROP ROLE \"{name}\"")).await?;
    let refused = context.vault().renew(&issued.lease, None).await;
    let words = format!("role \"{name}\" does not exist");
    context.answers(
        "a renewal then",
        &refused,
        Expect::status(400).says("failed to renew entry: ").says(words).says("42704"),
    );
    let after = context.vault().lookup_lease(&issued.lease).await?.expire_time;
    context.holds(
        "the end of the lease",
        "as it was",
        if before == after { "as it was" } else { "another" },
        before == after,
    );
    let revoked = context.vault().revoke(&issued.lease).await;
    context.answers("revoking it", &revoked, Expect::status(204));
    let gone = context.vault().lookup_lease(&issued.lease).await.map(|lease| lease.ttl_seconds.unsigned_abs());
    context.answers("looking it up", &gone, Expect::status(400).says("invalid lease"));
    Ok(())
}
