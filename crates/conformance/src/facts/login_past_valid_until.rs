use std::time::Duration;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "LOG-3",
    says: "After VALID UNTIL a login is rejected with 28P01 `password authentication failed`, as with a wrong password; only the server log shows that it has expired",
    shown: "A credential of 1 s whose revocation does nothing: a login while it is valid and one after that, and the server log.",
    source: "PostgreSQL, src/backend/libpq/crypt.c (get_role_password)",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.config("pg", json!({})).await?;
    bench.role("kept", json!({ "default_ttl": "1s", "revocation_statements": "SELECT 1;" })).await?;
    let issued = bench.issue("kept").await?;
    let login = bench.session(&issued).await;
    bench.answers("a login while it is valid", &login, Expect::ok());
    let until = bench.valid_until(&issued.username).await?;
    bench.past(until).await?;
    bench.equals("whether the role is there past its VALID UNTIL", true, bench.role_exists(&issued.username).await?);
    let login = bench.session(&issued).await;
    let words = format!("password authentication failed for user \"{}\"", issued.username);
    bench.answers("a login past VALID UNTIL", &login, Expect::sqlstate("28P01").says(words));
    let line = format!("User \"{}\" has an expired password.", issued.username);
    let lines = bench.log_lines_in(&bench.server(), &line, Duration::from_secs(10)).await;
    bench.holds("lines of the server's log that say so", "at least 1", lines.len(), !lines.is_empty());
    Ok(())
}
