//! What a real Vault answers, and what the client makes of it.

use std::time::Duration;

use leaseproof_domain::{LeaseId, Outcome, Secret};
use leaseproof_testkit::vault::Vault;
use leaseproof_vault::{Client, Error, TokenRequest};
use serde_json::json;

/// The status and Vault's words, without the wrapping that differs between requests.
fn no<T: std::fmt::Debug>(answer: Result<T, Error>) -> (u16, String) {
    match answer {
        Err(Error::Answer { status, errors }) => (status, errors.join("; ")),
        other => panic!("Vault was to say no, and this came: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_vault_is_initialised_and_unsealed() {
    let vault = Vault::start().await;
    let client = &vault.client;
    let health = client.health().await.unwrap();
    assert!(!health.initialized && health.sealed, "{health:?}");
    assert!(health.version.starts_with("1."), "{health:?}");
    let made = client.initialise().await.unwrap();
    assert_eq!(format!("{made:?}"), "Initialised { unseal_key: ***, root_token: *** }");
    assert_eq!(no(client.initialise().await).0, 400);
    let sealed = no(client.with_token(made.root_token.clone()).read("sys/mounts").await);
    assert_eq!(sealed, (503, "Vault is sealed".to_owned()));
    client.unseal(&made.unseal_key).await.unwrap();
    assert!(!client.health().await.unwrap().sealed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_read_to_some_milliseconds() {
    let vault = Vault::open().await;
    let clock = vault.client.clock().await.unwrap();
    assert!((0..250_000).contains(&clock.uncertainty_micros), "{clock:?}");
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_micros()).unwrap();
    let since = i64::try_from(clock.answered.elapsed().as_micros()).unwrap();
    // Same machine, same clock: the server's second began between the two moments, by this clock too.
    let latest = now - since + 2_000;
    assert!(clock.server.0 <= latest && clock.server.0 >= latest - 2 * clock.uncertainty_micros - 4_000, "{clock:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_needs_of_sys_and_tokens() {
    let vault = Vault::open().await;
    let root = &vault.client;
    assert!(root.audit_devices().await.unwrap().is_empty());
    let log = vault.file("audit.log");
    root.enable_file_audit(log.to_str().unwrap()).await.unwrap();
    assert_eq!(root.audit_devices().await.unwrap(), ["file/"]);
    root.enable_engine("database", "database").await.unwrap();
    assert_eq!(no(root.enable_engine("database/", "database").await).0, 400);
    root.write_policy("app", "path \"database/creds/app\" { capabilities = [\"read\"] }").await.unwrap();
    assert_eq!(no(root.write_policy("bad", "path {").await).0, 400);
    root.write_policy("watching", "path \"sys/leases/lookup/*\" { capabilities = [\"list\", \"sudo\"] }")
        .await
        .unwrap();

    let made = root.create_token(&request("app")).await.unwrap();
    assert!(!made.accessor.is_empty() && !format!("{made:?}").contains(made.token.expose()));
    let app = root.with_token(made.token.clone());
    // The policy lets this one through, and the engine has no such role.
    assert_eq!(no(app.issue("database", "app").await), (400, "unknown role: app".to_owned()));
    for client in [app.clone(), root.without_token(), root.with_token(Secret::new("hvs.invented"))] {
        let error = client.issue("database", "other").await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{error}");
        assert!(matches!(error.outcome(), Outcome::Failed(failure) if failure.code == "403"));
    }
    let watching = root.with_token(root.create_token(&request("watching")).await.unwrap().token);
    assert_eq!(watching.leases("database", "app").await.unwrap(), []);
    root.revoke_accessor(&made.accessor).await.unwrap();
    assert_eq!(no(app.issue("database", "app").await).0, 403);
    assert!(std::fs::read_to_string(&log).unwrap().contains("database/creds/app"));
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_are_read_written_listed_and_deleted() {
    let vault = Vault::open().await;
    let root = &vault.client;
    root.enable_engine("kv", "kv").await.unwrap();
    assert_eq!(root.list("kv/").await.unwrap(), Vec::<String>::new());
    let written = root.write("kv/a b", &json!({ "x": "1" })).await.unwrap();
    assert_eq!((written.status, written.body.is_null()), (204, true));
    let read = root.read("kv/a b").await.unwrap();
    assert_eq!((read.status, &read.body["data"]["x"]), (200, &json!("1")));
    assert_eq!(root.list("kv").await.unwrap(), ["a b"]);
    root.delete("kv/a b").await.unwrap();
    assert_eq!(no(root.read("kv/a b").await), (404, String::new()));
    // A mount that is not there is no empty list.
    assert_eq!(no(root.list("nowhere/").await).0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_that_are_not_there() {
    let vault = Vault::open().await;
    let unknown = LeaseId::new("database/creds/app/abcdefghijklmnopqrstuvwx");
    assert_eq!(no(vault.client.lookup_lease(&unknown).await), (400, "invalid lease".to_owned()));
    assert_eq!(no(vault.client.renew(&unknown, Some(60)).await), (400, "lease not found".to_owned()));
    assert_eq!(vault.client.revoke(&unknown).await.unwrap(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_gives_no_answer() {
    let client =
        Client::new(&format!("http://127.0.0.1:{}", leaseproof_testkit::ports::free_port()), Duration::from_secs(2))
            .unwrap();
    let error = client.health().await.unwrap_err();
    assert!(matches!(&error, Error::NoAnswer { why } if why.contains("refused")), "{error}");
}

fn request(policy: &str) -> TokenRequest {
    TokenRequest {
        policies: vec![policy.to_owned()],
        display_name: "leaseproof".to_owned(),
        ttl_seconds: 600,
        renewable: false,
    }
}
