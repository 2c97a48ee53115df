//! What the facts of a failover of PostgreSQL share.

use std::time::{Duration, Instant};

use leaseproof_environment::{Bare, Layout, Replication, TARGET};

use crate::proof::Obstacle;
use crate::{Expect, FactContext};

/// How long after the promotion creds may fail: HAProxy asks every 100 ms to 500 ms, and the machine may be busy.
const AGAIN: Duration = Duration::from_secs(20);

/// The server that is the primary at first.
pub(super) const PRIMARY: &str = "postgres.target.1";

/// A primary and a synchronous standby behind HAProxy. A promotion does not wait for the standby's next try to connect.
pub(super) fn replicated(bare: &mut Bare) {
    bare.layout = Layout::HaproxyHa { standbys: 1, replication: Replication::RemoteApply };
    bare.settings.insert("wal_retrieve_retry_interval".to_owned(), "500ms".to_owned());
}

/// A connection URL that names both servers, the first primary first, with more parameters.
pub(super) fn both_servers(context: &mut FactContext, more: &str) -> String {
    let ports = context.environment().member_ports(TARGET);
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let (hosts, database) = (hosts.join(","), context.account());
    format!("postgresql://{{{{username}}}}:{{{{password}}}}@{hosts}/{database}?sslmode=disable{more}")
}

/// Asks for credentials of a role until they are answered, and records how that ended.
pub(super) async fn again(context: &mut FactContext, role: &str) -> Result<(), Obstacle> {
    let begun = Instant::now();
    let mut answer = context.issue(role).await;
    while answer.is_err() && begun.elapsed() < AGAIN {
        tokio::time::sleep(Duration::from_millis(50)).await;
        answer = context.issue(role).await;
    }
    let what = format!("creds of `{role}`, asked until they came, for {:.1} s", begun.elapsed().as_secs_f64());
    context.answers(what, &answer, Expect::status(200));
    Ok(())
}
