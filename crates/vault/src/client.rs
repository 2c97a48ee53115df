use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use leaseproof_domain::{HarnessFault, Secret};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, Url};
use serde_json::Value;

use crate::encryption::{self, misunderstood, plain};
use crate::error::cause;
use crate::held::Held;
use crate::reach::NO_ROOT;
use crate::{Answer, Error, Reach};

/// The largest body that is taken, in bytes. The longest of real ones lists leases: a million of them are 40 MB.
const MAX_BODY: usize = 64 << 20;

/// A client of one Vault, with or without a token.
///
/// Clones share one pool of kept-alive connections. A request is sent once: it is never tried again and no redirect is
/// followed, so that each answer is one answer of that server.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: Url,
    pub(crate) address: String,
    pub(crate) token: Option<Held>,
    pub(crate) timeout: Duration,
    pub(crate) namespace: Option<String>,
    /// Whether a standby may hand its requests on to the active node.
    pub(crate) forwarding: bool,
    /// The file of the authorities that are believed; none of an http address.
    pub(crate) root: Option<PathBuf>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("address", &self.address).field("token", &self.token).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the Vault at `address` (`http://host:port`), without a token. `timeout` bounds each request, from
    /// its connection to the end of the answer's body.
    ///
    /// # Errors
    /// [`Error::BadAddress`] where it is no `http` URL of a host.
    pub fn new(address: &str, timeout: Duration) -> Result<Self, Error> {
        Self::reaching(&Reach { address: address.to_owned(), timeout, encryption: None, namespace: None })
    }

    /// The same client, speaking with that token.
    #[must_use]
    pub fn with_token(&self, token: Secret) -> Self {
        Self { token: Some(Held::new(token)), ..self.clone() }
    }

    /// The same client, speaking without a token.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// The same client, whose requests no standby may hand on to the active node: it answers 307 instead
    /// (`X-Vault-No-Request-Forwarding`; Vault, http/handler.go).
    #[must_use]
    pub fn without_forwarding(&self) -> Self {
        Self { forwarding: false, ..self.clone() }
    }

    /// Host and port of the address.
    pub fn place(&self) -> (String, u16) {
        let host = self.base.host_str().unwrap_or_default().trim_matches(['[', ']']);
        (host.to_owned(), self.base.port_or_known_default().unwrap_or_default())
    }

    /// Has this client and all its clones speak with another token from now on, as a client does whose token has ended.
    /// Nothing happens to a client without a token.
    pub fn exchange_token(&self, token: Secret) {
        if let Some(held) = &self.token {
            held.exchange(token);
        }
    }

    /// The token that it speaks with.
    pub fn token(&self) -> Option<Secret> {
        self.token.as_ref().map(Held::now)
    }

    /// The address as it was given, without a slash at its end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Reads a path (below `/v1/`), e.g. `database/config/pg`.
    ///
    /// # Errors
    /// [`Error::Answer`] where Vault refuses or has nothing there (404), [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn read(&self, path: &str) -> Result<Answer, Error> {
        self.ask(Method::GET, path, None).await
    }

    /// Reads a path with a query, e.g. `sys/leases` with `type=irrevocable`.
    ///
    /// # Errors
    /// As [`Client::read`].
    pub async fn read_with(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, Error> {
        let mut url = self.url(path);
        url.query_pairs_mut().extend_pairs(query);
        let (status, body) = self.send_to(Method::GET, url, None).await?;
        Answer::read(status, body.as_deref().map_err(Clone::clone))
    }

    /// Writes `data` to a path, as `vault write` does.
    ///
    /// # Errors
    /// As [`Client::read`].
    pub async fn write(&self, path: &str, data: &Value) -> Result<Answer, Error> {
        self.ask(Method::PUT, path, Some(data)).await
    }

    /// The names below a path; none where nothing is there, which Vault answers with a 404 without errors.
    ///
    /// # Errors
    /// As [`Client::read`].
    pub async fn list(&self, path: &str) -> Result<Vec<String>, Error> {
        let list = Method::from_bytes(b"LIST").expect("LIST is a token, as a method's name has to be");
        match self.ask(list, path, None).await {
            Ok(answer) => Ok(crate::answer::texts(answer.value("/data/keys")?)),
            Err(Error::Answer { status: 404, errors }) if errors.is_empty() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Deletes what is at a path.
    ///
    /// # Errors
    /// As [`Client::read`].
    pub async fn delete(&self, path: &str) -> Result<Answer, Error> {
        self.ask(Method::DELETE, path, None).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, data: Option<&Value>) -> Result<Answer, Error> {
        let (status, body) = self.send(method, path, data).await?;
        Answer::read(status, body.as_deref().map_err(Clone::clone))
    }

    /// Sends a request and hears it out: its status, and its body or what broke that off.
    #[allow(clippy::type_complexity, reason = "a status that came and a body that may not have is what it says")]
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        data: Option<&Value>,
    ) -> Result<(u16, Result<Vec<u8>, String>), Error> {
        self.send_to(method, self.url(path), data).await
    }

    #[allow(clippy::type_complexity, reason = "as above")]
    async fn send_to(
        &self,
        method: Method,
        url: Url,
        data: Option<&Value>,
    ) -> Result<(u16, Result<Vec<u8>, String>), Error> {
        let mut request = self.http.request(method, url).headers(self.headers()?);
        if let Some(data) = data {
            request = request.json(data);
        }
        let response = request.send().await.map_err(|error| self.unsent(error))?;
        let status = response.status().as_u16();
        let body = self.body(response).await;
        if self.root.is_none() && status == 400 && body.as_ref().is_ok_and(|body| misunderstood(body)) {
            return Err(Error::NotEncrypted { address: self.address.clone() });
        }
        Ok((status, body))
    }

    /// The whole body, or what broke its reading off.
    async fn body(&self, mut response: Response) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| cause(error, self.timeout))? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(format!("it is larger than {} MiB, the limit for an answer", MAX_BODY >> 20));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What kept the answer from coming: who answered is not believed, or there was none.
    fn unsent(&self, error: reqwest::Error) -> Error {
        let host = self.base.host_str().unwrap_or_default();
        let reported = self.root.as_deref().and_then(|root| encryption::reported(&error, host, root));
        match reported {
            Some(why) => Error::NotTrusted { address: self.address.clone(), why },
            None => match HarnessFault::of(&error) {
                Some(fault) => Error::Harness { fault, why: cause(error, self.timeout) },
                None => Error::NoAnswer { why: cause(error, self.timeout) },
            },
        }
    }

    fn headers(&self) -> Result<HeaderMap, Error> {
        // What Vault's own clients send; listeners with require_request_header insist on it.
        let mut headers = HeaderMap::from_iter([(name("x-vault-request"), HeaderValue::from_static("true"))]);
        if let Some(value) = self.namespace.as_deref().and_then(|given| HeaderValue::from_str(given).ok()) {
            headers.insert(name("x-vault-namespace"), value);
        }
        if !self.forwarding {
            headers.insert(name("x-vault-no-request-forwarding"), HeaderValue::from_static("true"));
        }
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(token.now().expose()).map_err(|_| Error::NoAnswer {
                why: "its token cannot be sent: no HTTP header can carry it".to_owned(),
            })?;
            value.set_sensitive(true);
            headers.insert(name("x-vault-token"), value);
        }
        Ok(headers)
    }

    /// `/v1/` and the path, each of its segments escaped; a slash at its end is kept.
    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .expect("an http URL has a path")
            .pop_if_empty()
            .push("v1")
            .extend(path.trim_start_matches('/').split('/'));
        url
    }
}

