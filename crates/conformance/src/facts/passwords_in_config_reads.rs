use serde_json::json;

use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "AUD-3",
    says: "Reading a connection config masks a password inside a URL, with one host or several, and shows the password of a keyword DSN and of `?password=` in plain text",
    shown: "Four configs, each with its own password in the connection string, written without verification and read back.",
    source: "Vault, builtin/logical/database/path_config_connection.go: url.Redacted",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const WORD: &str = "Inline-word-81";

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    for (name, url, shown) in [
        ("url", format!("postgresql://u:{WORD}@127.0.0.1:1/x"), false),
        ("hosts", format!("postgresql://u:{WORD}@127.0.0.1:1,127.0.0.2:2/x"), false),
        ("query", format!("postgresql://u@127.0.0.1:1/x?password={WORD}"), true),
        ("dsn", format!("host=127.0.0.1 port=1 user=u dbname=x password={WORD}"), true),
    ] {
        let changes = json!({ "connection_url": url, "username": null, "password": null, "verify_connection": false });
        context.config(name, changes).await?;
        let read = context.read(&format!("{}/config/{name}", context.mount())).await?;
        let there = read.body["data"]["connection_details"]["connection_url"].as_str().unwrap_or_default().to_owned();
        let got = if there.contains(WORD) { "shown" } else { "masked" };
        context.equals(
            format!("the password of `{}`", url.replace(WORD, "…")),
            if shown { "shown" } else { "masked" },
            got,
        );
    }
    Ok(())
}
