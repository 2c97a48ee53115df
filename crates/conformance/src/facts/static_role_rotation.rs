use std::time::Duration;

use leaseproof_domain::Secret;
use leaseproof_postgres::Session;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ROT-3",
    says: "A static role's rotation_period is at least 5 s; its password is changed when the role is written, and again in every period",
    shown: "Static roles with 4 s (400) and 5 s; logins with the account's first password before and after; the password that Vault returns, until it changes.",
    source: "Vault, builtin/logical/database/path_roles.go; rotation.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let user = format!("{}_static", bench.account());
    let first = Secret::new("First-word-of-the-static-user-1");
    bench.sql(&format!("CREATE ROLE {user} LOGIN PASSWORD '{}'", first.expose())).await?;
    let role = |period: &str| json!({ "db_name": "pg", "username": user, "rotation_period": period });
    let path = format!("{}/static-roles/app", bench.mount());
    let short = bench.vault().write(&path, &role("4s")).await;
    bench.answers("a period of 4 s", &short, Expect::status(400).says("rotation_period must be 5 seconds or more"));
    let login = Session::open(&bench.login(&user, &first)).await;
    bench.answers("a login with the first password before", &login, Expect::ok());
    let made = bench.vault().write(&path, &role("5s")).await;
    bench.answers("a period of 5 s", &made, Expect::status(204));
    let login = Session::open(&bench.login(&user, &first)).await;
    bench.answers("a login with the first password after", &login, Expect::sqlstate("28P01"));
    let told = password(bench).await?;
    let changed = bench.until(Duration::from_secs(40), || async { Ok(password(bench).await? != told) }).await?;
    let got = changed.map_or("not within 40 s".to_owned(), |took| format!("after {:.0} s", took.as_secs_f64()));
    bench.holds("the password that Vault tells changes", "every 5 s or so", got, changed.is_some());
    bench.vault().delete(&path).await?;
    Ok(())
}

async fn password(bench: &Bench) -> Result<String, Obstacle> {
    let told = bench.read(&format!("{}/static-creds/app", bench.mount())).await?;
    let told = told.body["data"]["password"].as_str().map(str::to_owned);
    told.ok_or_else(|| Obstacle::of("Vault tells no password of the static role"))
}
