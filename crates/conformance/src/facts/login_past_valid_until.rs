use std::time::Duration;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "LOG-3",
    says: "After VALID UNTIL a login is rejected with 28P01 `password authentication failed`, as with a wrong password; only the server log shows that it has expired",
    shown: "A credential of 1 s whose revocation does nothing: a login while it is valid and one after that, and the server log.",
    source: "PostgreSQL, src/backend/libpq/crypt.c (get_role_password)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    context.role("kept", json!({ "default_ttl": "1s", "revocation_statements": "SELECT 1;" })).await?;
    let issued = context.issue("kept").await?;
    let login = context.session(&issued).await;
    context.answers("a login while it is valid", &login, Expect::ok());
    let until = context.valid_until(&issued.username).await?;
    context.past(until).await?;
    context.equals(
        "whether the role is there past its VALID UNTIL",
        true,
        context.role_exists(&issued.username).await?,
    );
    let login = context.session(&issued).await;
    let words = format!("password authentication failed for user \"{}\"", issued.username);
    context.answers("a login past VALID UNTIL", &login, Expect::sqlstate("28P01").says(words));
    let line = format!("User \"{}\" has an expired password.", issued.username);
    let lines = context.log_lines_in(&context.server(), &line, Duration::from_secs(10)).await;
    context.holds("lines of the server's log that say so", "at least 1", lines.len(), !lines.is_empty());
    Ok(())
}
