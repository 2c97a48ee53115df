use leaseproof_environment::Storage;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-1",
    says: "While PostgreSQL is down, creds return 500 and create no lease, renewals and revocations return 400; all work again by themselves when it is back",
    shown: "PostgreSQL is stopped under a live lease; creds, renew and revoke are requested; it is restarted, and they are requested again without any change to Vault.",
    source: "Vault, builtin/logical/database/path_creds_create.go; plugins/database/postgresql/postgresql.go",
    ground: Ground::Own(|bare| bare.storage = Storage::Inmem),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const DOWN: &str = "failed to connect to";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let postgres = context.server();
    context.reader().await?;
    let issued = context.issue("reader").await?;
    let vault = context.vault();
    context.environment().stop(&postgres).await;

    let creds = context.issue("reader").await;
    context.answers("creds while it is down", &creds, Expect::status(500).says(DOWN));
    let leases = context.leases("reader").await?.len();
    context.equals("leases", 1, leases);
    let renewed = vault.renew(&issued.lease, Some(60)).await;
    context.answers("renew while it is down", &renewed, Expect::status(400).says("failed to renew entry").says(DOWN));
    let revoked = vault.revoke(&issued.lease).await;
    context.answers("revoke while it is down", &revoked, Expect::status(400).says("failed to revoke entry").says(DOWN));

    context.start_again(&postgres).await?;
    let creds = context.issue("reader").await;
    context.answers("creds when it is back", &creds, Expect::status(200));
    let renewed = vault.renew(&issued.lease, Some(60)).await;
    context.answers("renew of the earlier lease", &renewed, Expect::status(200));
    let revoked = vault.revoke(&issued.lease).await;
    context.answers("revoke of the earlier lease", &revoked, Expect::status(204));
    let left = context.has_role(&issued.username).await?;
    context.equals("the earlier role is there", false, left);
    Ok(())
}
