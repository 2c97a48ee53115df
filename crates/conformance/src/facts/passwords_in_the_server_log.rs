use std::time::Duration;

use leaseproof_vault::Issued;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "LOG-2",
    says: "With `log_statement=ddl` PostgreSQL's log contains passwords in plain text, unless the connection has `password_authentication=scram-sha-256`",
    shown: "One issue with a connection of each kind; the lines of the server log that contain the role's name, and those that contain its password.",
    source: "Vault, plugins/database/postgresql/postgresql.go (passwordAuthentication); PostgreSQL, log_statement",
    ground: Ground::Own(|bare| {
        bare.settings.insert("log_statement".to_owned(), "ddl".to_owned());
    }),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// How long a line may be on its way from the server.
const TIMEOUT: Duration = Duration::from_secs(10);

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("scram", json!({})).await?;
    context.config("plain", json!({ "password_authentication": null })).await?;
    for (role, leaks) in [("scram", false), ("plain", true)] {
        context.role(role, json!({ "db_name": role })).await?;
        let issued = context.issue(role).await?;
        let session = context.session(&issued).await;
        context.holds(
            format!("a login with {role}'s credential"),
            "ok",
            if session.is_ok() { "ok" } else { "refused" },
            session.is_ok(),
        );
        observation(context, role, &issued, leaks).await;
    }
    Ok(())
}

async fn observation(context: &mut FactContext, role: &str, issued: &Issued, leaks: bool) {
    let create = format!("CREATE ROLE \"{}\"", issued.username);
    // The line of the role's creation is the last that may hold the password, and one line.
    let created = context.log_lines_in(&context.server(), &create, TIMEOUT).await;
    context.equals(format!("lines with {role}'s CREATE ROLE"), 1, created.len());
    let clear = context.log_lines(&context.server(), issued.password.expose()).len();
    context.holds(
        format!("lines with {role}'s password in clear"),
        if leaks { "at least 1" } else { "0" },
        clear,
        (clear > 0) == leaks,
    );
    let hashed = created.iter().any(|line| line.contains("SCRAM-SHA-256$4096:"));
    context.equals(format!("whether {role}'s CREATE ROLE holds a SCRAM verifier instead"), !leaks, hashed);
}
