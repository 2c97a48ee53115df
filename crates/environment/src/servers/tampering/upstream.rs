//! The way from the tampering to Vault.

use std::net::{Ipv4Addr, SocketAddr};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode, header};
use leaseproof_http::exchange;
use serde_json::Value;

use super::asked::{Asked, Silence};

/// The largest body that is passed on, in bytes: as much as the client of Vault takes.
const MAX_BODY: usize = 64 << 20;

/// Where Vault listens on loopback.
#[derive(Clone, Copy)]
pub(super) struct Upstream {
    pub(super) port: u16,
}

impl Upstream {
    /// Asks Vault, on a connection of its own. Where nobody waits for the answer any more the connection closes, and
    /// Vault takes the request as cancelled, as it would with the client itself.
    pub(super) async fn pass_on(self, asked: &Asked) -> Result<Response<Full<Bytes>>, Silence> {
        let request = Request::from_parts(asked.head.clone(), Full::new(asked.body.clone()));
        let (mut head, body) =
            exchange(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)), request, MAX_BODY).await?.into_parts();
        for name in [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
            head.headers.remove(name);
        }
        Ok(Response::from_parts(head, Full::new(body)))
    }
}

/// An answer of the tampering's own.
pub(super) fn own(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let mut answer = Response::new(Full::new(bytes));
    *answer.status_mut() = status;
    if !body.is_null() {
        answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    }
    answer
}

/// The body of an answer that was heard out.
pub(super) async fn bytes_of(answer: &Response<Full<Bytes>>) -> Bytes {
    let Ok(body) = answer.body().clone().collect().await;
    body.to_bytes()
}
