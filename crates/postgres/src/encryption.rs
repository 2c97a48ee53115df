use std::error::Error as _;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Error;

/// What encrypts one connection.
type Connector = <MakeRustlsConnect as MakeTlsConnect<TcpStream>>::TlsConnect;

/// The files behind an encrypted login, by libpq's names. All are PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionFiles {
    /// `sslrootcert`: the certificates of the authorities that may vouch for the server.
    pub root: PathBuf,
    /// `sslcert` and `sslkey`: what the client shows of itself, where the server asks for it.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// An encrypted login, as libpq's `sslmode=verify-full` means it: the server's certificate has to be of one of the
/// authorities, and for the host that was asked for.
#[derive(Clone)]
pub struct Encryption {
    config: Arc<ClientConfig>,
    files: EncryptionFiles,
}

/// Why a login cannot be encrypted with these files.
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
    #[error("{0}")]
    Unfit(#[from] rustls::Error),
}

impl Encryption {
    /// Reads the files.
    ///
    /// # Errors
    /// [`BadEncryption`] where they are not there, hold something else, or a key is not that of its certificate.
    pub fn new(files: EncryptionFiles) -> Result<Self, BadEncryption> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&files.root)? {
            let unfit = |error: rustls::Error| unreadable(&files.root, error);
            roots.add(certificate).map_err(unfit)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match &files.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate)?;
                let key = PrivateKeyDer::from_pem_slice(&content(key)?).map_err(|error| unreadable(key, error))?;
                builder.with_client_auth_cert(chain, key)?
            }
        };
        Ok(Self { config: Arc::new(config), files })
    }

    /// Why who answers is not believed: what was expected, what came, what to do.
    pub(crate) fn reported(&self, error: &tokio_postgres::Error, host: &str) -> Option<String> {
        let rustls::Error::InvalidCertificate(why) = refusal(error)? else { return None };
        let root = self.files.root.display();
        let said = match why {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
                "expected a certificate of an authority in {root}, and it shows one of another ({why}): name the CA that \
                 gave the server its certificate"
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
                "expected a certificate for `{host}`, and it shows one for other names ({why}): log in by one of those, or \
                 have `{host}` put into the certificate"
            ),
            why => format!("expected a certificate of an authority in {root}, and its own cannot be used: {why}"),
        };
        Some(format!("the server is not to be trusted: {said}"))
    }

    /// What encrypts a connection to `host`, whose name its certificate has to have.
    pub(crate) fn connector(&self, host: &str) -> Result<Connector, Error> {
        let mut made = MakeRustlsConnect::new(ClientConfig::clone(&self.config));
        MakeTlsConnect::<TcpStream>::make_tls_connect(&mut made, host)
            .map_err(|error| Error::NoAnswer { why: format!("`{host}` cannot be verified: {error}") })
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)
    }
}

/// What rustls has to say, however deep it is wrapped. An [`std::io::Error`] keeps what it wraps from `source`.
fn refusal(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    let mut next = error.source();
    while let Some(inner) = next {
        if let Some(found) = inner.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
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

fn unreadable(file: &Path, why: impl fmt::Display) -> BadEncryption {
    BadEncryption::Unreadable { file: file.to_owned(), why: why.to_string() }
}
