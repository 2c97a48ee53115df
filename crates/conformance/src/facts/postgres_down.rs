use leaseproof_estate::Storage;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "DOW-1",
    says: "While PostgreSQL is down, creds return 500 and create no lease, renewals and revocations return 400; all work again by themselves when it is back",
    shown: "PostgreSQL is stopped under a live lease; creds, renew and revoke are requested; it is restarted, and they are requested again without any change to Vault.",
    source: "Vault, builtin/logical/database/path_creds_create.go; plugins/database/postgresql/postgresql.go",
    ground: Ground::Own(|bare| bare.storage = Storage::Inmem),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const DOWN: &str = "failed to connect to";

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    let postgres = bench.server();
    bench.reader().await?;
    let issued = bench.issue("reader").await?;
    let vault = bench.vault();
    bench.estate().stop(&postgres).await;

    let creds = bench.issue("reader").await;
    bench.answers("creds while it is down", &creds, Expect::status(500).says(DOWN));
    let leases = bench.leases("reader").await?.len();
    bench.equals("leases", 1, leases);
    let renewed = vault.renew(&issued.lease, Some(60)).await;
    bench.answers("renew while it is down", &renewed, Expect::status(400).says("failed to renew entry").says(DOWN));
    let revoked = vault.revoke(&issued.lease).await;
    bench.answers("revoke while it is down", &revoked, Expect::status(400).says("failed to revoke entry").says(DOWN));

    bench.start_again(&postgres).await?;
    let creds = bench.issue("reader").await;
    bench.answers("creds when it is back", &creds, Expect::status(200));
    let renewed = vault.renew(&issued.lease, Some(60)).await;
    bench.answers("renew of the earlier lease", &renewed, Expect::status(200));
    let revoked = vault.revoke(&issued.lease).await;
    bench.answers("revoke of the earlier lease", &revoked, Expect::status(204));
    let left = bench.has_role(&issued.username).await?;
    bench.equals("the earlier role is there", false, left);
    Ok(())
}
