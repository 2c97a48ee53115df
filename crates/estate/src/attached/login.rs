//! As whom the harness works in an estate that is not its own.

use std::time::Duration;

use leaseproof_domain::{Redactor, Secret};
use leaseproof_postgres::{Encryption, EncryptionFiles, Login};
use leaseproof_scenario::{AttachedAuth, AttachedFiles, AttachedPlan, AttachedPostgres};
use leaseproof_vault::{Client, Credentials, Reach};

use super::{AttachError, REQUEST, secrets};
use crate::setup::sql::STATEMENT;

/// A PostgreSQL cluster, as it is reached.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) observer: Login,
    /// As whom the set-up is done, where it is leaseproof's.
    pub(super) operator: Option<(String, Option<Secret>)>,
    pub(super) endpoints: Vec<(String, u16)>,
}

impl Cluster {
    /// How it is reached, its observer's password read.
    pub(super) fn of(name: &str, said: &AttachedPostgres, redactor: &Redactor) -> Result<Self, AttachError> {
        let password = match &said.password {
            Some(source) => Some(secrets::read("the observer's password", source, redactor)?),
            None => None,
        };
        let encryption = match &said.encryption {
            Some(AttachedFiles { ca, client }) => {
                let files = EncryptionFiles { root: ca.clone(), client: client.clone() };
                let failed = |source| AttachError::Encryption { cluster: name.to_owned(), source };
                Some(Encryption::new(files).map_err(failed)?)
            }
            None => None,
        };
        let observer = Login {
            host: said.at.0.clone(),
            port: said.at.1,
            database: said.database.clone(),
            user: said.observer.clone(),
            password,
            application_name: "leaseproof".to_owned(),
            timeout: REQUEST,
            encryption,
        };
        let operator = match (&said.operator, &said.operator_password) {
            (Some(name), Some(source)) => {
                Some((name.clone(), Some(secrets::read("the operator's password", source, redactor)?)))
            }
            (Some(name), None) => Some((name.clone(), None)),
            (None, _) => None,
        };
        Ok(Self { observer, operator, endpoints: said.endpoints.clone() })
    }

    /// Its host and port.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.observer.host, self.observer.port)
    }

    /// As whom the set-up is done.
    pub(super) fn account(&self) -> &str {
        self.operator.as_ref().map_or(&self.observer.user, |(name, _)| name)
    }

    /// How the operator logs in to a database.
    pub(super) fn operator(&self, database: &str) -> Login {
        let (user, password) =
            self.operator.clone().unwrap_or_else(|| (self.observer.user.clone(), self.observer.password.clone()));
        Login {
            database: database.to_owned(),
            user,
            password,
            application_name: "leaseproof set-up".to_owned(),
            timeout: STATEMENT,
            ..self.observer.clone()
        }
    }
}

/// How Vault is reached.
pub(super) fn reach(attached: &AttachedPlan, timeout: Duration) -> Reach {
    let files = |files: &AttachedFiles| leaseproof_vault::EncryptionFiles {
        root: files.ca.clone(),
        client: files.client.clone(),
    };
    Reach {
        address: attached.vault.address.clone(),
        timeout,
        encryption: attached.vault.encryption.as_ref().map(files),
        namespace: attached.vault.namespace.clone(),
    }
}

/// Vault with the harness's own token.
pub(super) struct LoggedIn {
    pub(super) vault: Client,
    /// Which Vault it is.
    pub(super) cluster_id: Option<String>,
}

/// Logs in to Vault. Where that makes a token, `note` gets the cluster id, the token's accessor and its TTL in seconds
/// before the token is used; where it fails, the token is revoked again.
pub(super) async fn log_in(
    attached: &AttachedPlan,
    reach: &Reach,
    redactor: &Redactor,
    note: impl FnOnce(Option<String>, &str, u64) -> Result<(), leaseproof_history::Error>,
) -> Result<LoggedIn, AttachError> {
    super::in_clear(attached)?;
    let address = &attached.vault.address;
    let failed = |doing: &'static str| move |source| AttachError::Vault { address: address.clone(), doing, source };
    let credentials = credentials(&attached.vault.auth, redactor)?;
    let vault = Client::reaching(reach).map_err(failed("be reached"))?;
    let health = vault.health().await.map_err(failed("be asked how it is"))?;
    if health.sealed {
        return Err(AttachError::Sealed { address: address.clone() });
    }
    let (vault, made) = vault.log_in_noting(&credentials).await.map_err(failed("let the harness in"))?;
    if let Some((accessor, ttl)) = made
        && let Err(why) = note(health.cluster_id.clone(), &accessor, ttl)
    {
        log_out(attached, &vault).await;
        return Err(why.into());
    }
    if let Some(token) = vault.token() {
        redactor.add_fixed(token.clone());
    }
    Ok(LoggedIn { vault, cluster_id: health.cluster_id })
}

/// Refuses a Vault that ignores the scenario's namespace, before any secret is sent there.
pub(super) async fn honors_namespace(attached: &AttachedPlan, reach: &Reach) -> Result<(), AttachError> {
    let address = &attached.vault.address;
    let failed = |doing: &'static str| move |source| AttachError::Vault { address: address.clone(), doing, source };
    let vault = Client::reaching(reach).map_err(failed("be reached"))?;
    if vault.honors_namespace().await.map_err(failed("say whether it has namespaces"))? {
        return Ok(());
    }
    Err(AttachError::NoNamespaces {
        origin: attached.vault.namespace_origin.clone().unwrap_or_else(|| attached.origin.clone()),
        address: address.clone(),
        version: vault.health().await.map_err(failed("be asked how it is"))?.version,
        namespace: attached.vault.namespace.clone().unwrap_or_default(),
    })
}

/// Ends the harness's own login. One that was given is not ours to revoke, and one that has ended is refused (403). True
/// where it is over.
pub(super) async fn log_out(attached: &AttachedPlan, vault: &Client) -> bool {
    if matches!(attached.vault.auth, AttachedAuth::Token { .. }) {
        return true;
    }
    vault.revoke_self().await.is_ok_and(|()| true)
        || vault.own_token().await.is_err_and(|why| why.status() == Some(403))
}

fn credentials(auth: &AttachedAuth, redactor: &Redactor) -> Result<Credentials, AttachError> {
    let read = |what: &'static str, source| secrets::read(what, source, redactor);
    Ok(match auth {
        AttachedAuth::Token { token } => Credentials::Token(read("the harness's Vault token", token)?),
        AttachedAuth::AppRole { mount, role_id, secret_id } => Credentials::AppRole {
            mount: mount.clone(),
            role_id: read("the role id", role_id)?.expose().to_owned(),
            secret_id: read("the secret id", secret_id)?,
        },
        AttachedAuth::Userpass { mount, user, password } => Credentials::Userpass {
            mount: mount.clone(),
            user: user.clone(),
            password: read("the harness's Vault password", password)?,
        },
    })
}
