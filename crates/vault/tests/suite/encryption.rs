//! A real Vault behind TLS, with certificates of an authority of the test's own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use leaseproof_domain::Outcome;
use leaseproof_testkit::vault::Vault;
use leaseproof_vault::{Client, EncryptionFiles, Error, Reach};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// An authority's certificate, and one that it gave, with its key.
#[derive(Clone)]
struct Written {
    root: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Written {
    fn listener(&self) -> String {
        format!("tls_cert_file = \"{}\"\n  tls_key_file = \"{}\"", self.certificate.display(), self.key.display())
    }

    fn client(&self) -> Option<(PathBuf, PathBuf)> {
        Some((self.certificate.clone(), self.key.clone()))
    }
}

fn write(folder: &Path, stem: &str, of: &Authority, name: &str, change: impl Fn(&mut CertificateParams)) -> Written {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, stem);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, of).unwrap();
    let file = |end: &str, text: String| {
        let path = folder.join(format!("{stem}-{end}.pem"));
        std::fs::write(&path, text).unwrap();
        path
    };
    Written {
        root: file("root", of.pem()),
        certificate: file("certificate", certificate.pem()),
        key: file("key", key.serialize_pem()),
    }
}

fn reach(address: &str, files: Option<(&Written, Option<(PathBuf, PathBuf)>)>) -> Reach {
    let encryption = files.map(|(of, client)| EncryptionFiles { root: of.root.clone(), client });
    Reach { address: address.to_owned(), timeout: Duration::from_secs(20), encryption, namespace: None }
}

fn https(port: u16, files: &Written) -> Client {
    Client::reaching(&reach(&format!("https://127.0.0.1:{port}"), Some((files, None)))).unwrap()
}

fn port(vault: &Vault) -> u16 {
    vault.client.address().rsplit_once(':').unwrap().1.parse().unwrap()
}

async fn refused(reach: &Reach) -> String {
    let error = Client::reaching(reach).unwrap().health().await.unwrap_err();
    assert!(matches!(error, Error::NotTrusted { .. } | Error::NotEncrypted { .. }), "{error:?}");
    assert!(matches!(error.outcome(), Outcome::Indeterminate { .. }) && error.status().is_none());
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_is_made_sure_of() {
    let folder = tempfile::tempdir().unwrap();
    let ours = authority("the environment's authority");
    let server = write(folder.path(), "server", &ours, "127.0.0.1", |_| {});
    let stranger = write(folder.path(), "stranger", &authority("another authority"), "127.0.0.1", |_| {});
    let vault = Vault::listening(&server.listener(), |port| https(port, &server)).await.opened().await;
    assert!(!vault.client.health().await.unwrap().sealed);
    vault.client.enable_engine("kv", "kv").await.unwrap();
    assert_eq!(vault.client.list("kv/").await.unwrap(), Vec::<String>::new());

    let address = vault.client.address().to_owned();
    let words = refused(&reach(&address, Some((&stranger, None)))).await;
    let root = stranger.root.display();
    assert!(
        words.starts_with(&format!("{address} is not to be trusted: expected a certificate of an authority in {root}")),
        "{words}"
    );
    let words = refused(&reach(&address.replace("127.0.0.1", "localhost"), Some((&server, None)))).await;
    assert!(words.contains("expected a certificate for `localhost`, and it shows one for other names"), "{words}");
    let plain = address.replace("https://", "http://");
    let words = refused(&reach(&plain, None)).await;
    assert_eq!(
        words,
        format!(
            "{plain} speaks TLS, and plain http was spoken to it: write {address} and name the CA of its certificate"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let ours = authority("the environment's authority");
    let expired = write(folder.path(), "expired", &ours, "127.0.0.1", |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let vault = Vault::begun(&expired.listener(), |port| https(port, &expired));
    let mut words = String::new();
    for _ in 0..200 {
        words = vault.client.health().await.unwrap_err().to_string();
        if !words.contains("refused") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(words.contains("expected a certificate that is valid now, and its own has expired"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_shows_its_certificate_where_vault_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let ours = authority("the environment's authority");
    let server = write(folder.path(), "server", &ours, "127.0.0.1", |_| {});
    let guest = write(folder.path(), "guest", &ours, "guest", |_| {});
    let stranger = write(folder.path(), "stranger", &authority("another authority"), "guest", |_| {});
    let asks = format!(
        "{}\n  tls_require_and_verify_client_cert = true\n  tls_client_ca_file = \"{}\"",
        server.listener(),
        server.root.display()
    );
    let with = |port: u16, client| reach(&format!("https://127.0.0.1:{port}"), Some((&server, client)));
    let vault = Vault::listening(&asks, |port| Client::reaching(&with(port, guest.client())).unwrap()).await;
    assert!(vault.client.health().await.unwrap().sealed);
    let words = refused(&with(port(&vault), None)).await;
    assert!(words.contains("it asks for a client certificate of an authority that it trusts"), "{words}");
    let words = refused(&with(port(&vault), stranger.client())).await;
    assert!(words.contains("is not to be trusted: it "), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn https_to_a_plain_listener_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), "server", &authority("any"), "127.0.0.1", |_| {});
    let vault = Vault::start().await;
    let words = refused(&reach(&format!("https://127.0.0.1:{}", port(&vault)), Some((&files, None)))).await;
    assert!(words.contains("expected TLS, and something else is spoken there"), "{words}");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let ours = write(folder.path(), "ours", &authority("ours"), "a", |_| {});
    let other = write(folder.path(), "other", &authority("other"), "b", |_| {});
    let reported = |root: PathBuf, client, address: &str| {
        let encryption = Some(EncryptionFiles { root, client });
        let reach = Reach { address: address.to_owned(), timeout: Duration::from_secs(1), encryption, namespace: None };
        Client::reaching(&reach).unwrap_err().to_string()
    };
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    let vault = "https://vault.example:8200";
    assert_eq!(reported(empty.clone(), None, vault), format!("{}: it holds no certificate", empty.display()));
    assert!(reported(folder.path().join("none.pem"), None, vault).contains("none.pem: "));
    let swapped = Some((ours.certificate.clone(), other.key.clone()));
    let words = reported(ours.root.clone(), swapped, vault);
    assert!(
        words.contains("ours-certificate.pem and ") && words.contains("other-key.pem do not go together"),
        "{words}"
    );
    let words = reported(ours.root, None, "http://vault.example:8200");
    assert!(words.contains("a CA or a client certificate is of use with https only"), "{words}");
}
