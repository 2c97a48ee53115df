//! Runs in an environment that already stands, under exactly the rights that `leaseproof policy` prints: what they prove,
//! what they refuse beforehand, and that nothing is left of them.

mod commits;
mod foreign;
mod harm;
mod interrupted;
mod theirs;
mod token;
mod unchecked;

use std::time::Duration;

use leaseproof_postgres::Session;
use leaseproof_vault::TokenRequest;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use theirs::Theirs;

use crate::support::{assert_kept, on_one_line, text, wait};

/// Named as Vault names its roles.
const LEFT: &str = "v-token-app-AbCdEfGhIjKlMnOpQrSt-1700000000";

#[tokio::test(flavor = "multi_thread")]
async fn every_promise_is_judged_under_the_printed_rights_and_nothing_is_left() {
    let theirs = Theirs::start().await;
    // A credential of somebody's, and what an earlier one left without a lease.
    let held = theirs.vault.client.issue("database", "app").await.unwrap();
    let session = Session::open(&theirs.login("postgres")).await.unwrap();
    session.query(&format!("CREATE ROLE \"{LEFT}\" LOGIN PASSWORD 'left'")).await.unwrap();
    let before = theirs.there().await;
    let audit = theirs.vault.file("audit.log");
    theirs.vault.client.enable_file_audit(audit.to_str().unwrap()).await.unwrap();
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&["--probes"]));
    let grown = std::fs::metadata(&audit).unwrap().len() as f64 / 1e6;
    let shown = text(&output);
    let verdicts = theirs.desk.verdicts();
    assert_kept(&output, &verdicts);
    assert!(shown.contains("up to 13 leases and as many PostgreSQL roles in at most 26s"), "{shown}");
    let (_, said) = shown.split_once("live at the same time, about ").unwrap();
    let said: f64 = said.split_once(" MB of audit log").unwrap().0.parse().unwrap();
    assert!(said > grown / 2.0 && said < grown * 3.0, "{said} MB were said, and the log grew by {grown} MB");
    eprintln!("{said} MB were said, and the log grew by {grown} MB");
    let asked: Vec<&str> =
        verdicts["checks"].as_array().unwrap().iter().map(|check| check["check"].as_str().unwrap()).collect();
    for check in ["ISS-1", "GRA-1", "PRB-1", "PWD-2", "INV-6b", "INV-8", "INV-11", "RUN-2", "REV-1", "EXP-1", "POL-1"] {
        assert!(asked.contains(&check), "{check}: {shown}");
    }
    let left_out: Vec<&String> = verdicts["observed"]["left_out"].as_object().unwrap().keys().collect();
    assert_eq!(left_out, ["AUD-1", "PWD-1", "SAT-1"], "{shown}");
    assert!(
        !asked.contains(&"AUD-1") && shown.contains("left out: Vault's audit log is not on this machine"),
        "{shown}"
    );
    assert!(!shown.contains("s3cret") && !shown.contains("warning:"), "{shown}");
    let orphans = verdicts["observed"]["orphans_before"].as_array().unwrap();
    let orphans: Vec<&str> = orphans.iter().map(|orphan| orphan["name"].as_str().unwrap()).collect();
    assert!(orphans.contains(&LEFT), "{shown}");
    // What another mount's role of the same name has a live lease for may be distinguished from leftovers by its time only.
    let credentials: Vec<&str> = before.0.iter().map(String::as_str).filter(|name| name.contains("-app-")).collect();
    let (of_another, others): (Vec<&str>, _) =
        credentials.into_iter().partition(|name| *name != held.username.as_str() && !name.contains("-17000000"));
    assert!(of_another.len() == 1 && others.len() == 3, "{of_another:?}, {others:?}");
    let undecided = &verdicts["observed"]["undecided_before"];
    assert_eq!(undecided[0]["names"], json!(of_another), "{shown}");
    assert_eq!(undecided.as_array().unwrap().len(), 1, "{shown}");
    assert!(undecided[0]["why"].as_str().unwrap().contains("a lease of database-old/creds/app, which"), "{shown}");
    assert_eq!(orphans, [LEFT, "v-token-le-app-aaaaaaaaaaaaaaaaaaaa-1700000000"], "{shown}");
    assert!(!orphans.contains(&held.username.as_str()), "{} has a lease: {orphans:?}", held.username);
    assert!(shown.contains(LEFT), "{shown}");
    theirs.only(&before).await;
    theirs.desk.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_by_name_or_number_is_refused_beforehand() {
    let theirs = Theirs::start().await;
    let before = theirs.there().await;
    let allowed = ["--environment", "attached", "--allow-writes-to", "127.0.0.1"];
    let table: [(&[&str], i32, &str); 6] = [
        (&["--environment", "attached"], 2, "to permit that, add --allow-writes-to 127.0.0.1"),
        (
            &["--environment", "attached", "--allow-writes-to", "vault.example"],
            2,
            "expected 127.0.0.1, the host of the scenario's Vault",
        ),
        (&["--allow-writes-to", "127.0.0.1"], 2, "--allow-writes-to is for attached environments only"),
        (&["--max-live-leases", "5"], 2, "--max-live-leases allows 5. Nothing was started"),
        (&["--max-duration", "20s"], 2, "the load would last 26s; --max-duration allows 20s. Nothing was started"),
        (&["--set", "client.policies=[\"other\"]"], 5, "it lacks the policy `other` of [client]"),
    ];
    for (arguments, code, words) in table {
        let arguments: Vec<&str> = if code == 2 && !arguments[0].starts_with("--max") {
            arguments.to_vec()
        } else {
            [&allowed, arguments].concat()
        };
        let output = theirs.desk.run(&theirs.scenario, &arguments);
        let shown = text(&output);
        assert!(output.status.code() == Some(code) && shown.contains(words), "{arguments:?}: {shown}");
        let _of_the_run_that_could_not_begin = std::fs::remove_dir_all(theirs.desk.run_folder());
    }
    let root = &theirs.vault.client;
    unfit_tokens(&theirs).await;
    blind_observer(&theirs).await;
    let policy =
        root.read("sys/policies/acl/leaseproof").await.unwrap().body["data"]["policy"].as_str().unwrap().to_owned();
    root.write_policy("leaseproof", &policy.replace("path \"sys/leases\"", "path \"sys/nothing\"")).await.unwrap();
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[]));
    let shown = text(&output);
    let lacks = "path \"sys/leases\": expected read, sudo, got none (to see leases become irrevocable)";
    let rule = "path \"sys/leases\" { capabilities = [\"read\", \"sudo\"] } # to see leases become irrevocable";
    assert!(shown.contains(lacks) && shown.contains(rule), "{shown}");
    assert_eq!(output.status.code(), Some(5), "{shown}");
    std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();
    tokens_that_cannot_say_what_they_lack(&theirs, &policy).await;
    clean_ends_its_login_or_names_it(&theirs, &policy).await;
    root.write_policy("leaseproof", &policy).await.unwrap();
    assert_eq!(theirs.there().await, before);
    namespace_that_vault_ignores(&theirs).await;
    assert_eq!(theirs.there().await, before);
    let up = theirs.desk.output(["up", theirs.scenario.to_str().unwrap(), "--set", "environment=attached"]);
    assert!(up.status.code() == Some(2) && text(&up).contains("already running"), "{}", text(&up));
    theirs.desk.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_it_nothing_is_left_or_what_is_left_is_named() {
    let theirs = Theirs::start().await;
    theirs.write_scenario("");
    let before = theirs.there().await;
    let arguments = theirs.run(&["--set", "phase.steady.for=60s", "--set", "phase.steady.drain=60s"]);

    let child = theirs.desk.start(&theirs.scenario, &arguments);
    under_way(&theirs, "app", before.1).await;
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let output = wait(child, Duration::from_secs(60));
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    let reported = text(&output).matches("others may request credentials during the run").count();
    assert_eq!(reported, 3, "RUN-2, INV-3 and INV-11, once each: {}", text(&output));
    theirs.only(&before).await;
    theirs.desk.assert_nothing_left();
    std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();

    let mut child = theirs.desk.start(&theirs.scenario, &arguments);
    under_way(&theirs, "app", before.1).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let clean = theirs.desk.output(["clean"]);
    assert_eq!(clean.status.code(), Some(1), "{}", text(&clean));
    assert!(text(&clean).contains("vault write auth/token/revoke-accessor accessor="), "{}", text(&clean));
    let path = theirs.scenario.to_str().unwrap();
    let clean = theirs.desk.output(["clean", "--attached", path]);
    assert!(clean.status.success() && text(&clean).contains(" and every lease under it: revoked"), "{}", text(&clean));
    theirs.only(&before).await;
    theirs.desk.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn others_who_take_credentials_meanwhile_are_not_judged() {
    let theirs = Theirs::start().await;
    theirs.write_scenario("");
    let by_token = "auth    = { method = \"token\", token_env = \"THEIR_TOKEN\" }";
    theirs.change(
        "auth    = { method = \"approle\", role_id_file = \"role-id\", secret_id_file = \"secret-id\" }",
        by_token,
    );
    let root = theirs.vault.client.clone();
    // Nothing that is judged needs this right.
    let policy =
        root.read("sys/policies/acl/leaseproof").await.unwrap().body["data"]["policy"].as_str().unwrap().to_owned();
    root.write_policy("leaseproof", &policy.replace("path \"sys/metrics\"", "path \"sys/nothing\"")).await.unwrap();
    let request = TokenRequest {
        policies: vec!["leaseproof".to_owned(), "app-client".to_owned()],
        display_name: "given".to_owned(),
        ttl_seconds: 20,
        renewable: true,
    };
    let given = root.create_token(&request).await.unwrap().token;
    for _ in 0..2 {
        root.issue("database", "app").await.unwrap();
    }
    let others = tokio::spawn(async move {
        // Every second one is revoked a little later; the others stay.
        for number in 0.. {
            let issued = root.issue("database", "app").await.unwrap();
            tokio::time::sleep(Duration::from_millis(400)).await;
            if number % 2 == 0 {
                root.revoke(&issued.lease).await.unwrap();
            }
        }
    });
    let mut command = theirs.desk.command(["run"]);
    command.arg(&theirs.scenario).arg("--output").arg(theirs.desk.run_folder()).args(theirs.run(&[]));
    command.env("THEIR_TOKEN", given.expose());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    others.abort();
    let (shown, verdicts) = (text(&output), theirs.desk.verdicts());
    assert_kept(&output, &verdicts);
    let left_out: Vec<&String> = verdicts["observed"]["left_out"].as_object().unwrap().keys().collect();
    let all = ["AUD-1", "INV-11", "INV-3", "PRB-1", "PRB-2", "PWD-1", "PWD-2", "RUN-2", "SAT-1"];
    assert_eq!(left_out, all, "{shown}");
    assert!(!shown.contains("warning:"), "{shown}");
    let words = "not available: the largest numbers of leases, tokens and requests in flight in Vault's telemetry (`sys/metrics`)";
    assert!(on_one_line(&shown).contains(words), "{shown}");
    let (_, leases, _) = theirs.there().await;
    assert!(leases > 10, "theirs are theirs: {leases}");
    let given = theirs.vault.client.with_token(given);
    assert!(given.own_token().await.is_ok(), "a token that was given is not revoked, and was renewed");
    theirs.desk.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_to_be_trusted_is_left_alone_and_a_token_that_ends_is_reported() {
    let theirs = Theirs::start().await;
    let before = theirs.there().await;
    let fails = |arguments: &[&str], words: &str| {
        let output = theirs.desk.run(&theirs.scenario, &theirs.run(arguments));
        assert!(output.status.code() == Some(5) && text(&output).contains(words), "{}", text(&output));
        std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();
    };
    // The cluster's own certificate is no authority's.
    let stranger = theirs.cluster.folder().join("server.pem").display().to_string();
    fails(
        &["--set", &format!("attached.vault.ca={stranger}")],
        "is not to be trusted: expected a certificate of an authority in",
    );
    fails(
        &["--set", &format!("attached.postgres.target.ca={stranger}")],
        "postgres.target: the observer's account cannot read this cluster",
    );
    fails(&["--set", "attached.postgres.target.password_file=role-id"], "password authentication failed");
    fails(&["--set", "attached.vault.auth.secret_id_file=role-id"], "invalid role or secret ID");
    assert_eq!(theirs.there().await, before);

    let root = &theirs.vault.client;
    let role = json!({
        "token_policies": ["leaseproof", "app-client"], "token_no_default_policy": true,
        "token_ttl": "24s", "token_max_ttl": "24s", "token_period": "0s",
    });
    root.write("auth/approle/role/leaseproof", &role).await.unwrap();
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&["--set", "phase.steady.for=14s"]));
    let shown = text(&output);
    assert!(shown.contains("warning: the harness's own Vault token ends in "), "{shown}");
    theirs.only(&before).await;
    theirs.desk.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_of_our_own_is_done_where_nothing_is_there_and_is_taken_away() {
    let theirs = Theirs::stand_for_ours().await;
    let before = theirs.there().await;
    let standing = theirs.standing().await;
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[]));
    let (shown, verdicts) = (text(&output), theirs.desk.verdicts());
    assert_kept(&output, &verdicts);
    let checks = verdicts["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["check"] == "RUN-2" && check["verdict"] == "pass"), "{shown}");
    assert_eq!((theirs.there().await, theirs.standing().await), (before.clone(), standing.clone()), "{shown}");
    theirs.desk.assert_nothing_left();
    std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();

    // Ctrl-C in the middle.
    let child = theirs.desk.start(&theirs.scenario, &theirs.run(&["--set", "phase.steady.for=60s"]));
    under_way(&theirs, "powerdns-role", 0).await;
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let output = wait(child, Duration::from_secs(60));
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert_eq!(
        (theirs.there().await, theirs.standing().await),
        (before.clone(), standing.clone()),
        "{}",
        text(&output)
    );
    theirs.desk.assert_nothing_left();
    std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();

    // Killed in the middle.
    let mut child = theirs.desk.start(&theirs.scenario, &theirs.run(&["--set", "phase.steady.for=60s"]));
    under_way(&theirs, "powerdns-role", 0).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let clean = theirs.desk.output(["clean"]);
    assert!(
        clean.status.code() == Some(1) && text(&clean).contains("database powerdns of postgres.target"),
        "{}",
        text(&clean)
    );
    let clean = theirs.desk.output(["clean", "--attached", theirs.scenario.to_str().unwrap()]);
    assert!(clean.status.success(), "{}", text(&clean));
    theirs.only(&before).await;
    assert_eq!(theirs.standing().await, standing);
    std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();

    // What is there already is left alone, and so is what nobody could take away.
    theirs.vault.client.enable_engine("database", "kv").await.unwrap();
    let session = Session::open(&theirs.login("postgres")).await.unwrap();
    session.query("CREATE ROLE netdata").await.unwrap();
    let standing = theirs.standing().await;
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[]));
    let words = "the setup would create what exists already, so nothing was created: role netdata of postgres.target, mount database";
    assert!(output.status.code() == Some(2) && text(&output).contains(words), "{}", text(&output));
    std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();
    let script = "setup.sql.accounts.sql.database=postgres";
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&["--set", script]));
    let words = "accounts.sql:3: `GRANT USAGE ON`: the database postgres is not one that the setup creates; leaseproof could \
                 not remove or undo that afterwards, so nothing was created";
    assert!(output.status.code() == Some(2) && text(&output).contains(words), "{}", text(&output));
    assert_eq!(theirs.standing().await, standing);
    theirs.desk.assert_nothing_left();
}

