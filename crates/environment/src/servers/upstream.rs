//! How a standby reaches its primary, and whether it does.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use leaseproof_domain::{Origin, Redactor, Secret};
use leaseproof_postgres::Session;
use leaseproof_scenario::PostgresPlan;

use crate::EnvironmentError;
use crate::launch::context::LaunchContext;
use crate::launch::tls::CertificateFiles;
use crate::launch::wait::Tries;
use crate::servers::configuration::{OBSERVER, quoted};
use crate::servers::server::Server;

/// How long a standby may take to stream.
const STREAMING: Duration = Duration::from_secs(30);
/// How often that is asked.
const TRY: Duration = Duration::from_millis(20);

/// As whom standbys log in to their primary.
#[derive(Clone)]
pub(crate) struct Replicates {
    pub(crate) user: String,
    pub(crate) password: Secret,
}

impl Replicates {
    /// The harness's own account.
    pub(crate) fn harness(observer: &Secret) -> Self {
        Self { user: OBSERVER.to_owned(), password: observer.clone() }
    }
}

/// The account that the scenario names, and whether standbys use it already.
pub(crate) struct SaidAccount {
    pub(crate) login: Replicates,
    /// The line of `replicate_as`.
    pub(crate) origin: Origin,
    pub(crate) in_force: AtomicBool,
}

impl SaidAccount {
    pub(crate) fn of(plan: &PostgresPlan, redactor: &Redactor) -> Option<Self> {
        let account = plan.replicate_as.as_ref()?;
        let password = Secret::new(account.password.expose());
        redactor.add_fixed(password.clone());
        let (login, origin) = (Replicates { user: account.user.clone(), password }, account.origin.clone());
        Some(Self { login, origin, in_force: AtomicBool::new(false) })
    }
}

/// A value of a connection string (libpq, "Keyword/Value Connection Strings").
fn value(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Where a standby streams from (`primary_conninfo`).
pub(crate) fn upstream(
    standby: &str,
    port: u16,
    login: &Replicates,
    certificate_files: Option<&CertificateFiles>,
) -> Secret {
    let sure = certificate_files.map_or_else(String::new, |certificate_files| {
        format!(" sslmode=verify-full sslrootcert={}", quoted(&certificate_files.ca.to_string_lossy()))
    });
    Secret::new(format!(
        "host=127.0.0.1 port={port} user={} password={} application_name={}{sure}",
        value(&login.user),
        value(login.password.expose()),
        standby.replace('.', "_")
    ))
}

/// Waits until that many standbys stream from the primary of the cluster.
pub(crate) async fn streaming(
    cluster: &str,
    primary: &Server,
    standbys: usize,
    context: &LaunchContext,
) -> Result<(), EnvironmentError> {
    streaming_as(cluster, primary, standbys, None, context).await
}

/// Waits until that many standbys stream, with that account where one is given.
pub(crate) async fn streaming_as(
    cluster: &str,
    primary: &Server,
    standbys: usize,
    user: Option<&str>,
    context: &LaunchContext,
) -> Result<(), EnvironmentError> {
    let failed = |source| EnvironmentError::Postgres { server: cluster.to_owned(), doing: "read its standbys", source };
    let and = user.map(|user| format!(" AND usename = E{}", quoted(user))).unwrap_or_default();
    let sql = format!("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'{and}");
    let session = Session::open(&primary.observer_login("postgres")).await.map_err(failed)?;
    let tries = Tries::new(STREAMING, TRY);
    loop {
        let now = session.value(&sql).await.map_err(failed)?.unwrap_or_default();
        if now == standbys.to_string() {
            return Ok(());
        }
        if !tries.again().await {
            let why = format!("{now} of {standbys} standbys stream after {} s", STREAMING.as_secs());
            return Err(context.not_started(cluster, why, &primary.child));
        }
    }
}
