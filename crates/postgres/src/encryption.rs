use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

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
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
                builder.with_client_auth_cert(chain, key)?
            }
        };
        Ok(Self { config: Arc::new(config), files })
    }

    pub(crate) fn connector(&self) -> MakeRustlsConnect {
        MakeRustlsConnect::new(ClientConfig::clone(&self.config))
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, BadEncryption> {
    let read = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(file, error))?;
    let certificates: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| unreadable(file, error))?;
    if certificates.is_empty() {
        return Err(unreadable(file, "it holds no certificate"));
    }
    Ok(certificates)
}

fn unreadable(file: &Path, why: impl fmt::Display) -> BadEncryption {
    BadEncryption::Unreadable { file: file.to_owned(), why: why.to_string() }
}
