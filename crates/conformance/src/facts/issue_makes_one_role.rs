use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-1",
    says: "Reading creds returns 200 with a renewable lease `<mount>/creds/<role>/<24 characters>` and creates exactly one role",
    shown: "One issue: its status, lease id and `renewable`, and the number of roles with the returned name in pg_roles.",
    source: "Vault, builtin/logical/database/path_creds_create.go; vault/expiration.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let issued = bench.issue("reader").await;
    bench.answers("creds", &issued, Expect::status(200));
    let Ok(issued) = issued else { return Ok(()) };
    let prefix = format!("{}/creds/reader/", bench.mount());
    let lease = issued.lease.as_str().to_owned();
    let id = lease.strip_prefix(&prefix).unwrap_or_default();
    let fits = id.len() == 24 && id.chars().all(|c| c.is_ascii_alphanumeric());
    bench.holds("the lease's id", format!("{prefix}<24 letters or digits>"), &lease, fits);
    bench.equals("renewable", true, issued.renewable);
    let name = issued.username.as_str();
    let made = bench.value(&format!("SELECT count(*) FROM pg_roles WHERE rolname = '{name}'")).await?;
    bench.equals("roles of the name that was answered", "1".to_owned(), made.unwrap_or_default());
    let session = bench.session(&issued).await;
    bench.answers("a login with it", &session, Expect::ok());
    Ok(())
}
