//! Every session of a cluster is terminated, as by a restart of a pooler or by an administrator.

use leaseproof_domain::count;
use leaseproof_postgres::Session;

use super::{Done, Heal, Healed, Tell};
use crate::{Environment, EnvironmentError};

/// Sessions of clients, without those of the harness's own account.
const TERMINATE: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                         WHERE backend_type = 'client backend' AND usename <> current_user";

struct Terminated;

pub(super) async fn inject(environment: &mut Environment, on: &str) -> Done {
    let server = environment.server_of(on).await?;
    let login = environment.member(&server).observer_login("postgres");
    let failed =
        |source| EnvironmentError::Postgres { server: server.clone(), doing: "terminate its sessions", source };
    let session = Session::open(&login).await.map_err(failed)?;
    let terminated = session.value(TERMINATE).await.map_err(failed)?;
    session.close().await;
    let terminated = terminated.and_then(|number| number.parse().ok()).unwrap_or(0);
    Ok(Terminated.done(format!("{server}: {} terminated", count(terminated, "session"))))
}

impl Heal for Terminated {
    /// New sessions can be opened from the beginning.
    async fn heal(self, _environment: &mut Environment, _tell: Tell<'_>) -> Healed {
        Ok(None)
    }
}
