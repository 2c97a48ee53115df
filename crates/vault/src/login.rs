use std::time::{Duration, SystemTime};

use leaseproof_domain::Secret;
use serde_json::json;

use crate::{Answer, Client, Error};

/// As whom the harness speaks to a Vault that it did not make.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A token that was made for it.
    Token(Secret),
    /// AppRole, at a mount of its own.
    AppRole {
        /// The auth method's path, `approle`.
        mount: String,
        /// Which role.
        role_id: String,
        /// The secret that goes with it.
        secret_id: Secret,
    },
    /// A name and a password, at a mount of its own.
    Userpass {
        /// The auth method's path, `userpass`.
        mount: String,
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
}

/// What Vault says of the token that a client speaks with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnToken {
    /// By which it can be revoked, and not used.
    pub accessor: String,
    /// Its policies and those of its identity.
    pub policies: Vec<String>,
    /// What is left of it; none where it never ends, as root's.
    pub ttl: Option<Duration>,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// How long it can last at most, renewals included, as far as it is known beforehand: what is left of it where it cannot be
    /// renewed, and of its explicit maximum TTL where it has one.
    pub lasts: Option<Duration>,
    /// How many requests it may still make (`num_uses`); none where that is not limited.
    pub uses: Option<u64>,
    /// Whether it is a batch token: it has no accessor, and cannot create tokens.
    pub is_batch: bool,
}

impl Client {
    /// The same client, logged in. Whoever logs in by AppRole or by name gets a new token, which he should revoke
    /// afterwards ([`Client::revoke_self`]); a token that was given stays.
    ///
    /// # Errors
    /// [`Error::Answer`] where Vault refuses (400 `invalid role or secret ID`, 400 `invalid username or password`, 403),
    /// [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn log_in(&self, credentials: &Credentials) -> Result<Self, Error> {
        self.log_in_noting(credentials).await.map(|(client, _)| client)
    }

    /// As [`Client::log_in`], with the new token's accessor and its TTL in seconds; none where no new token was made.
    ///
    /// # Errors
    /// As [`Client::log_in`].
    pub async fn log_in_noting(&self, credentials: &Credentials) -> Result<(Self, Option<(String, u64)>), Error> {
        let (path, data) = match credentials {
            Credentials::Token(token) => return Ok((self.with_token(token.clone()), None)),
            Credentials::AppRole { mount, role_id, secret_id } => (
                format!("auth/{}/login", mount.trim_matches('/')),
                json!({ "role_id": role_id, "secret_id": secret_id.expose() }),
            ),
            Credentials::Userpass { mount, user, password } => {
                (format!("auth/{}/login/{user}", mount.trim_matches('/')), json!({ "password": password.expose() }))
            }
        };
        let answer = self.without_token().write(&path, &data).await?;
        let client = self.with_token(Secret::new(answer.text("/auth/client_token")?));
        // A batch token has none: it cannot be revoked.
        if answer.body.pointer("/auth/token_type").is_some_and(|kind| kind == "batch") {
            return Ok((client, None));
        }
        let made = (answer.text("/auth/accessor")?.to_owned(), answer.seconds("/auth/lease_duration")?);
        Ok((client, Some(made)))
    }

    /// What Vault says of this client's token.
    ///
    /// # Errors
    /// [`Error::Answer`] (403 where the token is none, has ended, or may not look itself up), [`Error::NoAnswer`],
    /// [`Error::Unreadable`].
    pub async fn own_token(&self) -> Result<OwnToken, Error> {
        let answer = self.read("auth/token/lookup-self").await?;
        let texts = |pointer: &str| answer.body.pointer(pointer).map(crate::answer::texts).unwrap_or_default();
        let mut policies = texts("/data/policies");
        policies.extend(texts("/data/identity_policies"));
        let renewable = answer.body.pointer("/data/renewable").and_then(serde_json::Value::as_bool).unwrap_or(false);
        let ttl = left(&answer, "/data/ttl")?;
        let is_batch = answer.body.pointer("/data/type").is_some_and(|kind| kind == "batch");
        Ok(OwnToken {
            lasts: ends_for_good(&answer).into_iter().chain(ttl.filter(|_| !renewable)).min(),
            accessor: if is_batch { String::new() } else { answer.text("/data/accessor")?.to_owned() },
            uses: answer.body.pointer("/data/num_uses").and_then(serde_json::Value::as_u64).filter(|uses| *uses > 0),
            is_batch,
            policies,
            ttl,
            renewable,
        })
    }

    /// Renews this client's token by its own period or TTL, and answers what it has now.
    ///
    /// # Errors
    /// [`Error::Answer`] (400 where it is not renewable, 403 where it has ended), [`Error::NoAnswer`],
    /// [`Error::Unreadable`].
    pub async fn renew_self(&self) -> Result<Option<Duration>, Error> {
        left(&self.write("auth/token/renew-self", &json!({})).await?, "/auth/lease_duration")
    }

    /// Revokes this client's token, its children, and every lease of theirs.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn revoke_self(&self) -> Result<(), Error> {
        self.write("auth/token/revoke-self", &json!({})).await.map(drop)
    }

    /// What this client's token may do at a path, in Vault's words: `read`, `update`, `deny`, …
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn capabilities(&self, path: &str) -> Result<Vec<String>, Error> {
        let answer = self.write("sys/capabilities-self", &json!({ "paths": [path] })).await?;
        Ok(crate::answer::texts(answer.value("/data/capabilities")?))
    }
}

/// A span of seconds that Vault says as 0 where there is no end.
fn left(answer: &Answer, pointer: &str) -> Result<Option<Duration>, Error> {
    Ok(Some(answer.seconds(pointer)?).filter(|seconds| *seconds > 0).map(Duration::from_secs))
}

/// How long a token has until its explicit maximum TTL; none where it has none.
fn ends_for_good(answer: &Answer) -> Option<Duration> {
    let number =
        |pointer: &str| answer.body.pointer(pointer).and_then(serde_json::Value::as_u64).filter(|value| *value > 0);
    let ends = number("/data/creation_time")? + number("/data/explicit_max_ttl")?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Some(Duration::from_secs(ends).saturating_sub(now))
}
