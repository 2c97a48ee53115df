use leaseproof_postgres::Session;
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ROT-1",
    says: "rotate-root invalidates the account's old password, credentials are still issued, and reading the config shows no password; a config with the user in its URL cannot be rotated",
    shown: "Logins with the old password before and after, creds after, the config's fields; then rotate-root of a config without `username`.",
    source: "Vault, builtin/logical/database/path_rotate_credentials.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let (account, old) = (bench.account(), bench.account_password());
    let login = Session::open(&bench.login(&account, &old)).await;
    bench.answers("a login with the old password before", &login, Expect::ok());
    let rotated = bench.vault().write(&format!("{}/rotate-root/pg", bench.mount()), &json!({})).await;
    bench.answers("rotate-root", &rotated, Expect::status(204));
    let login = Session::open(&bench.login(&account, &old)).await;
    bench.answers("a login with the old password after", &login, Expect::sqlstate("28P01"));
    let issued = bench.issue("reader").await;
    bench.answers("creds after", &issued, Expect::status(200));
    let config = bench.read(&format!("{}/config/pg", bench.mount())).await?;
    let shown = config.body["data"]["connection_details"].get("password").is_some();
    bench.equals("the config's read has a password", false, shown);

    let url = format!("postgresql://{account}:{}@127.0.0.1:{}/{account}?sslmode=disable", old.expose(), bench.port());
    let data = json!({ "connection_url": url, "username": null, "password": null, "verify_connection": false });
    bench.config("inline", data).await?;
    let rotated = bench.vault().write(&format!("{}/rotate-root/inline", bench.mount()), &json!({})).await;
    bench.answers(
        "rotate-root with the user in the URL",
        &rotated,
        Expect::status(500).says("no username in configuration"),
    );
    Ok(())
}
