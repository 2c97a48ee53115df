use leaseproof_domain::{LeaseId, UnixMicros};
use serde_json::json;

use crate::{Answer, Client, Error};

/// A lease as `sys/leases/lookup` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseInfo {
    /// When it ends, on Vault's clock; none where it never does.
    pub expire_time: Option<UnixMicros>,
    /// When it was issued, on Vault's clock.
    pub issue_time: UnixMicros,
    /// Whole seconds until its end; negative where that is past and its revocation has not succeeded.
    pub ttl_seconds: i64,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// Whether it was renewed.
    pub renewed: bool,
}

/// Vault's answer to a renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Seconds from now that the lease has, after capping.
    pub lease_seconds: u64,
    /// Whether it can be renewed again.
    pub renewable: bool,
    /// Vault's warnings, e.g. that max_ttl capped it.
    pub warnings: Vec<String>,
}

impl Client {
    /// The leases of a database role, as Vault lists them: `<mount>/creds/<role>/<24 characters>`. Needs `list` and
    /// `sudo` on `sys/leases/lookup/*`.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn leases(&self, mount: &str, role: &str) -> Result<Vec<LeaseId>, Error> {
        let prefix = format!("{}/creds/{role}", mount.trim_matches('/'));
        let keys = self.list(&format!("sys/leases/lookup/{prefix}/")).await?;
        Ok(keys.into_iter().map(|key| LeaseId::new(format!("{prefix}/{key}"))).collect())
    }

    /// The roles of all database engines of the namespace that have leases, as mount and name. Needs `read` on `sys/mounts`,
    /// and `list` and `sudo` on `sys/leases/lookup/*`.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn database_roles_with_leases(&self) -> Result<Vec<(String, String)>, Error> {
        let mut roles = Vec::new();
        for (mount, _) in self.mounts().await?.into_iter().filter(|(_, mount)| mount.engine == "database") {
            for role in self.list(&format!("sys/leases/lookup/{mount}/creds/")).await? {
                roles.push((mount.clone(), role.trim_end_matches('/').to_owned()));
            }
        }
        Ok(roles)
    }

    /// What Vault knows of a lease.
    ///
    /// # Errors
    /// [`Error::Answer`] (400 `invalid lease` where it has none of that id), [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn lookup_lease(&self, lease: &LeaseId) -> Result<LeaseInfo, Error> {
        let answer = self.write("sys/leases/lookup", &json!({ "lease_id": lease.as_str() })).await?;
        LeaseInfo::of(&answer)
    }

    /// Renews a lease by `increment` seconds from now, or by its role's default TTL.
    ///
    /// # Errors
    /// [`Error::Answer`] (400 `lease not found`, 400 `failed to renew entry: …` where PostgreSQL refused),
    /// [`Error::NoAnswer`], [`Error::Unreadable`]: after both of these it may have been renewed.
    pub async fn renew(&self, lease: &LeaseId, increment: Option<u64>) -> Result<Renewed, Error> {
        let mut data = json!({ "lease_id": lease.as_str() });
        if let Some(seconds) = increment {
            data["increment"] = seconds.into();
        }
        Renewed::of(self.write("sys/leases/renew", &data).await?)
    }

    /// Revokes a lease and waits until Vault has done it. The answer is the HTTP status: 204, also for a lease that
    /// Vault does not know.
    ///
    /// # Errors
    /// [`Error::Answer`] (400 `failed to revoke entry: …` where PostgreSQL refused), [`Error::NoAnswer`],
    /// [`Error::Unreadable`].
    pub async fn revoke(&self, lease: &LeaseId) -> Result<u16, Error> {
        // `sync` is the API's default (vault/logical_system.go); it is said because a promise rests on it.
        let data = json!({ "lease_id": lease.as_str(), "sync": true });
        Ok(self.write("sys/leases/revoke", &data).await?.status)
    }
}

impl Client {
    /// Revokes all leases whose id begins with `prefix`, e.g. `database/creds/app`, and waits until Vault has done it.
    /// Needs `sudo`.
    ///
    /// # Errors
    /// [`Error::Answer`] (400 where PostgreSQL refused), [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn revoke_prefix(&self, prefix: &str) -> Result<Answer, Error> {
        let path = format!("sys/leases/revoke-prefix/{}", prefix.trim_start_matches('/'));
        self.write(&path, &json!({ "sync": true })).await
    }
}

impl LeaseInfo {
    pub(crate) fn of(answer: &Answer) -> Result<Self, Error> {
        let expires = !answer.value("/data/expire_time")?.is_null();
        Ok(Self {
            expire_time: if expires { Some(time(answer, "/data/expire_time")?) } else { None },
            issue_time: time(answer, "/data/issue_time")?,
            ttl_seconds: answer.number("/data/ttl")?,
            renewable: answer.flag("/data/renewable")?,
            renewed: answer.body.pointer("/data/last_renewal").is_some_and(|time| !time.is_null()),
        })
    }
}

impl Renewed {
    pub(crate) fn of(answer: Answer) -> Result<Self, Error> {
        Ok(Self {
            lease_seconds: answer.seconds("/lease_duration")?,
            renewable: answer.flag("/renewable")?,
            warnings: answer.warnings,
        })
    }
}

fn time(answer: &Answer, pointer: &str) -> Result<UnixMicros, Error> {
    let time: Result<jiff::Timestamp, _> = answer.text(pointer)?.parse();
    match time {
        Ok(time) => Ok(UnixMicros(time.as_microsecond())),
        Err(_) => Err(Error::unreadable(answer.status, format!("`{pointer}` is no time"))),
    }
}
