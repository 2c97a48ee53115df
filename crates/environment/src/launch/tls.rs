//! The authority of one run, and what it gives its servers: each certificate is for this machine's loopback only, and
//! goes with the private folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use leaseproof_postgres::{Encryption, EncryptionFiles};
use leaseproof_vault::{Client, Reach};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use crate::EnvironmentError;
use crate::launch::account::Account;
use crate::launch::folder;

/// The names that every server's certificate is for.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// The authority that gives this run's servers their certificates. Its key is nowhere but in memory.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

/// What a server that speaks TLS shows of itself, and how the harness makes sure of it.
#[derive(Clone)]
pub(crate) struct CertificateFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// The certificate of the authority; anybody may read it.
    pub(crate) ca: PathBuf,
    /// A login that takes no other server for this one.
    pub(crate) encryption: Encryption,
}

impl Authority {
    /// A new one; its certificate is in a folder of its own below the private one.
    pub(crate) fn make(run: &str, private: &Path) -> Result<Self, EnvironmentError> {
        let folder = private.join("tls");
        folder::make(&folder, 0o711, None)?;
        let issuer = issuer(run).map_err(|why| unmade("the run's authority", why))?;
        let authority = Self { issuer, folder };
        folder::write(&authority.ca(), &authority.issuer.pem(), 0o644, None)?;
        Ok(authority)
    }

    /// The file with its certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Gives a server its certificate, and a key that its account alone may read.
    pub(crate) fn give(&self, server: &str, owner: Option<Account>) -> Result<CertificateFiles, EnvironmentError> {
        let (certificate, key) = self.sign(server).map_err(|why| unmade(server, why))?;
        let file = |end: &str| self.folder.join(format!("{server}{end}"));
        let (certificate_file, key_file) = (file(".pem"), file(".key"));
        folder::write(&certificate_file, &certificate, 0o644, owner)?;
        folder::write(&key_file, &key, 0o600, owner)?;
        let encryption = Encryption::new(EncryptionFiles { root: self.ca(), client: None });
        let encryption = encryption.map_err(|why| unmade(server, why))?;
        Ok(CertificateFiles { certificate: certificate_file, key: key_file, ca: self.ca(), encryption })
    }

    fn sign(&self, server: &str) -> Result<(String, String), rcgen::Error> {
        let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
        params.distinguished_name.push(DnType::CommonName, server);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        Ok((params.signed_by(&key, &self.issuer)?.pem(), key.serialize_pem()))
    }
}

fn issuer(run: &str) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params.distinguished_name.push(DnType::CommonName, format!("leaseproof, run {run}"));
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn unmade(server: &str, why: impl std::fmt::Display) -> EnvironmentError {
    EnvironmentError::Certificate { server: server.to_owned(), why: why.to_string() }
}

impl CertificateFiles {
    /// What libpq needs to make sure of a server: variables of its environment.
    pub(crate) fn libpq(&self) -> [(&'static str, String); 2] {
        [("PGSSLMODE", "verify-full".to_owned()), ("PGSSLROOTCERT", self.ca.to_string_lossy().into_owned())]
    }
}

/// A client of the Vault on that port of loopback, which makes sure of it where it has certificate_files.
pub(crate) fn vault_client(
    port: u16,
    certificate_files: Option<&CertificateFiles>,
    timeout: Duration,
) -> Result<Client, EnvironmentError> {
    let files = certificate_files.map(|certificate_files| leaseproof_vault::EncryptionFiles {
        root: certificate_files.ca.clone(),
        client: None,
    });
    let reach = Reach { address: vault_address(port, certificate_files), timeout, encryption: files, namespace: None };
    Client::reaching(&reach).map_err(|source| EnvironmentError::Vault { doing: "create a client for it", source })
}

/// The address of the Vault on that port of loopback.
pub(crate) fn vault_address(port: u16, certificate_files: Option<&CertificateFiles>) -> String {
    let scheme = if certificate_files.is_some() { "https" } else { "http" };
    format!("{scheme}://127.0.0.1:{port}")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::Authority;

    #[test]
    fn a_key_is_its_servers_alone_and_the_authority_keeps_none() {
        let place = tempfile::tempdir().unwrap();
        let authority = Authority::make("r1", place.path()).unwrap();
        let certificate_files = authority.give("postgres.target", None).unwrap();
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&certificate_files.key), mode(&certificate_files.ca)), (0o600, 0o644));
        let mut keys = 0;
        for file in std::fs::read_dir(place.path().join("tls")).unwrap() {
            keys += usize::from(std::fs::read_to_string(file.unwrap().path()).unwrap().contains("PRIVATE KEY"));
        }
        assert_eq!(keys, 1);
    }
}
