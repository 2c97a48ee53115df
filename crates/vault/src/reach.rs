use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::encryption::{self, plain};
use crate::error::cause;
use crate::{Client, EncryptionFiles, Error};

/// How a Vault is reached.
#[derive(Clone, Debug)]
pub struct Reach {
    /// `https://host:port`, or `http://host:port` where nobody can listen on the way.
    pub address: String,
    /// What bounds each request, from its connection to the end of the answer's body.
    pub timeout: Duration,
    /// The files behind an https address; none of an http one.
    pub encryption: Option<EncryptionFiles>,
    /// The namespace that every path is below (Vault Enterprise, HCP): sent as `X-Vault-Namespace`.
    pub namespace: Option<String>,
}

/// What an https address lacks.
pub(crate) const NO_ROOT: &str = "https needs the file of the authorities that vouch for Vault (for a public one, the system's, \
                       such as /etc/ssl/certs/ca-certificates.crt)";

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