/// DROP ROLE fails while the role owns something, and Vault gives a lease up after six failures.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a lease takes 8 to 14 minutes to become irrevocable"]
async fn a_lease_that_becomes_irrevocable_ends_the_load() {
    let theirs = Theirs::start().await;
    let issued = theirs.vault.client.issue("database", "app").await.unwrap();
    let session = Session::open(&theirs.login("shop")).await.unwrap();
    // In a schema of its own: in `public` it would keep Vault's account from revoking anything of anybody's.
    session.script("CREATE SCHEMA aside; CREATE TABLE aside.held (id int)").await.unwrap();
    session.query(&format!("ALTER TABLE aside.held OWNER TO \"{}\"", issued.username)).await.unwrap();
    theirs.vault.client.renew(&issued.lease, Some(2)).await.unwrap();
    let longer = ["--set", "phase.steady.for=15m", "--set", "phase.steady.rate=0.5/s", "--max-duration", "20m"];
    let begun = std::time::Instant::now();
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&longer));
    let shown = text(&output);
    assert!(begun.elapsed() < Duration::from_secs(15 * 60), "{shown}");
    assert_eq!(output.status.code(), Some(1), "INV-8 fails: {shown}");
    let words = format!("ended to protect the environment: the lease {} became irrevocable", issued.lease);
    assert!(shown.contains(&words), "{shown}");
    let (roles, leases, _) = theirs.there().await;
    assert_eq!(leases, 1, "only the lease that Vault has given up is left: {roles:?}");
    theirs.desk.assert_nothing_left();
}

