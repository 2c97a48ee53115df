use leaseproof_postgres::Session;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ROT-1",
    says: "rotate-root invalidates the account's old password, credentials are still issued, and reading the config shows no password; a config with the user in its URL cannot be rotated",
    shown: "Logins with the old password before and after, creds after, the config's fields; then rotate-root of a config without `username`.",
    source: "Vault, builtin/logical/database/path_rotate_credentials.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let (account, old) = (context.account(), context.account_password());
    let login = Session::open(&context.login(&account, &old)).await;
    context.answers("a login with the old password before", &login, Expect::ok());
    let rotated = context.vault().write(&format!("{}/rotate-root/pg", context.mount()), &json!({})).await;
    context.answers("rotate-root", &rotated, Expect::status(204));
    let login = Session::open(&context.login(&account, &old)).await;
    context.answers("a login with the old password after", &login, Expect::sqlstate("28P01"));
    let issued = context.issue("reader").await;
    context.answers("creds after", &issued, Expect::status(200));
    let config = context.read(&format!("{}/config/pg", context.mount())).await?;
    let shown = config.body["data"]["connection_details"].get("password").is_some();
    context.equals("the config's read has a password", false, shown);

    let url = format!("postgresql://{account}:{}@127.0.0.1:{}/{account}?sslmode=disable", old.expose(), context.port());
    let data = json!({ "connection_url": url, "username": null, "password": null, "verify_connection": false });
    context.config("inline", data).await?;
    let rotated = context.vault().write(&format!("{}/rotate-root/inline", context.mount()), &json!({})).await;
    context.answers(
        "rotate-root with the user in the URL",
        &rotated,
        Expect::status(500).says("no username in configuration"),
    );
    Ok(())
}
