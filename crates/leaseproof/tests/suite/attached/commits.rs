//! What a run leaves of its queries, of its own login, and of credentials that Vault cannot revoke.

use leaseproof_postgres::Session;
use serde_json::json;

use super::theirs::Theirs;
use super::under_way;
use crate::support::{on_one_line, text};

const CREATE: &str = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; \
                      GRANT CONNECT ON DATABASE shop TO \"{{name}}\"; \
                      GRANT SELECT ON orders TO \"{{name}}\"; GRANT INSERT ON movements TO \"{{name}}\";";

#[tokio::test(flavor = "multi_thread")]
async fn a_query_commits_nothing_and_one_that_cannot_be_rolled_back_is_refused() {
    let theirs = Theirs::start().await;
    theirs.write_scenario("");
    let session = Session::open(&theirs.login("shop")).await.unwrap();
    session
        .script(
            "CREATE TABLE movements (n int); \
             GRANT INSERT ON movements TO vaultuser WITH GRANT OPTION",
        )
        .await
        .unwrap();
    let role = json!({ "db_name": "shop", "creation_statements": CREATE, "default_ttl": "1h", "max_ttl": "24h" });
    theirs.vault.client.write("database/roles/app", &role).await.unwrap();
    let query = |sql: &str| format!("lifecycle.app.query=\"{sql}\"");
    let short = ["--set", "phase.steady.for=3s", "--set", "phase.steady.drain=8s", "--set", "attached.quiet=true"];
    let insert = query("INSERT INTO movements (n) VALUES (1)");
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[&short[..], &["--set", &insert]].concat()));
    let shown = text(&output);
    assert!(shown.contains("the query of lifecycle app runs in a transaction that is rolled back"), "{shown}");
    assert!(shown.contains("FATAL: password authentication failed"), "{shown}");
    assert_eq!(shown.matches("Vault's audit log is not on this machine").count(), 1, "{shown}");
    let value = async |sql: &str| session.value(sql).await.unwrap().unwrap_or_default();
    assert_eq!(value("SELECT count(*) FROM movements").await, "0", "{shown}");
    let tried = value("SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'movements'").await;
    assert!(tried.parse::<u32>().is_ok_and(|tried| tried >= 3), "the query was sent: {tried}\n{shown}");
    std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();

    for sql in ["VACUUM", "INSERT INTO movements (n) VALUES (1); COMMIT", "COPY orders TO PROGRAM 'cat'"] {
        let output = theirs.desk.run(&theirs.scenario, &theirs.run(&["--set", &query(sql)]));
        let shown = text(&output);
        assert!(
            output.status.code() == Some(2) && shown.contains("`query` of lifecycle app is not run"),
            "{sql}: {shown}"
        );
        assert!(!theirs.desk.run_folder().exists(), "{sql}: {shown}");
    }

    // What this machine lacks is reported at once, with its lines.
    for file in ["role-id", "observer-password"] {
        std::fs::remove_file(theirs.scenario.join(file)).unwrap();
    }
    let path = theirs.scenario.to_str().unwrap();
    for (output, code) in [
        (theirs.desk.run(&theirs.scenario, &theirs.run(&[])), 2),
        (theirs.desk.output(["validate", path, "--set", "environment=attached"]), 2),
        (theirs.desk.output(["doctor", path, "--environment", "attached"]), 5),
    ] {
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(code), "{shown}");
        for key in ["attached.vault.auth.role_id_file", "attached.postgres.target.password_file"] {
            assert!(shown.contains(&format!(": {key}: cannot use ")), "{key}: {shown}");
        }
        assert!(shown.contains("scenario.toml:"), "{shown}");
    }
    theirs.desk.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_runs_own_login_is_revoked_and_clean_says_how() {
    let theirs = Theirs::start().await;
    theirs.write_scenario("");
    let role = json!({
        "token_policies": ["leaseproof", "app-client"], "token_no_default_policy": true,
        "token_ttl": "20m", "token_max_ttl": "20m", "token_period": "0s",
    });
    theirs.vault.client.write("auth/approle/role/leaseproof", &role).await.unwrap();
    let before = theirs.there().await;
    let mut child = theirs.desk.start(&theirs.scenario, &theirs.run(&["--set", "phase.steady.for=60s"]));
    under_way(&theirs, "app", before.1).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let path = theirs.scenario.to_str().unwrap();

    let shown = text(&theirs.desk.output(["clean"]));
    let (first, _) = shown.split_once("`vault write auth/token/revoke-accessor").unwrap();
    assert!(
        first.contains("`leaseproof clean --attached SCENARIO`") && shown.contains("the harness's own login"),
        "{shown}"
    );
    assert!(shown.contains(" in 19m") && !shown.contains("index"), "{shown}");

    let dry = theirs.desk.output(["clean", "--attached", path, "--dry-run"]);
    let shown = text(&dry);
    assert_eq!((dry.status.code(), shown.matches("their-environment, started by").count()), (Some(1), 1), "{shown}");
    assert!(!shown.contains("would remain"), "{shown}");

    let clean = theirs.desk.output(["clean", "--attached", path]);
    let shown = text(&clean);
    assert!(clean.status.success() && shown.contains("the harness's own login (accessor "), "{shown}");
    theirs.only(&before).await;
    theirs.desk.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_vault_cannot_revoke_are_named_until_they_are_gone() {
    let theirs = Theirs::start().await;
    theirs.write_scenario("");
    let root = &theirs.vault.client;
    let role = |revocation: &str| {
        json!({ "db_name": "shop", "creation_statements": CREATE.split_inclusive(';').take(3).collect::<String>(),
                "revocation_statements": revocation, "default_ttl": "1h", "max_ttl": "24h" })
    };
    root.write("database/roles/app", &role("SELECT 1/0")).await.unwrap();
    let before = theirs.there().await;
    let short = ["--set", "phase.steady.for=3s", "--set", "phase.steady.drain=3s"];
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&short));
    let shown = on_one_line(&text(&output));
    let (after, ..) = theirs.there().await;
    let left: Vec<&String> = after.iter().filter(|role| !before.0.contains(*role)).collect();
    assert!(!left.is_empty() && output.status.code() == Some(1), "{shown}");
    for role in &left {
        assert!(shown.contains(&format!("role {role} (OID ")), "{role}: {shown}");
    }
    // What removes them is said once, for one of them.
    let removed = |role: &&String| shown.contains(&format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\""));
    assert_eq!(left.iter().filter(|role| removed(role)).count(), 1, "{shown}");
    assert!(!shown.contains("still shrinking then"), "{shown}");

    let path = theirs.scenario.to_str().unwrap();
    for arguments in [vec!["clean"], vec!["clean", "--attached", path], vec!["clean", "--attached", path]] {
        let clean = theirs.desk.output(&arguments);
        let shown = text(&clean);
        assert_eq!(clean.status.code(), Some(1), "{arguments:?}: {shown}");
        assert!(left.iter().all(|role| shown.contains(role.as_str())), "{arguments:?}: {shown}");
    }

    root.write("database/roles/app", &role("")).await.unwrap();
    root.write("sys/leases/revoke-force/database/creds/app", &json!({})).await.unwrap();
    let session = Session::open(&theirs.login("shop")).await.unwrap();
    for role in left {
        // Vault may have been faster, with the corrected statements.
        let _gone = session.script(&format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\"")).await;
    }
    let clean = theirs.desk.output(["clean", "--attached", path]);
    assert!(clean.status.success() && text(&clean).contains(": gone"), "{}", text(&clean));
    theirs.only(&before).await;
    theirs.desk.assert_nothing_left();
}
