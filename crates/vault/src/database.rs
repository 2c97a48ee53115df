use leaseproof_domain::{LeaseId, Secret, Username};

use crate::{Answer, Client, Error};

/// A credential that the database engine made.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The HTTP status, 200.
    pub status: u16,
    /// Its lease.
    pub lease: LeaseId,
    /// Seconds of lease it was given.
    pub lease_seconds: u64,
    /// Whether the lease can be renewed.
    pub renewable: bool,
    /// The PostgreSQL role that was made.
    pub username: Username,
    /// Its password.
    pub password: Secret,
    /// Vault's warnings, e.g. that a TTL was capped.
    pub warnings: Vec<String>,
}

impl Client {
    /// Asks for a credential of a database role: `GET <mount>/creds/<role>`.
    ///
    /// # Errors
    /// [`Error::Answer`] (400 unknown role, 403, 500 where PostgreSQL refused or is down), and [`Error::NoAnswer`] or
    /// [`Error::Unreadable`], after which a role and its lease may exist that no client received.
    pub async fn issue(&self, mount: &str, role: &str) -> Result<Issued, Error> {
        Issued::of(self.read(&format!("{}/creds/{role}", mount.trim_matches('/'))).await?)
    }
}

impl Issued {
    pub(crate) fn of(answer: Answer) -> Result<Self, Error> {
        Ok(Self {
            status: answer.status,
            lease: LeaseId::new(answer.text("/lease_id")?),
            lease_seconds: answer.seconds("/lease_duration")?,
            renewable: answer.flag("/renewable")?,
            username: Username::new(answer.text("/data/username")?),
            password: Secret::new(answer.text("/data/password")?),
            warnings: answer.warnings,
        })
    }
}
