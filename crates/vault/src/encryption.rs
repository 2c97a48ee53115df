use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};

/// The files behind an https address. All are PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionFiles {
    /// The certificates of the authorities that may vouch for Vault, as VAULT_CACERT names them.
    pub root: PathBuf,
    /// What the client shows of itself, where Vault asks for it: VAULT_CLIENT_CERT and VAULT_CLIENT_KEY.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Why requests cannot be encrypted with these files.
#[derive(Debug, thiserror::Error)]
pub enum BadEncryption {
    /// A file is not there, or holds no PEM.
    #[error("{}: {why}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What was found instead.
        why: String,
    },
    /// The files are well formed and do not go together.
    #[error("{} and {} do not go together: {why}", .certificate.display(), .key.display())]
    Unfit {
        /// The client's certificate.
        certificate: PathBuf,
        /// What is to be its key.
        key: PathBuf,
        /// What is wrong with them.
        why: String,
    },
    /// The cryptography itself cannot be had.
    #[error("no connection can be encrypted: {0}")]
    Unavailable(rustls::Error),
}

/// A connection that believes those authorities and no other.
pub(crate) fn config(files: &EncryptionFiles) -> Result<ClientConfig, BadEncryption> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&files.root)? {
        roots.add(certificate).map_err(|error| unreadable(&files.root, error))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| unreadable(&files.root, error))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BadEncryption::Unavailable)?
        .with_webpki_verifier(verifier);
    let Some((certificate, key)) = &files.client else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(certificate)?;
    let read = PrivateKeyDer::from_pem_slice(&content(key)?).map_err(|error| unreadable(key, error))?;
    builder.with_client_auth_cert(chain, read).map_err(|why| BadEncryption::Unfit {
        certificate: certificate.clone(),
        key: key.clone(),
        why: why.to_string(),
    })
}

/// What a client of a plain address has: it believes nobody, and is never asked.
pub(crate) fn plain() -> Result<ClientConfig, BadEncryption> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(BadEncryption::Unavailable)?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// Whether that is what Go's TLS listener answers to plain http (net/http/server.go).
pub(crate) fn misunderstood(body: &[u8]) -> bool {
    body.starts_with(b"Client sent an HTTP request to an HTTPS server")
}

/// Why who answers is not believed, or does not believe the client: what was expected, what came, what to do.
pub(crate) fn reported(error: &reqwest::Error, host: &str, root: &Path) -> Option<String> {
    let root = root.display();
    Some(match refusal(error)? {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
                "expected a certificate of an authority in {root}, and it shows one of another: name the CA that gave \
                 Vault's listener its certificate"
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
                "expected a certificate that is valid now, and its own has expired ({why}): have it renewed, and look \
                 at this machine's clock"
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => format!(
                "expected a certificate that is valid now, and its own is not yet ({why}): check this machine's clock"
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
                "expected a certificate for `{host}`, and it shows one for other names ({why}): write the address with \
                 one of those, or have `{host}` put into the certificate"
            ),
            why => format!("expected a certificate of an authority in {root}, and its own cannot be used: {why}"),
        },
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate => {
                "it asks for a client certificate of an authority that it trusts: name the certificate and its key"
                    .to_owned()
            }
            AlertDescription::UnknownCA => {
                "it does not trust the authority of the client's certificate: name a certificate of one that it trusts"
                    .to_owned()
            }
            AlertDescription::CertificateExpired => "the client's certificate has expired: have it renewed".to_owned(),
            alert => format!("it ended the handshake with the alert {alert:?}"),
        },
        rustls::Error::InvalidMessage(_) => format!(
            "expected TLS, and something else is spoken there; where that is plain http on purpose, write \
             http://{host}:PORT"
        ),
        why => format!("the handshake failed: {why}"),
    })
}

/// What rustls has to say, however deep it is wrapped. An [`std::io::Error`] keeps what it wraps from `source`.
fn refusal(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut next = error.source();
    while let Some(inner) = next {
        if let Some(found) = inner.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|wrapped| wrapped.downcast_ref::<rustls::Error>()) {
            return Some(found);
        }
        next = wrapped.map_or_else(|| inner.source(), |wrapped| Some(wrapped));
    }
    None
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, BadEncryption> {
    let content = content(file)?;
    let read = CertificateDer::pem_slice_iter(&content);
    let certificates: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| unreadable(file, error))?;
    if certificates.is_empty() {
        return Err(unreadable(file, "it holds no certificate"));
    }
    Ok(certificates)
}

fn content(file: &Path) -> Result<Vec<u8>, BadEncryption> {
    leaseproof_files::read(file, leaseproof_files::CERTIFICATES).map_err(|error| unreadable(file, error))
}

fn unreadable(file: &Path, why: impl std::fmt::Display) -> BadEncryption {
    BadEncryption::Unreadable { file: file.to_owned(), why: why.to_string() }
}
