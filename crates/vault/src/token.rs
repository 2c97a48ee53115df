use leaseproof_domain::Secret;
use serde_json::json;

use crate::{Client, Error};

/// What Vault says of an accessor that no token has (vault/token_store.go), with a status of 400 or 403.
const INVALID: &str = "invalid accessor";

/// What a token is to be. It is a child of the token that asks for it, and without the `default` policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// Its policies, and no other.
    pub policies: Vec<String>,
    /// Its display name: Vault puts `token-` before it, and both into the usernames it makes.
    pub display_name: String,
    /// Its time to live, in seconds. Its leases end with it.
    pub ttl_seconds: u64,
    /// Whether it can be renewed.
    pub renewable: bool,
}

/// A token that Vault made.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token itself.
    pub token: Secret,
    /// Its accessor: enough to revoke it, and no secret.
    pub accessor: String,
}

impl Client {
    /// Has a child token made.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn create_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        let data = json!({
            "policies": request.policies,
            "display_name": request.display_name,
            "no_default_policy": true,
            "ttl": format!("{}s", request.ttl_seconds),
            "renewable": request.renewable,
        });
        let answer = self.write("auth/token/create", &data).await?;
        Ok(Token {
            token: Secret::new(answer.text("/auth/client_token")?),
            accessor: answer.text("/auth/accessor")?.to_owned(),
        })
    }

    /// Sets the rest of a renewable token's lifecycle, counted from now, in seconds.
    ///
    /// # Errors
    /// [`Error::Answer`] (400 where it cannot be renewed, 403 where there is no such token), [`Error::NoAnswer`],
    /// [`Error::Unreadable`].
    pub async fn renew_accessor(&self, accessor: &str, seconds: u64) -> Result<(), Error> {
        let data = json!({ "accessor": accessor, "increment": format!("{seconds}s") });
        self.write("auth/token/renew-accessor", &data).await.map(drop)
    }

    /// Whether there is a token of that accessor.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn has_accessor(&self, accessor: &str) -> Result<bool, Error> {
        match self.write("auth/token/lookup-accessor", &json!({ "accessor": accessor })).await {
            Ok(_) => Ok(true),
            Err(Error::Answer { errors, .. }) if errors.iter().any(|error| error.contains(INVALID)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Revokes the token of that accessor, its children, and every lease of theirs.
    ///
    /// # Errors
    /// [`Error::Answer`] (403 or 500 where there is no such token), [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn revoke_accessor(&self, accessor: &str) -> Result<(), Error> {
        self.write("auth/token/revoke-accessor", &json!({ "accessor": accessor })).await.map(drop)
    }
}