fn name(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

impl Client {
    /// A client of the Vault that is reached so, without a token.
    ///
    /// # Errors
    /// [`Error::BadAddress`] where no request can be sent to the address, or not with these files;
    /// [`Error::BadEncryption`] where the files cannot be used; [`Error::BadNamespace`].
    pub fn reaching(reach: &Reach) -> Result<Self, Error> {
        let Reach { address, timeout, encryption, namespace } = reach;
        let bad = |why: String| Error::BadAddress { address: address.clone(), why };
        let base = Url::parse(address).map_err(|error| bad(error.to_string()))?;
        let tls = match (base.scheme(), encryption) {
            ("http", None) => plain()?,
            ("https", Some(files)) => encryption::config(files)?,
            ("http", Some(_)) => return Err(bad("a CA or a client certificate is of use with https only".to_owned())),
            ("https", None) => return Err(bad(NO_ROOT.to_owned())),
            (other, _) => return Err(bad(format!("`{other}` is not supported, only https and http are"))),
        };
        let namespace = namespace.as_deref().map(|given| given.trim_matches('/')).filter(|given| !given.is_empty());
        if let Some(given) = namespace.filter(|given| HeaderValue::from_str(given).is_err()) {
            return Err(Error::BadNamespace { namespace: given.to_owned() });
        }
        let http = reqwest::Client::builder()
            .timeout(*timeout)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| bad(cause(error, *timeout)))?;
        Ok(Self {
            http,
            base,
            address: address.trim_end_matches('/').to_owned(),
            token: None,
            timeout: *timeout,
            namespace: namespace.map(str::to_owned),
            forwarding: true,
            root: encryption.as_ref().map(|files| files.root.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leaseproof_domain::Secret;

    use super::Client;

    fn client(address: &str) -> Result<Client, crate::Error> {
        Client::new(address, Duration::from_secs(1))
    }

    #[test]
    fn paths_are_escaped_segment_by_segment() {
        let client = client("http://127.0.0.1:8200/").unwrap();
        for (path, url) in [
            ("sys/health", "/v1/sys/health"),
            ("/database/creds/a b?c#d%e", "/v1/database/creds/a%20b%3Fc%23d%25e"),
            ("sys/leases/lookup/database/", "/v1/sys/leases/lookup/database/"),
        ] {
            assert_eq!(client.url(path).path(), url);
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        for (address, why) in [
            ("127.0.0.1:8200", "relative URL without a base"),
            ("ftp://vault:8200", "`ftp` is not supported, only https and http are"),
            ("https://vault:8200", super::NO_ROOT),
            ("", "relative URL without a base"),
        ] {
            let error = client(address).unwrap_err().to_string();
            let expected =
                format!("`{address}` is no address of a Vault: {why}; expected one such as http://127.0.0.1:8200");
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn debug_never_shows_the_token() {
        let client = client("http://127.0.0.1:8200").unwrap().with_token(Secret::new("hvs.s3cret"));
        assert_eq!(format!("{client:?}"), r#"Client { address: "http://127.0.0.1:8200", token: Some(***), .. }"#);
    }
}
