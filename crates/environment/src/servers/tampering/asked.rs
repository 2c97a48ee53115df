//! What a client asks for.

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, header, http};
use leaseproof_http::NoAnswer;
use leaseproof_scenario::TamperedRequest;
use serde_json::Value;

/// No answer is given: the connection to the client is closed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Silence {
    #[error("the tampering proxy drops the answer")]
    Meant,
    #[error("Vault gives none: {0}")]
    Vault(#[from] NoAnswer),
    #[error("the client closed its connection: {0}")]
    Client(#[from] hyper::Error),
}

/// A request, heard out.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) head: http::request::Parts,
    pub(super) body: Bytes,
    pub(super) to: TamperedRequest,
    /// The Vault role that it concerns, where it names one.
    pub(super) role: Option<String>,
}

impl Asked {
    pub(super) async fn read(request: Request<Incoming>) -> Result<Self, Silence> {
        let (mut head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        // Both belong to the connection; the length is said anew for each.
        head.headers.remove(header::CONNECTION);
        head.headers.remove(header::CONTENT_LENGTH);
        let path = head.uri.path().to_owned();
        let to = match path.as_str() {
            "/v1/sys/leases/renew" => TamperedRequest::Renew,
            "/v1/sys/leases/revoke" => TamperedRequest::Revoke,
            path if head.method == Method::GET && path.contains("/creds/") => TamperedRequest::Issue,
            _ => TamperedRequest::Other,
        };
        let lease = field(&body, "lease_id");
        let role = lease.as_deref().or(Some(&*path)).and_then(role_of).map(str::to_owned);
        Ok(Self { head, body, to, role })
    }

    /// A request of the same client that it never made.
    pub(super) fn revocation(&self, lease: &str) -> Self {
        let mut other = self.clone();
        other.head.method = Method::PUT;
        other.head.uri = http::Uri::from_static("/v1/sys/leases/revoke");
        other.body = serde_json::json!({ "lease_id": lease, "sync": true }).to_string().into();
        other.to = TamperedRequest::Revoke;
        other
    }

    /// The increment that a renewal asks for, in seconds.
    pub(super) fn increment(&self) -> Option<u64> {
        serde_json::from_slice::<Value>(&self.body).ok()?["increment"].as_u64()
    }

    /// The lease that is spoken of.
    pub(super) fn lease(&self) -> String {
        field(&self.body, "lease_id").unwrap_or_default()
    }

    /// Puts another lease id in its place.
    pub(super) fn set_lease(&mut self, lease: &str) {
        if let Ok(mut data) = serde_json::from_slice::<Value>(&self.body) {
            data["lease_id"] = lease.into();
            self.body = data.to_string().into();
        }
    }
}

fn field(body: &[u8], key: &str) -> Option<String> {
    serde_json::from_slice::<Value>(body).ok()?[key].as_str().map(str::to_owned)
}

/// The role of `<mount>/creds/<role>` and of `<mount>/creds/<role>/<id>`.
fn role_of(text: &str) -> Option<&str> {
    text.split_once("/creds/")?.1.split('/').next().filter(|role| !role.is_empty())
}

#[cfg(test)]
mod tests {
    use super::role_of;

    #[test]
    fn a_role_is_known_by_its_path_and_by_its_lease() {
        assert_eq!(role_of("/v1/database/creds/app"), Some("app"));
        assert_eq!(role_of("a/b/creds/app/0123"), Some("app"));
        assert_eq!(role_of("/v1/sys/health"), None);
    }
}
