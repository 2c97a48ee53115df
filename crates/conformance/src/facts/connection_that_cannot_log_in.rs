use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-10",
    says: "Writing a connection that cannot log in is rejected with 400 and stores nothing; with `verify_connection=false` it returns 204, and creds return 500",
    shown: "A closed port and a wrong password, each with and without verification; a connection that works.",
    source: "Vault, builtin/logical/database/path_config_connection.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    // Port 1 is below every port that a server of these tests can have.
    let nowhere = context.config_data_through(1)["connection_url"].clone();
    let cases = [
        ("a port that nobody listens on", json!({ "connection_url": nowhere }), "connection refused"),
        ("a wrong password", json!({ "password": "not-the-password" }), "28P01"),
    ];
    for (at, (what, mut changes, says)) in cases.into_iter().enumerate() {
        let name = format!("bad-{at}");
        let refused = context.config(&name, changes.clone()).await;
        let verifying = "error creating database object: error verifying connection: ";
        let expect = Expect::status(400).says(verifying).says(says);
        context.answers(format!("a connection with {what}"), &refused, expect);
        let kept = context.read(&format!("{}/config/{name}", context.mount())).await;
        context.answers("reading it", &kept, Expect::status(404));

        changes["verify_connection"] = json!(false);
        let written = context.config(&name, changes).await;
        context.answers(format!("a connection with {what}, unverified"), &written, Expect::status(204));
        context.role(&name, json!({ "db_name": name })).await?;
        let refused = context.issue(&name).await;
        context.answers("creds by it", &refused, Expect::status(500).says(says));
    }
    let written = context.config("pg", json!({})).await;
    context.answers("a connection that can log in", &written, Expect::status(204));
    context.role("reader", json!({})).await?;
    let granted = context.issue("reader").await;
    context.answers("creds by it", &granted, Expect::status(200));
    Ok(())
}