/// Tokens that cannot create the run's: by their number of uses, or as batch tokens.
async fn unfit_tokens(theirs: &Theirs) {
    let root = &theirs.vault.client;
    let by_approle = "auth    = { method = \"approle\", role_id_file = \"role-id\", secret_id_file = \"secret-id\" }";
    let by_token = "auth    = { method = \"token\", token_file = \"given-token\" }";
    let everything = "path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\", \"sudo\"] }";
    root.write_policy("everything", everything).await.unwrap();
    theirs.change(by_approle, by_token);
    for (request, words) in [
        (json!({ "policies": ["everything"], "num_uses": 40 }), "more requests (num_uses)"),
        (json!({ "policies": ["everything"], "type": "batch", "ttl": "1h" }), "is a batch token"),
    ] {
        let made = root.write("auth/token/create", &request).await.unwrap();
        let token = made.body["auth"]["client_token"].as_str().unwrap();
        std::fs::write(theirs.scenario.join("given-token"), token).unwrap();
        let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[]));
        let shown = on_one_line(&text(&output));
        assert!(output.status.code() == Some(5) && shown.contains(words), "{words}: {shown}");
        // A batch token has no accessor.
        if let Some(accessor) = made.body["auth"]["accessor"].as_str().filter(|accessor| !accessor.is_empty()) {
            root.revoke_accessor(accessor).await.unwrap();
        }
        let _of_the_run_that_could_not_begin = std::fs::remove_dir_all(theirs.desk.run_folder());
    }
    // One with sudo on auth/token/create gives any policy.
    let made = root.write("auth/token/create", &json!({ "policies": ["everything"] })).await.unwrap();
    let token = made.body["auth"]["client_token"].as_str().unwrap();
    std::fs::write(theirs.scenario.join("given-token"), token).unwrap();
    let short =
        ["--set", "client.policies=[\"other\"]", "--set", "phase.steady.for=2s", "--set", "phase.steady.drain=1s"];
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&short));
    let ledger = std::fs::read_to_string(theirs.desk.run_folder().join("ledger.jsonl")).unwrap();
    let is_made = ledger.contains("\"made\":\"token_accessor\"");
    assert!(is_made && output.status.code() != Some(5), "{ledger}\n{}", text(&output));
    std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();
    root.revoke_accessor(made.body["auth"]["accessor"].as_str().unwrap()).await.unwrap();
    theirs.change(by_token, by_approle);
}

