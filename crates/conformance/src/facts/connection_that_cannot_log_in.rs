use serde_json::json;

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "ISS-10",
    says: "Writing a connection that cannot log in is rejected with 400 and stores nothing; with `verify_connection=false` it returns 204, and creds return 500",
    shown: "A closed port and a wrong password, each with and without verification; a connection that works.",
    source: "Vault, builtin/logical/database/path_config_connection.go",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    // Port 1 is below every port that a server of these tests can have.
    let nowhere = bench.config_data_through(1)["connection_url"].clone();
    let cases = [
        ("a port that nobody listens on", json!({ "connection_url": nowhere }), "connection refused"),
        ("a wrong password", json!({ "password": "not-the-password" }), "28P01"),
    ];
    for (at, (what, mut changes, says)) in cases.into_iter().enumerate() {
        let name = format!("bad-{at}");
        let refused = bench.config(&name, changes.clone()).await;
        let verifying = "error creating database object: error verifying connection: ";
        let expect = Expect::status(400).says(verifying).says(says);
        bench.answers(format!("a connection with {what}"), &refused, expect);
        let kept = bench.read(&format!("{}/config/{name}", bench.mount())).await;
        bench.answers("reading it", &kept, Expect::status(404));

        changes["verify_connection"] = json!(false);
        let written = bench.config(&name, changes).await;
        bench.answers(format!("a connection with {what}, unverified"), &written, Expect::status(204));
        bench.role(&name, json!({ "db_name": name })).await?;
        let refused = bench.issue(&name).await;
        bench.answers("creds by it", &refused, Expect::status(500).says(says));
    }
    let written = bench.config("pg", json!({})).await;
    bench.answers("a connection that can log in", &written, Expect::status(204));
    bench.role("reader", json!({})).await?;
    let granted = bench.issue("reader").await;
    bench.answers("creds by it", &granted, Expect::status(200));
    Ok(())
}
