//! The harness's own logins to a real Vault, and how its token is kept alive.

use std::time::Duration;

use leaseproof_domain::Secret;
use leaseproof_testkit::vault::Vault;
use leaseproof_vault::{Client, Credentials, Error, Renewal, TokenRequest};
use serde_json::json;

/// A Vault in which the harness can log in by AppRole and by name, for three seconds at a time.
async fn environment() -> (Vault, Credentials, Credentials) {
    let vault = Vault::open().await;
    let root = &vault.client;
    for method in ["approle", "userpass"] {
        root.write(&format!("sys/auth/{method}"), &json!({ "type": method })).await.unwrap();
    }
    let role = json!({ "token_policies": ["default"], "token_period": "3s" });
    root.write("auth/approle/role/harness", &role).await.unwrap();
    let role_id = root.read("auth/approle/role/harness/role-id").await.unwrap();
    let secret_id = root.write("auth/approle/role/harness/secret-id", &json!({})).await.unwrap();
    let text = |answer: &leaseproof_vault::Answer, key: &str| answer.body["data"][key].as_str().unwrap().to_owned();
    let user =
        json!({ "password": "s3cret-pw", "token_policies": ["default"], "token_ttl": "3s", "token_max_ttl": "4s" });
    root.write("auth/userpass/users/harness", &user).await.unwrap();
    let by_role = Credentials::AppRole {
        mount: "approle".to_owned(),
        role_id: text(&role_id, "role_id"),
        secret_id: Secret::new(text(&secret_id, "secret_id")),
    };
    let by_name = Credentials::Userpass {
        mount: "userpass/".to_owned(),
        user: "harness".to_owned(),
        password: Secret::new("s3cret-pw"),
    };
    (vault, by_role, by_name)
}

async fn ended(client: &Client) -> bool {
    matches!(client.own_token().await, Err(Error::Answer { status: 403, .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_in_leads_to_a_token_and_a_wrong_secret_to_none() {
    let (vault, by_role, by_name) = environment().await;
    for credentials in [&by_role, &by_name] {
        let client = vault.client.log_in(credentials).await.unwrap();
        let own = client.own_token().await.unwrap();
        assert!(own.renewable && own.policies == ["default"], "{own:?}");
        assert!(own.ttl.unwrap() <= Duration::from_secs(3), "{own:?}");
        assert_eq!(client.capabilities("auth/token/lookup-self").await.unwrap(), ["read"]);
        assert_eq!(client.capabilities("sys/mounts").await.unwrap(), ["deny"]);
        client.revoke_self().await.unwrap();
        assert!(ended(&client).await);
        assert!(!format!("{credentials:?}").contains("s3cret"));
    }
    let root = vault.client.own_token().await.unwrap();
    assert!(root.ttl.is_none() && root.policies == ["root"], "{root:?}");
    let Credentials::Userpass { mount, user, .. } = by_name else { panic!("it is one by name") };
    let wrong = Credentials::Userpass { mount, user, password: Secret::new("another-s3cret") };
    let error = vault.client.log_in(&wrong).await.unwrap_err().to_string();
    assert!(error.starts_with("Vault answered HTTP 400: invalid username or password"), "{error}");
    let given = vault.client.log_in(&Credentials::Token(Secret::new("hvs.invented"))).await.unwrap();
    assert!(ended(&given).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_kept_alive_for_as_long_as_somebody_wants_it() {
    let (vault, by_role, _) = environment().await;
    let client = vault.client.log_in(&by_role).await.unwrap();
    let renewal = Renewal::begin(client.clone(), &client.own_token().await.unwrap());
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(!ended(&client).await && renewal.trouble().borrow().is_none());
    drop(renewal);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(ended(&client).await, "nobody renews it any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_kept_is_reported_before_its_end() {
    let (vault, _, by_name) = environment().await;
    let rules = "path \"auth/token/lookup-self\" { capabilities = [\"read\"] }";
    vault.client.write_policy("observations-itself-up", rules).await.unwrap();
    let request = TokenRequest {
        policies: vec!["observations-itself-up".to_owned()],
        display_name: "harness".to_owned(),
        ttl_seconds: 2,
        renewable: false,
    };
    for words in ["and is not renewable", "and has reached its maximum TTL"] {
        let client = if words.contains("renewable") {
            vault.client.with_token(vault.client.create_token(&request).await.unwrap().token)
        } else {
            vault.client.log_in(&by_name).await.unwrap()
        };
        let renewal = Renewal::begin(client.clone(), &client.own_token().await.unwrap());
        let mut trouble = renewal.trouble();
        let reported = tokio::time::timeout(Duration::from_secs(10), trouble.wait_for(Option::is_some)).await;
        let reported = reported.unwrap().unwrap().clone().unwrap();
        assert!(
            reported.starts_with("the harness's own Vault token ends in ") && reported.contains(words),
            "{reported}"
        );
    }
    let gone = vault.client.log_in(&Credentials::Token(Secret::new("hvs.s3cret"))).await.unwrap();
    let own = leaseproof_vault::OwnToken {
        uses: None,
        is_batch: false,
        accessor: String::new(),
        policies: Vec::new(),
        ttl: Some(Duration::from_secs(2)),
        renewable: true,
        lasts: None,
    };
    let renewal = Renewal::begin(gone, &own);
    let mut trouble = renewal.trouble();
    let reported = tokio::time::timeout(Duration::from_secs(10), trouble.wait_for(Option::is_some)).await;
    let reported = reported.unwrap().unwrap().clone().unwrap();
    assert!(
        reported.contains("could not be renewed: Vault answered HTTP 403") && !reported.contains("s3cret"),
        "{reported}"
    );
}