/// Tokens that may not look themselves up, or not ask for their capabilities: each is reported the whole policy.
async fn tokens_that_cannot_say_what_they_lack(theirs: &Theirs, policy: &str) {
    for (path, lacks) in [
        ("auth/token/lookup-self", "path \"auth/token/lookup-self\": expected read, got none"),
        ("sys/capabilities-self", "path \"sys/capabilities-self\": expected update, got none"),
    ] {
        let without = policy.replace(&format!("path \"{path}\""), "path \"sys/nothing\"");
        theirs.vault.client.write_policy("leaseproof", &without).await.unwrap();
        let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[]));
        let shown = text(&output);
        let rules = policy.lines().filter(|line| line.starts_with("path "));
        let reported = rules.clone().filter(|rule| shown.contains(rule)).count();
        assert!(shown.contains(lacks) && reported == rules.count() && reported > 5, "{shown}");
        assert_eq!(output.status.code(), Some(5), "{shown}");
        theirs.desk.assert_nothing_left();
        std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();
    }
    // One that Vault does not have lacks no policy.
    let by_approle = "auth    = { method = \"approle\", role_id_file = \"role-id\", secret_id_file = \"secret-id\" }";
    let by_token = "auth    = { method = \"token\", token_file = \"given-token\" }";
    std::fs::write(theirs.scenario.join("given-token"), "hvs.nobody").unwrap();
    theirs.change(by_approle, by_token);
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[]));
    let shown = text(&output);
    assert!(output.status.code() == Some(5) && shown.contains("invalid token") && !shown.contains("policy"), "{shown}");
    theirs.change(by_token, by_approle);
    std::fs::remove_dir_all(theirs.desk.run_folder()).unwrap();
}

