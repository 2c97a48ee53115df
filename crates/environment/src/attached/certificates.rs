//! Files of certificates and keys, checked before a server is asked: each kind of problem has its own message.

use std::path::Path;
use std::time::SystemTime;

use rustls::pki_types::pem::{PemObject as _, SectionKind};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// What a file has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// `ca`: certificates, one of which is valid. Bundles have outdated ones.
    Authorities,
    /// `cert`: the client's certificate, and perhaps the chain above it.
    Certificate,
    /// `key`: that certificate's key.
    Key,
}

/// What the first byte of every certificate and key in DER is: a sequence (X.690, 8.9).
const DER: u8 = 0x30;
/// How a key begins that only a passphrase opens (RFC 7468, 11; older ones have a header `Proc-Type: 4,ENCRYPTED`).
const ENCRYPTED: [&str; 2] = ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "4,ENCRYPTED"];

/// Why the file cannot be used; none where it can.
pub(super) fn problem(file: &Path, holds: Holds, now: SystemTime) -> Option<String> {
    let bytes = match leaseproof_files::read(file, leaseproof_files::CERTIFICATES) {
        Ok(bytes) => bytes,
        Err(why) => return Some(why.to_string()),
    };
    content(&bytes, holds, now).err()
}

fn content(bytes: &[u8], holds: Holds, now: SystemTime) -> Result<(), String> {
    let wanted = if holds == Holds::Key { "a private key" } else { "a certificate" };
    if bytes.trim_ascii().is_empty() {
        return Err("the file is empty".to_owned());
    }
    let text = String::from_utf8_lossy(bytes);
    if holds == Holds::Key && ENCRYPTED.iter().any(|words| text.contains(words)) {
        return Err(
            "the key is encrypted; expected one without a passphrase (`openssl pkey -in FILE -out NEW`)".to_owned()
        );
    }
    let sections: Result<Vec<(SectionKind, Vec<u8>)>, _> = <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes).collect();
    let sections = sections.map_err(|_| "a PEM block in it is not complete or cannot be decoded".to_owned())?;
    if sections.is_empty() {
        let what = match bytes.first() {
            Some(&DER) => "it is DER (binary)".to_owned(),
            _ if text.contains("-----BEGIN") => "its PEM block is of another kind or not complete".to_owned(),
            _ => "it is not PEM".to_owned(),
        };
        return Err(format!("{what}; expected {wanted} in PEM, which begins with `-----BEGIN`"));
    }
    let is_key = |kind: &SectionKind| {
        matches!(kind, SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey)
    };
    if holds == Holds::Key {
        let found = sections.iter().any(|(kind, _)| is_key(kind));
        return if found { Ok(()) } else { Err(format!("expected {wanted}, got {}", kind(sections[0].0))) };
    }
    let certificates: Vec<&Vec<u8>> =
        sections.iter().filter(|(kind, _)| *kind == SectionKind::Certificate).map(|(_, der)| der).collect();
    if certificates.is_empty() {
        return Err(format!("expected {wanted}, got {}", kind(sections[0].0)));
    }
    // The client's own certificate comes first, the authorities above it after that.
    let observed = if holds == Holds::Certificate { &certificates[..1] } else { &certificates[..] };
    // One that can be used is enough; else the problem of the first one is shown.
    let all = observed.iter().map(|der| validity(der, now));
    all.reduce(|so_far, next| so_far.or_else(|first| next.map_err(|_| first))).unwrap_or(Ok(()))
}

/// Whether a certificate can be read, and is valid now.
fn validity(der: &[u8], now: SystemTime) -> Result<(), String> {
    let certificate =
        Certificate::from_der(der).map_err(|why| format!("the certificate in it cannot be read: {why}"))?;
    let validity = certificate.tbs_certificate.validity;
    if validity.not_after.to_system_time() < now {
        return Err(format!("the certificate expired at {}", validity.not_after));
    }
    if validity.not_before.to_system_time() > now {
        return Err(format!("the certificate is not valid before {}", validity.not_before));
    }
    Ok(())
}

fn kind(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Certificate => "a certificate",
        SectionKind::PublicKey => "a public key",
        SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => "a private key",
        SectionKind::Crl => "a revocation list",
        SectionKind::Csr => "a certificate request",
        _ => "something else",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use std::time::{Duration, SystemTime};

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::{Holds, content, problem};

    #[test]
    fn each_kind_of_wrong_file_is_named() {
        let key = KeyPair::generate().unwrap();
        let made = |from: i32, to: i32| {
            let mut params = CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
            (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
            params.self_signed(&key).unwrap()
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let (good, old, early) = (made(2020, 2040), made(2020, 2021), made(2035, 2040));
        let (good_pem, key_pem) = (good.pem(), key.serialize_pem());
        let bundle = format!("{}{good_pem}", old.pem());
        for (bytes, holds) in [
            (good_pem.as_bytes(), Holds::Authorities),
            (bundle.as_bytes(), Holds::Authorities),
            (good_pem.as_bytes(), Holds::Certificate),
            (key_pem.as_bytes(), Holds::Key),
        ] {
            assert_eq!(content(bytes, holds, now), Ok(()));
        }
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (bytes, holds, words) in [
            (&b" \n"[..], Holds::Authorities, "the file is empty"),
            (b"not a certificate", Holds::Authorities, "it is not PEM; expected a certificate in PEM"),
            (good.der(), Holds::Authorities, "it is DER (binary); expected a certificate in PEM"),
            (key_pem.as_bytes(), Holds::Authorities, "expected a certificate, got a private key"),
            (good_pem.as_bytes(), Holds::Key, "expected a private key, got a certificate"),
            (key.serialized_der(), Holds::Key, "it is DER (binary); expected a private key in PEM"),
            (old.pem().as_bytes(), Holds::Authorities, "the certificate expired at 2021-01-01"),
            (bundle.as_bytes(), Holds::Certificate, "the certificate expired at 2021-01-01"),
            (early.pem().as_bytes(), Holds::Authorities, "the certificate is not valid before 2035-01-01"),
            (encrypted.as_bytes(), Holds::Key, "the key is encrypted"),
            (garbage.as_bytes(), Holds::Authorities, "the certificate in it cannot be read: "),
            (&good_pem.as_bytes()[..good_pem.len() - 30], Holds::Authorities, "a PEM block in it is not complete"),
        ] {
            let why = content(bytes, holds, now).unwrap_err();
            assert!(why.starts_with(words), "{words}: {why}");
        }
        let folder = tempfile::tempdir().unwrap();
        let why = problem(folder.path(), Holds::Authorities, now).unwrap();
        assert_eq!(why, "it is a directory; expected a regular file");
        let why = problem(&folder.path().join("none"), Holds::Authorities, now).unwrap();
        assert!(why.starts_with("No such file"), "{why}");
    }
}
