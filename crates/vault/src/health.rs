use std::time::{Duration, Instant};

use leaseproof_domain::UnixMicros;
use reqwest::Method;

use crate::{Answer, Client, Error, answer};

/// How often the clock is asked for while its next second is waited for.
const CLOCK_PACE: Duration = Duration::from_millis(5);

/// A clock whose second does not change for that long stands still.
const CLOCK_TIMEOUT: Duration = Duration::from_millis(2_500);

/// What the root namespace may be called.
const ROOT: &str = "root";

/// What `sys/health` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether it has been initialised.
    pub initialized: bool,
    /// Whether it is sealed.
    pub sealed: bool,
    /// Whether it is a standby.
    pub standby: bool,
    /// Its version, e.g. `1.21.0`.
    pub version: String,
    /// Its clock: whole seconds since 1970, cut off.
    pub server_time_utc: i64,
    /// The id of its cluster, which it made when it was initialised. A sealed Vault does not say.
    pub cluster_id: Option<String>,
    /// Whether it is of the Enterprise edition, which says so in its version too (`1.21.0+ent`).
    pub is_enterprise: bool,
}

/// Vault's clock: at some moment between `sent` and `answered` it stood at `server`.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The time on Vault's clock.
    pub server: UnixMicros,
    /// Half of the span from `sent` to `answered`: the middle is off by that much at most.
    pub uncertainty_micros: i64,
    /// The earliest moment at which it can have been.
    pub sent: Instant,
    /// The latest moment at which it can have been.
    pub answered: Instant,
}

impl Client {
    /// How Vault is, whatever HTTP status it says it with: 200 active, 429 standby, 501 not initialised, 503 sealed.
    ///
    /// # Errors
    /// [`Error::NoAnswer`], and [`Error::Unreadable`] where the body is not that of a health check.
    pub async fn health(&self) -> Result<Health, Error> {
        // Vault answers 404 `unsupported path` to it below a namespace (HTTP API, /sys/health).
        let root = Self { namespace: None, ..self.clone() };
        root.health_there().await
    }

    /// Whether Vault honors this client's namespace. The community edition ignores `X-Vault-Namespace`: every path is
    /// then one of the root namespace (measured with 1.21.0). True where the client has none.
    ///
    /// # Errors
    /// As [`Client::health`].
    pub async fn honors_namespace(&self) -> Result<bool, Error> {
        if self.namespace.as_deref().is_none_or(|namespace| namespace == ROOT) || self.health().await?.is_enterprise {
            return Ok(true);
        }
        // Other programs with Vault's API have namespaces too, and refuse the request as Vault Enterprise does.
        match self.health_there().await {
            Ok(_) => Ok(false),
            Err(Error::Unreadable { status: 400..=499, .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn health_there(&self) -> Result<Health, Error> {
        let (status, body) = self.send(Method::GET, "sys/health", None).await?;
        let body = body.and_then(|body| answer::json(&body)).map_err(|why| Error::unreadable(status, why))?;
        let answer = Answer { status, body, warnings: Vec::new() };
        let version = answer.text("/version")?.to_owned();
        Ok(Health {
            is_enterprise: answer.body["enterprise"].as_bool().unwrap_or(false) || version.contains("+ent"),
            initialized: answer.flag("/initialized")?,
            sealed: answer.flag("/sealed")?,
            standby: answer.flag("/standby")?,
            version,
            server_time_utc: answer.number("/server_time_utc")?,
            cluster_id: answer.body["cluster_id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned),
        })
    }

    /// Reads Vault's clock to some milliseconds. Vault tells whole seconds only, so its next one is waited for: about a
    /// second at most.
    ///
    /// # Errors
    /// As [`Client::health`]; [`Error::Unreadable`] too where the clock stands still.
    pub async fn clock(&self) -> Result<Clock, Error> {
        let begun = Instant::now();
        let mut sent = begun;
        let mut second = self.health().await?.server_time_utc;
        while begun.elapsed() < CLOCK_TIMEOUT {
            tokio::time::sleep(CLOCK_PACE).await;
            let asked = Instant::now();
            let now = self.health().await?.server_time_utc;
            let answered = Instant::now();
            if now > second {
                // It still was `second` after `sent`, and `now` had begun before `answered`.
                let half = answered.duration_since(sent) / 2;
                let uncertainty_micros = i64::try_from(half.as_micros()).unwrap_or(i64::MAX);
                return Ok(Clock { server: UnixMicros(now * 1_000_000), uncertainty_micros, sent, answered });
            }
            (sent, second) = (asked, now);
        }
        Err(Error::unreadable(
            200,
            format!("its server_time_utc has been {second} for {} ms", begun.elapsed().as_millis()),
        ))
    }
}