/// `clean --attached` logs in too: its login ends with it also where it fails, and is in a ledger where it cannot be ended.
async fn clean_ends_its_login_or_names_it(theirs: &Theirs, policy: &str) {
    let root = &theirs.vault.client;
    let path = theirs.scenario.to_str().unwrap();
    let without = |path: &str| policy.replace(&format!("path \"{path}\""), "path \"sys/nothing\"");
    let tokens = async || root.list("auth/token/accessors/").await.unwrap().len();
    // Longer than the test.
    let role = |period: &str| json!({ "token_period": period });
    root.write("auth/approle/role/leaseproof", &role("20m")).await.unwrap();
    root.write_policy("leaseproof", &without("auth/token/lookup-self")).await.unwrap();
    let before = tokens().await;
    let clean = theirs.desk.output(["clean", "--attached", path]);
    let shown = text(&clean);
    assert!(clean.status.code() == Some(5) && shown.contains("path \"auth/token/lookup-self\""), "{shown}");
    assert_eq!(tokens().await, before, "{shown}");

    root.write_policy("leaseproof", &without("auth/token/revoke-self")).await.unwrap();
    let clean = theirs.desk.output(["clean", "--attached", path]);
    let shown = text(&clean);
    let named = "the harness's own login on Vault at ";
    assert!(clean.status.code() == Some(1) && shown.contains(named), "{shown}");
    assert!(!shown.contains("still running") && !shown.contains("nothing was left behind"), "{shown}");
    assert_eq!(tokens().await, before + 1, "{shown}");
    let clean = theirs.desk.output(["clean"]);
    let shown = text(&clean);
    assert!(clean.status.code() == Some(1) && shown.contains(named) && shown.contains("clean --attached"), "{shown}");
    root.write_policy("leaseproof", policy).await.unwrap();
    let clean = theirs.desk.output(["clean", "--attached", path]);
    let shown = text(&clean);
    assert!(clean.status.success() && on_one_line(&shown).contains("own login (accessor "), "{shown}");
    assert_eq!(tokens().await, before, "{shown}");
    root.write("auth/approle/role/leaseproof", &role("10s")).await.unwrap();
    theirs.desk.assert_nothing_left();
}

