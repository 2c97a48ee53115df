use std::time::Duration;

use leaseproof_domain::Secret;
use leaseproof_postgres::Session;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ROT-3",
    says: "A static role's rotation_period is at least 5 s; its password is changed when the role is written, and again in every period",
    shown: "Static roles with 4 s (400) and 5 s; logins with the account's first password before and after; the password that Vault returns, until it changes.",
    source: "Vault, builtin/logical/database/path_roles.go; rotation.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let user = format!("{}_static", context.account());
    let first = Secret::new("First-word-of-the-static-user-1");
    context.sql(&format!("CREATE ROLE {user} LOGIN PASSWORD '{}'", first.expose())).await?;
    let role = |period: &str| json!({ "db_name": "pg", "username": user, "rotation_period": period });
    let path = format!("{}/static-roles/app", context.mount());
    let short = context.vault().write(&path, &role("4s")).await;
    context.answers("a period of 4 s", &short, Expect::status(400).says("rotation_period must be 5 seconds or more"));
    let login = Session::open(&context.login(&user, &first)).await;
    context.answers("a login with the first password before", &login, Expect::ok());
    let made = context.vault().write(&path, &role("5s")).await;
    context.answers("a period of 5 s", &made, Expect::status(204));
    let login = Session::open(&context.login(&user, &first)).await;
    context.answers("a login with the first password after", &login, Expect::sqlstate("28P01"));
    let reported = password(context).await?;
    let changed = context.until(Duration::from_secs(40), || async { Ok(password(context).await? != reported) }).await?;
    let got = changed.map_or("not within 40 s".to_owned(), |took| format!("after {:.0} s", took.as_secs_f64()));
    context.holds("the password that Vault tells changes", "every 5 s or so", got, changed.is_some());
    context.vault().delete(&path).await?;
    Ok(())
}

async fn password(context: &FactContext) -> Result<String, Obstacle> {
    let reported = context.read(&format!("{}/static-creds/app", context.mount())).await?;
    let reported = reported.body["data"]["password"].as_str().map(str::to_owned);
    reported.ok_or_else(|| Obstacle::of("Vault tells no password of the static role"))
}
