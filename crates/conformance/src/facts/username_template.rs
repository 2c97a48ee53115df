use std::collections::BTreeSet;

use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-2",
    says: "Usernames follow the template, by default `v-<display name, 8>-<role, 8>-<20 random>-<unix time>`, and are unique; one of more than 63 bytes is returned in full, and the PostgreSQL role has its first 63 bytes",
    shown: "Eight issues each with the default template and with the connection's template; then one with a template of more than 63 bytes, and the name of the resulting PostgreSQL role.",
    source: "Vault, plugins/database/postgresql/postgresql.go (defaultUserNameTemplate); PostgreSQL, NAMEDATALEN",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// Issues of each template.
const ISSUES: usize = 8;
/// Bytes that a name has in PostgreSQL at most.
const LONGEST: usize = 63;

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    context.config("own", json!({ "username_template": "app-{{.RoleName | truncate 5}}-{{random 10}}" })).await?;
    context.role("reporting-daily", json!({})).await?;
    context.role("owned-name", json!({ "db_name": "own" })).await?;
    let by_default = names(context, "reporting-daily").await?;
    judge(
        context,
        "the default template",
        "v-root-reportin-<20 letters or digits>-<10 digits>",
        &by_default,
        default_fits,
    );
    let by_own = names(context, "owned-name").await?;
    judge(context, "the connection's template", "app-owned-<10 letters or digits>", &by_own, own_fits);

    context.config("long", json!({ "username_template": format!("{}-{{{{random 20}}}}", "x".repeat(50)) })).await?;
    context.role("long", json!({ "db_name": "long" })).await?;
    let issued = context.issue("long").await;
    context.answers("creds by a template of 71 bytes", &issued, Expect::status(200));
    let Ok(issued) = issued else { return Ok(()) };
    let name = issued.username.as_str();
    context.equals("bytes of the name that was answered", 71, name.len());
    let cut = name.get(..LONGEST).unwrap_or(name);
    let sql = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{cut}'");
    context.value_is("roles of its first 63 bytes", &sql, "1").await?;
    let login = context.session(&issued).await;
    context.answers("a login by the whole name, which PostgreSQL cuts again", &login, Expect::ok());
    let revoked = context.vault().revoke(&issued.lease).await;
    context.answers("revoking it", &revoked, Expect::status(204));
    context.value_is("roles of its first 63 bytes, then", &sql, "0").await
}

async fn names(context: &FactContext, role: &str) -> Result<Vec<String>, Obstacle> {
    let mut names = Vec::new();
    for _ in 0..ISSUES {
        names.push(context.issue(role).await?.username.as_str().to_owned());
    }
    Ok(names)
}

fn judge(context: &mut FactContext, template: &str, form: &str, names: &[String], fits: fn(&str) -> bool) {
    let odd = names.iter().find(|name| !fits(name) || name.len() > LONGEST);
    let shown = odd.or(names.first()).cloned().unwrap_or_default();
    context.holds(format!("names by {template}"), form, shown, odd.is_none() && names.len() == ISSUES);
    context.equals(format!("different names by {template}"), ISSUES, names.iter().collect::<BTreeSet<_>>().len());
}

fn default_fits(name: &str) -> bool {
    let Some((random, time)) = name.strip_prefix("v-root-reportin-").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    is_random(random, 20) && time.len() == 10 && time.chars().all(|c| c.is_ascii_digit())
}

fn own_fits(name: &str) -> bool {
    name.strip_prefix("app-owned-").is_some_and(|random| is_random(random, 10))
}

fn is_random(text: &str, length: usize) -> bool {
    text.len() == length && text.chars().all(|c| c.is_ascii_alphanumeric())
}
