use std::str::FromStr as _;
use std::time::Duration;

use leaseproof_domain::Secret;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::Login;

/// Why a text is no address that can be logged in to. It never holds the text itself, which may have a password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
}

impl Login {
    /// The login behind `postgres://user@host:port/database`, with the password that the URL may hold. The port
    /// defaults to 5432, the database to `postgres`. The connection is not encrypted.
    ///
    /// # Errors
    /// [`BadUrl`] where it is none.
    pub fn from_url(url: &str, application_name: &str, timeout: Duration) -> Result<Self, BadUrl> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(BadUrl::NoUrl);
        }
        let config = Config::from_str(url).map_err(|_| BadUrl::NoUrl)?;
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
        })
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
    }

    #[test]
    fn what_is_none_is_told_without_its_text() {
        for (url, why) in [
            ("h:5432", BadUrl::NoUrl),
            ("postgres://u:s3cret@h:port/d", BadUrl::NoUrl),
            ("postgres://h/d", BadUrl::NoUser),
        ] {
            let error = login(url).unwrap_err();
            assert_eq!(error, why, "{url}");
            assert!(!error.to_string().contains("s3cret"));
        }
    }
}
