//! Answers that are cut, wrong or missing. No real Vault gives them on demand, so a socket does.

use std::time::Duration;

use leaseproof_domain::{LeaseId, Outcome, Secret};
use leaseproof_vault::{Client, Reach};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ISSUED: &str = r#"{"lease_id":"database/creds/app/x","renewable":true,"lease_duration":60,"data":{"username":"v-1","password":"s3cret-pw"},"warnings":["capped"]}"#;

/// A server that hears one request and sends this; with nothing to send it stays silent and keeps the connection.
async fn server(answer: Option<String>) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut heard = [0; 4096];
            let _request = socket.read(&mut heard).await.unwrap();
            match &answer {
                Some(answer) => socket.write_all(answer.as_bytes()).await.unwrap(),
                None => tokio::time::sleep(Duration::from_secs(60)).await,
            }
        }
    });
    Client::new(&address, Duration::from_millis(400)).unwrap().with_token(Secret::new("hvs.s3cret-token"))
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn an_issue_that_may_have_happened_is_indeterminate() {
    let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", ISSUED.len(), &ISSUED[..110]);
    let silent_body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    let table = [
        (Some(cut), "Vault answered HTTP 200, and the answer cannot be read: "),
        (Some(silent_body), "Vault answered HTTP 200, and the answer cannot be read: "),
        (Some(http("200 OK", "")), "Vault answered HTTP 200, and the answer cannot be read: it is empty"),
        (
            Some(http("200 OK", &ISSUED[..110])),
            "Vault answered HTTP 200, and the answer cannot be read: it breaks off after 110 bytes",
        ),
        (
            Some(http("200 OK", "s3cret-pw")),
            "Vault answered HTTP 200, and the answer cannot be read: it is no JSON (line 1, column 1)",
        ),
        (
            Some(http("200 OK", r#"{"lease_id":"","data":{"password":"s3cret-pw"}}"#)),
            "Vault answered HTTP 200, and the answer cannot be read: `/lease_id` is no text, or an empty one",
        ),
        (Some(String::new()), "no answer from Vault: "),
        (None, "no answer from Vault: it took longer than 400 ms"),
    ];
    for (answer, expected) in table {
        let shown = format!("{answer:?}");
        let client = server(answer).await;
        let error = client.issue("database", "app").await.unwrap_err();
        let reported = format!("{error} {error:?} {client:?}");
        assert!(error.to_string().starts_with(expected), "{shown}: {error}");
        assert!(!reported.contains("s3cret"), "{reported}");
        assert!(matches!(error.outcome(), Outcome::Indeterminate { .. }), "{shown}");
    }
}

#[tokio::test]
async fn a_no_is_a_no_also_without_words() {
    for (status, code) in
        [("500 Internal Server Error", "500"), ("307 Temporary Redirect", "307"), ("502 Bad Gateway", "502")]
    {
        let client = server(Some(http(status, "<html>"))).await;
        let outcome = client.renew(&LeaseId::new("x"), None).await.unwrap_err().outcome();
        assert!(matches!(&outcome, Outcome::Failed(failure) if failure.code == code), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_whole_answer_is_read() {
    let issued = server(Some(http("200 OK", ISSUED))).await.issue("/database/", "app").await.unwrap();
    assert_eq!(issued.password.expose(), "s3cret-pw");
    let shown = format!("{issued:?}");
    assert_eq!((issued.status, issued.lease_seconds, issued.renewable), (200, 60, true));
    assert_eq!((issued.username.as_str(), issued.lease.as_str()), ("v-1", "database/creds/app/x"));
    assert_eq!(issued.warnings, ["capped"]);
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn a_namespace_goes_with_every_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let reach = Reach {
        address: format!("http://{}", listener.local_addr().unwrap()),
        timeout: Duration::from_millis(400),
        encryption: None,
        namespace: Some("/team-a/databases/".to_owned()),
    };
    let client = Client::reaching(&reach).unwrap();
    let asked = tokio::spawn(async move { client.read("sys/mounts").await });
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut seen = vec![0; 4096];
    let length = socket.read(&mut seen).await.unwrap();
    let heard = String::from_utf8_lossy(&seen[..length]).to_lowercase();
    assert!(heard.contains("x-vault-namespace: team-a/databases\r\n"), "{heard}");
    asked.abort();
    // Vault answers 404 to a health check below a namespace.
    let client = Client::reaching(&reach).unwrap();
    let asked = tokio::spawn(async move { client.health().await });
    let (mut socket, _) = listener.accept().await.unwrap();
    let length = socket.read(&mut seen).await.unwrap();
    let heard = String::from_utf8_lossy(&seen[..length]).to_lowercase();
    assert!(heard.starts_with("get /v1/sys/health ") && !heard.contains("x-vault-namespace"), "{heard}");
    asked.abort();
    let error = Client::reaching(&Reach { namespace: Some("a\nb".to_owned()), ..reach }).unwrap_err();
    assert!(error.to_string().starts_with("`a\nb` is no namespace of a Vault"), "{error}");
}

#[tokio::test]
async fn a_server_that_refuses_a_health_check_below_a_namespace_has_namespaces() {
    let health = |more: &str| {
        format!(
            "{{\"initialized\":true,\"sealed\":false,\"standby\":false,\"server_time_utc\":1,\"version\":\"1.21.0\"{more}}}"
        )
    };
    let enterprise = http("200 OK", &health(",\"enterprise\":true"));
    let community = http("200 OK", &health(",\"enterprise\":false"));
    let refuses = http("404 Not Found", "{\"errors\":[\"unsupported path\"]}");
    for (in_root, below, expected) in
        [(&enterprise, &enterprise, true), (&community, &community, false), (&community, &refuses, true)]
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (in_root, below) = (in_root.clone(), below.clone());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut heard = vec![0; 4096];
                let length = socket.read(&mut heard).await.unwrap();
                let heard = String::from_utf8_lossy(&heard[..length]).to_lowercase();
                let answer = if heard.contains("x-vault-namespace") { &below } else { &in_root };
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let reach = |namespace: &str| Reach {
            address: address.clone(),
            timeout: Duration::from_secs(5),
            encryption: None,
            namespace: Some(namespace.to_owned()),
        };
        let honors = async |namespace| Client::reaching(&reach(namespace)).unwrap().honors_namespace().await.unwrap();
        assert_eq!(honors("team-a").await, expected);
        assert!(honors("root").await && honors("/").await);
    }
}

#[tokio::test]
async fn an_answer_without_end_is_broken_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut heard = [0; 4096];
        let _request = socket.read(&mut heard).await.unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
        let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
        while socket.write_all(&chunk).await.is_ok() {}
    });
    let client = Client::new(&address, Duration::from_secs(60)).unwrap();
    let error = client.issue("database", "app").await.unwrap_err();
    let expected = "the answer cannot be read: it is larger than 64 MiB, the limit for an answer";
    assert!(error.to_string().contains(expected), "{error}");
    assert!(matches!(error.outcome(), Outcome::Indeterminate { .. }));
}

#[tokio::test]
async fn an_answer_that_is_nested_or_has_headers_without_end_is_refused() {
    let nested = server(Some(http("200 OK", &"[".repeat(200_000)))).await;
    let error = nested.issue("database", "app").await.unwrap_err();
    assert!(error.to_string().contains("cannot be read: it is no JSON"), "{error}");
    let headers = format!("HTTP/1.1 200 OK\r\n{}", "a: b\r\n".repeat(200_000));
    let error = server(Some(headers)).await.issue("database", "app").await.unwrap_err();
    assert!(error.to_string().starts_with("no answer from Vault: "), "{error}");
}
