//! What the facts of a failover of PostgreSQL share.

use leaseproof_estate::{Bare, Layout, Replication, TARGET};

use crate::Bench;

/// The server that is the primary at first.
pub(super) const PRIMARY: &str = "postgres.target.1";

/// A primary and a synchronous standby behind HAProxy. A promotion does not wait for the standby's next try to connect.
pub(super) fn replicated(bare: &mut Bare) {
    bare.layout = Layout::HaproxyHa { standbys: 1, replication: Replication::RemoteApply };
    bare.settings.insert("wal_retrieve_retry_interval".to_owned(), "500ms".to_owned());
}

/// A connection URL that names both servers, the first primary first, with more parameters.
pub(super) fn both_servers(bench: &mut Bench, more: &str) -> String {
    let ports = bench.estate().member_ports(TARGET);
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let (hosts, database) = (hosts.join(","), bench.account());
    format!("postgresql://{{{{username}}}}:{{{{password}}}}@{hosts}/{database}?sslmode=disable{more}")
}
