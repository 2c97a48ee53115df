//! As whom the harness works in an environment that is not its own.

use std::time::Duration;

use leaseproof_domain::{Redactor, Secret};
use leaseproof_history::Entry;
use leaseproof_postgres::{Encryption, EncryptionFiles, Login};
use leaseproof_scenario::{AttachedAuth, AttachedFiles, AttachedPlan, AttachedPostgres};
use leaseproof_vault::{Client, Credentials, Reach};

use super::traces::Traces;
use super::{AttachError, REQUEST, secrets};
use crate::setup::sql::STATEMENT;

/// A PostgreSQL cluster, as it is reached.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) observer: Login,
    /// As whom the setup is done, where it is leaseproof's.
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

    /// As whom the setup is done.
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
            application_name: "leaseproof setup".to_owned(),
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
    /// The accessor of the token that the login made; none where the token was given.
    pub(super) accessor: Option<String>,
}

/// Logs in to Vault, if it honors the scenario's namespace. A token that this makes is in the ledger of `traces` before it
/// is used; where that cannot be written, the token is revoked again.
pub(super) async fn log_in(
    attached: &AttachedPlan,
    reach: &Reach,
    redactor: &Redactor,
    traces: &Traces,
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
    // Before any secret is sent there.
    if !vault.honors_namespace().await.map_err(failed("say whether it has namespaces"))? {
        return Err(AttachError::NoNamespaces {
            origin: attached.vault.namespace_origin.clone().unwrap_or_else(|| attached.origin.clone()),
            address: address.clone(),
            version: health.version,
            namespace: attached.vault.namespace.clone().unwrap_or_default(),
        });
    }
    let (vault, made) = vault.log_in_noting(&credentials).await.map_err(failed("let the harness in"))?;
    if let Some(token) = vault.token() {
        redactor.add_fixed(token.clone());
    }
    let logged_in = LoggedIn {
        vault,
        cluster_id: health.cluster_id,
        accessor: made.as_ref().map(|(accessor, _)| accessor.clone()),
    };
    if let Some((accessor, ttl)) = made {
        let (cluster_id, namespace) = (logged_in.cluster_id.clone(), attached.vault.namespace.clone());
        let at = Entry::Attached { vault: address.clone(), cluster_id, namespace };
        if let Err(why) = traces.logged_in(at, address, &accessor, ttl) {
            logged_in.log_out(attached, traces).await;
            return Err(why.into());
        }
    }
    Ok(logged_in)
}

impl LoggedIn {
    /// Ends the login. What cannot be ended stays in `traces`.
    pub(super) async fn log_out(&self, attached: &AttachedPlan, traces: &Traces) {
        log_out(attached, &self.vault, self.accessor.as_deref(), traces).await;
    }
}

/// Ends the harness's own login. One that was given is not ours to revoke, and one that has ended is refused (403). What
/// cannot be ended stays in `traces`.
pub(super) async fn log_out(attached: &AttachedPlan, vault: &Client, accessor: Option<&str>, traces: &Traces) {
    if matches!(attached.vault.auth, AttachedAuth::Token { .. }) {
        return;
    }
    let is_over =
        vault.revoke_self().await.is_ok() || vault.own_token().await.is_err_and(|why| why.status() == Some(403));
    if let Some(accessor) = accessor.filter(|_| is_over) {
        traces.logged_out(accessor);
    }
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
