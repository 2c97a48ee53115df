//! PowerDNS's HTTP interface, as far as it is used here.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode, header};
use leaseproof_domain::{Secret, ZoneOutcome};
use leaseproof_http::exchange;
use serde_json::Value;

use super::Unasked;

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest body that is taken, in bytes.
const MAX_BODY: usize = 1 << 20;

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error(transparent)]
    Broken(#[from] leaseproof_http::NoAnswer),
    #[error("it cannot be sent: {0}")]
    Unsendable(#[from] hyper::http::Error),
}

/// Sends changes of a zone; 204 is the acknowledgement (pdns/ws-auth.cc, patchZone).
pub(super) async fn patch(
    server: SocketAddr,
    key: &Secret,
    zone: &str,
    changes: &Value,
) -> Result<ZoneOutcome, Unasked> {
    Ok(match tokio::time::timeout(TIMEOUT, request(server, key, zone, changes)).await {
        Ok(Ok((StatusCode::NO_CONTENT, _))) => ZoneOutcome::Done,
        Ok(Ok((status, message))) => ZoneOutcome::Refused { status: status.as_u16(), message },
        Ok(Err(why)) => match Unasked::of(&why) {
            Some(unasked) => return Err(unasked),
            None => ZoneOutcome::NoAnswer { why: why.to_string() },
        },
        Err(_) => ZoneOutcome::NoAnswer { why: format!("no answer within {} s", TIMEOUT.as_secs()) },
    })
}

async fn request(
    server: SocketAddr,
    key: &Secret,
    zone: &str,
    changes: &Value,
) -> Result<(StatusCode, String), NoAnswer> {
    let request = Request::builder()
        .method(Method::PATCH)
        .uri(format!("/api/v1/servers/localhost/zones/{zone}"))
        .header(header::HOST, server.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-api-key", key.expose())
        .body(Full::new(Bytes::from(changes.to_string())))?;
    let answer = exchange(server, request, MAX_BODY).await?;
    Ok((answer.status(), words(answer.body())))
}

/// The error that an answer tells.
fn words(body: &[u8]) -> String {
    let error = serde_json::from_slice::<Value>(body).ok().and_then(|body| Some(body["error"].as_str()?.to_owned()));
    error.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned())
}
