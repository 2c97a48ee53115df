use std::time::Duration;

use leaseproof_domain::Secret;
use leaseproof_postgres::Session;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ROT-4",
    says: "Vault retries a static role's rotation that is due while PostgreSQL is down, and the retry succeeds",
    shown: "A static role with 5 s; PostgreSQL is stopped for 12 s, which is longer than a period; after its start the password that Vault returns can log in, and differs from the one before.",
    source: "Vault, builtin/logical/database/rotation.go: a failed rotation is retried after 10 s",
    ground: Ground::Own(|_| ()),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    let postgres = context.server();
    context.reader().await?;
    let user = format!("{}_static", context.account());
    context.sql(&format!("CREATE ROLE {user} LOGIN PASSWORD 'First-word-of-the-static-user-1'")).await?;
    let role = json!({ "db_name": "pg", "username": user, "rotation_period": "5s" });
    context.vault().write(&format!("{}/static-roles/app", context.mount()), &role).await?;
    let before = reported(context).await?;
    context.environment().stop(&postgres).await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    context.start_again(&postgres).await?;
    let healed = context
        .until(Duration::from_secs(60), || async {
            let now = reported(context).await?;
            let login = Session::open(&context.login(&user, &Secret::new(now.clone()))).await;
            Ok(now != before && login.is_ok())
        })
        .await?;
    let got =
        healed.map_or("not within 60 s".to_owned(), |took| format!("{:.0} s after the start", took.as_secs_f64()));
    context.holds("a new password that logs in", "within 60 s of PostgreSQL's start", got, healed.is_some());
    let issued = context.issue("reader").await;
    context.answers("creds of a dynamic role", &issued, Expect::status(200));
    Ok(())
}

async fn reported(context: &FactContext) -> Result<String, Obstacle> {
    let reported = context.read(&format!("{}/static-creds/app", context.mount())).await?;
    let reported = reported.body["data"]["password"].as_str().map(str::to_owned);
    reported.ok_or_else(|| Obstacle::of("Vault tells no password of the static role"))
}
