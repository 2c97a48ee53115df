use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use leaseproof_domain::Secret;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use url::Url;

use crate::{BadEncryption, Encryption, EncryptionFiles, Login};

/// Why a text is no address that can be logged in to. It never holds the text itself, which may have a password in it.
#[derive(Debug, thiserror::Error)]
pub enum BadUrl {
    /// No URL of PostgreSQL.
    #[error("it is no postgres://user@host:port/database")]
    NoUrl,
    /// It does not say where, over TCP.
    #[error("it names no host")]
    NoHost,
    /// It does not say as whom.
    #[error("it names no user")]
    NoUser,
    /// A mode that does not say who is believed to be the server.
    #[error("sslmode={0} does not make sure who answers; write sslmode=verify-full, or sslmode=disable")]
    Mode(String),
    /// Nobody is named who may vouch for the server.
    #[error(
        "sslmode=verify-full needs sslrootcert=FILE, the certificates of the authorities that vouch for the server"
    )]
    NoRoot,
    /// What the client shows of itself is incomplete.
    #[error("sslcert and sslkey go together")]
    HalfClient,
    /// What only an encrypted login needs.
    #[error("{0} is of no use without sslmode=verify-full")]
    Idle(&'static str),
    /// The files cannot be used.
    #[error(transparent)]
    Files(#[from] BadEncryption),
}

/// The parameters that are about encryption; the driver knows none but the mode.
const OURS: [&str; 4] = ["sslmode", "sslrootcert", "sslcert", "sslkey"];

impl Login {
    /// The login behind `postgres://user@host:port/database`, with the password that the URL may hold. The port
    /// defaults to 5432, the database to `postgres`. The connection is encrypted with `sslmode=verify-full` and
    /// `sslrootcert=FILE`, with `sslcert` and `sslkey` where the server asks for the client's; without a mode, or with
    /// `disable`, it is plain.
    ///
    /// # Errors
    /// [`BadUrl`] where it is none.
    pub fn from_url(url: &str, application_name: &str, timeout: Duration) -> Result<Self, BadUrl> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(BadUrl::NoUrl);
        }
        let (rest, given) = split(url);
        let config = Config::from_str(&rest).map_err(|_| BadUrl::NoUrl)?;
        let Some(Host::Tcp(host)) = config.get_hosts().first() else { return Err(BadUrl::NoHost) };
        let password = config.get_password().map(|bytes| Secret::new(String::from_utf8_lossy(bytes)));
        Ok(Self {
            host: host.clone(),
            port: config.get_ports().first().copied().unwrap_or(5432),
            database: config.get_dbname().unwrap_or("postgres").to_owned(),
            user: config.get_user().ok_or(BadUrl::NoUser)?.to_owned(),
            password,
            application_name: application_name.to_owned(),
            timeout,
            encryption: encryption(given)?,
        })
    }
}

/// The URL without the parameters that are about encryption, and those.
fn split(text: &str) -> (String, BTreeMap<String, String>) {
    let Ok(mut url) = Url::parse(text) else { return (text.to_owned(), BTreeMap::new()) };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let (ours, others): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(name, _)| OURS.contains(&name.as_str()));
    if ours.is_empty() {
        return (text.to_owned(), BTreeMap::new());
    }
    url.set_query(None);
    if !others.is_empty() {
        url.query_pairs_mut().extend_pairs(others);
    }
    (url.into(), ours.into_iter().collect())
}

fn encryption(mut given: BTreeMap<String, String>) -> Result<Option<Encryption>, BadUrl> {
    match given.remove("sslmode").as_deref() {
        None | Some("disable") => match OURS.into_iter().find(|name| given.contains_key(*name)) {
            Some(idle) => Err(BadUrl::Idle(idle)),
            None => Ok(None),
        },
        Some("verify-full") => {
            let mut file = |name: &str| given.remove(name).map(PathBuf::from);
            let root = file("sslrootcert").ok_or(BadUrl::NoRoot)?;
            let client = match (file("sslcert"), file("sslkey")) {
                (None, None) => None,
                (Some(certificate), Some(key)) => Some((certificate, key)),
                _ => return Err(BadUrl::HalfClient),
            };
            Ok(Some(Encryption::new(EncryptionFiles { root, client })?))
        }
        Some(mode) => Err(BadUrl::Mode(mode.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BadUrl, Login};

    fn login(url: &str) -> Result<Login, BadUrl> {
        Login::from_url(url, "test", Duration::from_secs(1))
    }

    #[test]
    fn a_url_says_who_and_where() {
        let read = login("postgres://ada:p%40ss@db.example:6432/shop").unwrap();
        assert_eq!((read.endpoint().as_str(), read.user.as_str()), ("db.example:6432/shop", "ada"));
        assert_eq!(read.password.as_ref().unwrap().expose(), "p@ss");
        assert!(!format!("{read:?}").contains("p@ss"));
        assert_eq!(login("postgresql://ada@h").unwrap().endpoint(), "h:5432/postgres");
        let plain = login("postgres://ada:p%40ss@h/d?sslmode=disable&connect_timeout=3").unwrap();
        assert!(plain.encryption.is_none() && plain.password.unwrap().expose() == "p@ss");
    }

    #[test]
    fn what_is_none_is_reported_without_its_text() {
        for (url, words) in [
            ("h:5432", "it is no postgres://"),
            ("postgres://u:s3cret@h:port/d", "it is no postgres://"),
            ("postgres://h/d", "it names no user"),
            ("postgres://u:s3cret@h/d?sslmode=require", "sslmode=require does not make sure who answers"),
            ("postgres://u:s3cret@h/d?sslmode=verify-full", "needs sslrootcert=FILE"),
            ("postgres://u:s3cret@h/d?sslrootcert=/ca.pem", "sslrootcert is of no use without sslmode=verify-full"),
            ("postgres://u:s3cret@h/d?sslmode=verify-full&sslrootcert=/a&sslcert=/b", "sslcert and sslkey go together"),
            ("postgres://u:s3cret@h/d?sslmode=verify-full&sslrootcert=/no/such.pem", "/no/such.pem: "),
        ] {
            let error = login(url).unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("s3cret"), "{url}: {error}");
        }
    }
}
