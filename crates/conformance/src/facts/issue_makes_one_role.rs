use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-1",
    says: "Reading creds returns 200 with a renewable lease `<mount>/creds/<role>/<24 characters>` and creates exactly one role",
    shown: "One issue: its status, lease id and `renewable`, and the number of roles with the returned name in pg_roles.",
    source: "Vault, builtin/logical/database/path_creds_create.go; vault/expiration.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let issued = context.issue("reader").await;
    context.answers("creds", &issued, Expect::status(200));
    let Ok(issued) = issued else { return Ok(()) };
    let prefix = format!("{}/creds/reader/", context.mount());
    let lease = issued.lease.as_str().to_owned();
    let id = lease.strip_prefix(&prefix).unwrap_or_default();
    let fits = id.len() == 24 && id.chars().all(|c| c.is_ascii_alphanumeric());
    context.holds("the lease's id", format!("{prefix}<24 letters or digits>"), &lease, fits);
    context.equals("renewable", true, issued.renewable);
    let name = issued.username.as_str();
    let made = context.value(&format!("SELECT count(*) FROM pg_roles WHERE rolname = '{name}'")).await?;
    context.equals("roles of the name that was answered", "1".to_owned(), made.unwrap_or_default());
    let session = context.session(&issued).await;
    context.answers("a login with it", &session, Expect::ok());
    Ok(())
}
