//! Encrypted logins, against a server with certificates of an authority of the test's own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use leaseproof_postgres::{BadEncryption, Encryption, EncryptionFiles, Error, Login, Session};
use leaseproof_testkit::postgres::{Cluster, unprivileged};
use nix::unistd::chown;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes the authority's certificate, and one that it gives, with its key.
struct Written {
    root: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

fn write(folder: &Path, stem: &str, of: &Authority, names: &[&str], common_name: &str) -> Written {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, of).unwrap();
    let file = |end: &str, text: String| {
        let path = folder.join(format!("{stem}-{end}.pem"));
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        if let Some(user) = unprivileged() {
            chown(&path, Some(user.uid), Some(user.gid)).unwrap();
        }
        path
    };
    Written {
        root: file("root", of.pem()),
        certificate: file("certificate", certificate.pem()),
        key: file("key", key.serialize_pem()),
    }
}

/// A server that takes encrypted connections only, and of `guest` only with a certificate.
async fn serve(cluster: &Cluster, files: &Written) {
    let hba = "hostssl all guest 127.0.0.1/32 cert\nhostssl all all 127.0.0.1/32 trust\n";
    std::fs::write(cluster.folder().join("data/pg_hba.conf"), hba).unwrap();
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    session.script("CREATE ROLE guest LOGIN").await.unwrap();
    for (setting, file) in
        [("ssl_cert_file", &files.certificate), ("ssl_key_file", &files.key), ("ssl_ca_file", &files.root)]
    {
        session.query(&format!("ALTER SYSTEM SET {setting} = '{}'", file.display())).await.unwrap();
    }
    session.query("ALTER SYSTEM SET ssl = on").await.unwrap();
    session.query("SELECT pg_reload_conf()").await.unwrap();
    session.close().await;
}

fn encrypted(login: Login, root: &Path, client: Option<&Written>) -> Login {
    let client = client.map(|files| (files.certificate.clone(), files.key.clone()));
    let encryption = Encryption::new(EncryptionFiles { root: root.to_owned(), client }).unwrap();
    Login { encryption: Some(encryption), ..login }
}

async fn refusal(login: &Login) -> Error {
    Session::open(login).await.unwrap_err()
}

#[tokio::test]
async fn who_answers_is_made_sure_of() {
    let cluster = Cluster::start().await;
    let ours = authority("the environment's authority");
    let server = write(cluster.folder(), "server", &ours, &["127.0.0.1"], "postgres.example");
    let stranger = write(cluster.folder(), "stranger", &authority("another authority"), &["127.0.0.1"], "guest");
    let guest = write(cluster.folder(), "guest", &ours, &[], "guest");
    serve(&cluster, &server).await;
    let login = cluster.login("postgres", "postgres");

    // The server learns of its new configuration a moment after it is reported.
    let good = encrypted(login.clone(), &server.root, None);
    let mut opened = Session::open(&good).await;
    for _ in 0..100 {
        if opened.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        opened = Session::open(&good).await;
    }
    let session = opened.unwrap();
    let encrypted_now = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(session.value(encrypted_now).await.unwrap().as_deref(), Some("t"));
    session.close().await;

    assert_eq!(refusal(&login).await.sqlstate(), Some("28000"));
    let words = refusal(&encrypted(login.clone(), &stranger.root, None)).await.to_string();
    assert!(words.contains("UnknownIssuer"), "{words}");
    let elsewhere = Login { host: "localhost".to_owned(), ..good.clone() };
    let words = refusal(&elsewhere).await.to_string();
    assert!(words.contains("not valid for name \"localhost\""), "{words}");

    let as_guest = cluster.login("postgres", "guest");
    assert_eq!(refusal(&encrypted(as_guest.clone(), &server.root, None)).await.sqlstate(), Some("28000"));
    Session::open(&encrypted(as_guest, &server.root, Some(&guest))).await.unwrap().close().await;
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let ours = write(folder.path(), "ours", &authority("ours"), &["127.0.0.1"], "a");
    let other = write(folder.path(), "other", &authority("other"), &["127.0.0.1"], "b");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();

    let reported = |root: &Path, client| {
        let files = EncryptionFiles { root: root.to_owned(), client };
        Encryption::new(files).unwrap_err().to_string()
    };
    assert_eq!(reported(&empty, None), format!("{}: it holds no certificate", empty.display()));
    assert!(reported(&folder.path().join("none.pem"), None).contains("none.pem"));
    let swapped = Some((ours.certificate.clone(), other.key.clone()));
    let files = EncryptionFiles { root: ours.root.clone(), client: swapped };
    assert!(matches!(Encryption::new(files), Err(BadEncryption::Unfit(_))));
}
