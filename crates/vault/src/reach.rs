use std::time::Duration;

use crate::EncryptionFiles;

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
