use std::time::Duration;

use leaseproof_domain::Secret;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use crate::Encryption;

/// Who logs in, and where.
#[derive(Clone, Debug)]
pub struct Login {
    /// Name or address of the server's machine.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// The PostgreSQL role.
    pub user: String,
    /// Its password, where the server asks for one.
    pub password: Option<Secret>,
    /// What `pg_stat_activity` shows of the client.
    pub application_name: String,
    /// The bound of the login, and of each statement after it.
    pub timeout: Duration,
    /// How the connection is encrypted; plain where it is none.
    pub encryption: Option<Encryption>,
}

impl Login {
    /// Where it goes, as `host:port/database`.
    pub fn endpoint(&self) -> String {
        format!("{}:{}/{}", self.host, self.port, self.database)
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.database)
            .user(&self.user)
            .application_name(&self.application_name)
            .ssl_mode(if self.encryption.is_some() { SslMode::Require } else { SslMode::Disable });
        if let Some(password) = &self.password {
            config.password(password.expose());
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leaseproof_domain::Secret;

    use super::Login;

    #[test]
    fn it_shows_where_it_goes_and_not_its_password() {
        let login = Login {
            host: "127.0.0.1".to_owned(),
            port: 5432,
            database: "powerdns".to_owned(),
            user: "v-1".to_owned(),
            password: Some(Secret::new("s3cret")),
            application_name: "app".to_owned(),
            timeout: Duration::from_secs(1),
            encryption: None,
        };
        assert_eq!(login.endpoint(), "127.0.0.1:5432/powerdns");
        assert!(!format!("{login:?}").contains("s3cret"));
    }
}
