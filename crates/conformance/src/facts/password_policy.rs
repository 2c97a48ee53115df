use std::collections::BTreeSet;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-3",
    says: "Passwords have 20 characters of `[A-Za-z0-9-]` with each class in them, or follow the connection's password policy",
    shown: "Eight issues without a policy, and eight with a policy of 32 characters with digits and `#`; a connection with a policy that does not exist.",
    source: "Vault, sdk/database/helper/credsutil; builtin/logical/database/credentials.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// Issues of each kind.
const ISSUES: usize = 8;
const POLICY: &str = "length = 32\n\
                      rule \"charset\" { charset = \"0123456789\" min-chars = 4 }\n\
                      rule \"charset\" { charset = \"#\" min-chars = 1 }\n";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    judge(context, "reader", "20 of [A-Za-z0-9-], with a lower, an upper, a digit and a `-`", is_default).await?;

    let policy = format!("sys/policies/password/{}", context.mount());
    context.vault().write(&policy, &json!({ "policy": POLICY })).await?;
    context.config("ruled", json!({ "password_policy": context.mount() })).await?;
    context.role("ruled", json!({ "db_name": "ruled" })).await?;
    judge(context, "ruled", "32 of [0-9#], with 4 digits and a `#`", is_ruled).await?;

    context.config("absent", json!({ "password_policy": "no-such-policy" })).await?;
    context.role("absent", json!({ "db_name": "absent" })).await?;
    let refused = context.issue("absent").await;
    context.answers(
        "creds by a policy that is not there",
        &refused,
        Expect::status(500).says("no password policy found"),
    );
    Ok(())
}

/// Passwords themselves are never shown: what is recorded is how many were as they have to be.
async fn judge(context: &mut FactContext, role: &str, form: &str, fits: fn(&str) -> bool) -> Result<(), Obstacle> {
    let mut passwords = BTreeSet::new();
    let (mut fitting, mut logins) = (0, 0);
    for _ in 0..ISSUES {
        let issued = context.issue(role).await?;
        fitting += usize::from(fits(issued.password.expose()));
        logins += usize::from(context.session(&issued).await.is_ok());
        passwords.insert(issued.password.expose().to_owned());
    }
    context.equals(format!("passwords of {role} that are {form}"), ISSUES, fitting);
    context.equals(format!("logins with passwords of {role}"), ISSUES, logins);
    context.equals(format!("different passwords of {role}"), ISSUES, passwords.len());
    Ok(())
}

fn is_default(password: &str) -> bool {
    let has = |class: fn(char) -> bool| password.chars().any(class);
    password.len() == 20
        && password.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_uppercase())
        && has(|c| c.is_ascii_digit())
        && has(|c| c == '-')
}

fn is_ruled(password: &str) -> bool {
    password.len() == 32
        && password.chars().all(|c| c.is_ascii_digit() || c == '#')
        && password.chars().filter(char::is_ascii_digit).count() >= 4
        && password.contains('#')
}
