//! Patroni's REST interface, as far as it is used here (Patroni, "Patroni REST API").

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request, header};
use leaseproof_http::exchange;
use serde_json::json;

/// How long an answer about a state may take.
const ANSWER: Duration = Duration::from_secs(2);
/// How long a switchover may take; Patroni answers when it is over.
const SWITCHOVER: Duration = Duration::from_secs(90);
/// The largest body that is taken, in bytes.
const MAX_BODY: usize = 1 << 20;

#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error(transparent)]
    Broken(#[from] leaseproof_http::NoAnswer),
    #[error("it cannot be asked: {0}")]
    Unsendable(#[from] hyper::http::Error),
    #[error("no answer in time")]
    Late(#[from] tokio::time::error::Elapsed),
}

/// Whether the member at that port holds the leader's lock and takes writes.
pub(super) async fn is_leader(port: u16) -> bool {
    matches!(ask(port, Method::GET, "/primary", String::new(), ANSWER).await, Ok((200, _)))
}

/// Makes it check now instead of at its next turn: a change of the configuration wakes it, also one that changes nothing
/// (patroni/api.py, do_PATCH_config).
pub(super) async fn wake(port: u16) {
    // What it does not hear it does a little later by itself.
    let _ = ask(port, Method::PATCH, "/config", "{}".to_owned(), ANSWER).await;
}

/// Hands the leader's lock on to whichever standby Patroni takes. Gives why it did not, in its words.
pub(super) async fn switch_over(port: u16, leader: &str) -> Result<(), String> {
    let body = json!({ "leader": leader }).to_string();
    match ask(port, Method::POST, "/switchover", body, SWITCHOVER).await {
        Ok((200, _)) => Ok(()),
        Ok((status, words)) => Err(format!("{status}: {words}")),
        Err(why) => Err(why.to_string()),
    }
}

async fn ask(
    port: u16,
    method: Method,
    path: &str,
    body: String,
    longest: Duration,
) -> Result<(u16, String), NoAnswer> {
    tokio::time::timeout(longest, request(port, method, path, body)).await?
}

async fn request(port: u16, method: Method, path: &str, body: String) -> Result<(u16, String), NoAnswer> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, format!("127.0.0.1:{port}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let answer = exchange(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), request, MAX_BODY).await?;
    Ok((answer.status().as_u16(), String::from_utf8_lossy(answer.body()).trim().to_owned()))
}
