use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "LOG-5",
    says: "An open session stays open after VALID UNTIL and keeps its privileges",
    shown: "A session of a credential of 1 s whose revocation does nothing: what it reads after VALID UNTIL, when a new login is rejected.",
    source: "PostgreSQL checks VALID UNTIL at login only",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    context.role("kept", json!({ "default_ttl": "1s", "revocation_statements": "SELECT 1;" })).await?;
    let issued = context.issue("kept").await?;
    let session = context.session(&issued).await?;
    let read = session.query("SELECT * FROM things").await;
    context.answers("reading while it is valid", &read, Expect::ok().says("3 rows"));
    context.past(context.valid_until(&issued.username).await?).await?;
    let login = context.session(&issued).await;
    context.answers("a new login past VALID UNTIL", &login, Expect::sqlstate("28P01"));
    let read = session.query("SELECT * FROM things").await;
    context.answers("reading in the session that was open", &read, Expect::ok().says("3 rows"));
    Ok(())
}
