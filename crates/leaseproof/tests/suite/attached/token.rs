//! The harness's own token ends while it is needed: where that is known nothing is started, and otherwise the environment
//! is accused of nothing.

use serde_json::json;

use super::theirs::Theirs;
use crate::support::{failed, on_one_line, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_before_the_run_accuses_nobody() {
    let theirs = Theirs::start().await;
    let before = theirs.there().await;
    let own = |more: serde_json::Value| {
        let mut role = json!({ "token_policies": ["leaseproof", "app-client"], "token_no_default_policy": true });
        role.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        role
    };
    let root = &theirs.vault.client;
    let known = own(json!({ "token_period": "10s", "token_explicit_max_ttl": "8s" }));
    root.write("auth/approle/role/leaseproof", &known).await.unwrap();
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[]));
    let shown = on_one_line(&text(&output));
    assert_eq!(output.status.code(), Some(5), "{shown}");
    assert!(shown.contains("leaseproof's own Vault token ends in "), "{shown}");
    assert!(shown.contains("this run takes up to 56 s: nothing was started"), "{shown}");
    assert_eq!(theirs.there().await.0, before.0, "{shown}");
    std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();

    // Vault does not say beforehand that it will not be renewed beyond this.
    let unknown =
        own(json!({ "token_ttl": "6s", "token_max_ttl": "9s", "token_period": "0", "token_explicit_max_ttl": "0" }));
    root.write("auth/approle/role/leaseproof", &unknown).await.unwrap();
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&["--set", "phase.steady.for=12s"]));
    let verdicts = theirs.desk.verdicts();
    assert_eq!(failed(&verdicts), Vec::<String>::new(), "{}", text(&output));
    assert_ne!(verdicts["verdict"], "pass", "{}", text(&output));
    assert!(verdicts["cause"]["what"].as_str().unwrap().contains("leaseproof's own Vault token"), "{verdicts:#}");
    let judged = theirs.desk.output(["judge", theirs.desk.run_folder().to_str().unwrap(), "--quiet"]);
    assert_eq!(output.status.code(), judged.status.code(), "{}\n{}", text(&output), text(&judged));
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    theirs.only(&before).await;
    theirs.desk.assert_nothing_left();
}