/// The community edition ignores a namespace: everything would happen in the root.
async fn namespace_that_vault_ignores(theirs: &Theirs) {
    theirs.change("ca      = \"ca.pem\"\nauth", "namespace = \"team-a\"\nca      = \"ca.pem\"\nauth");
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[]));
    let shown = on_one_line(&text(&output));
    let words = "has no namespaces: expected one with the namespace `team-a`, got one that ignores it";
    assert!(output.status.code() == Some(2) && shown.contains(words), "{shown}");
    assert!(shown.contains("scenario.toml:48"), "the line of the key: {shown}");
    for more in [&[] as &[&str], &["--dry-run"]] {
        let path = theirs.scenario.to_str().unwrap();
        let clean = theirs.desk.output(["clean", "--attached", path].iter().chain(more));
        let shown = on_one_line(&text(&clean));
        assert!(clean.status.code() == Some(2) && shown.contains(words), "clean: {shown}");
    }
    let _of_the_run_that_could_not_begin = std::fs::remove_dir_all(theirs.desk.run_folder());
    theirs.change("namespace = \"team-a\"\n", "namespace = \"root\"\n");
    let output =
        theirs.desk.run(&theirs.scenario, &theirs.run(&["--set", "attached.vault.auth.secret_id_file=role-id"]));
    assert!(text(&output).contains("invalid role or secret ID"), "the root is the root: {}", text(&output));
    let _of_the_run_that_could_not_begin = std::fs::remove_dir_all(theirs.desk.run_folder());
    theirs.change("namespace = \"root\"\n", "");
}

/// An observer that cannot see sessions.
async fn blind_observer(theirs: &Theirs) {
    let session = Session::open(&theirs.login("postgres")).await.unwrap();
    session.query("REVOKE pg_read_all_stats FROM leaseproof").await.unwrap();
    let output = theirs.desk.run(&theirs.scenario, &theirs.run(&[]));
    let shown = on_one_line(&text(&output));
    assert_eq!(output.status.code(), Some(5), "{shown}");
    assert!(
        shown.contains("nothing was started. A superuser can grant it: GRANT pg_read_all_stats TO \"leaseproof\";"),
        "{shown}"
    );
    session.query("GRANT pg_read_all_stats TO leaseproof").await.unwrap();
    let _of_the_run_that_could_not_begin = std::fs::remove_dir_all(theirs.desk.run_folder());
}

/// Waits until credentials of the run are there.
pub(crate) async fn under_way(theirs: &Theirs, role: &str, before: usize) {
    for _ in 0..300 {
        if theirs.vault.client.leases("database", role).await.is_ok_and(|leases| leases.len() > before + 3) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the run took no credentials");
}
