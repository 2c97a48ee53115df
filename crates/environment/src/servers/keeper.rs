use std::ffi::OsString;
use std::path::{Path, PathBuf};

use leaseproof_domain::Secret;
use leaseproof_scenario::{PatroniTiming, PostgresPlan, Replication};
use serde_json::{Value, json};

use crate::EnvironmentError;
use crate::launch::context::LaunchContext;
use crate::launch::find::Places;
use crate::launch::folder;
use crate::launch::program::{PostgresPrograms, Sought};
use crate::servers::configuration::{KEPT_WAL, OBSERVER, is_ours};

pub(crate) const PATRONI: Sought = Sought {
    name: "patroni",
    called: "Patroni",
    setting: "PATRONI_BIN",
    get: "apt-get install patroni python3-etcd",
    version: "--version",
};

/// What every Patroni of a cluster is reported.
pub(crate) struct Keeping {
    program: PathBuf,
    /// `postgres.<cluster>`.
    cluster: String,
    etcd: u16,
    /// Settings that Patroni keeps in etcd, and gives every member.
    dynamic: Value,
}

/// The Patroni before one server: how it is started.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    pub(crate) program: PathBuf,
    /// Where it works; not the server's data, which it may replace.
    pub(crate) home: PathBuf,
    file: PathBuf,
    /// Where its REST interface listens.
    pub(crate) rest: u16,
}

impl Keeping {
    /// What all servers of the cluster have in common, which keeps its lock in the etcd at that port.
    pub(crate) fn new(
        cluster: &str,
        plan: &PostgresPlan,
        (standbys, replication): (usize, Replication),
        timing: PatroniTiming,
        etcd: u16,
    ) -> Result<Self, EnvironmentError> {
        let program = Places::here().named(&PATRONI)?.path;
        let dynamic = dynamic(plan, standbys, replication, timing);
        Ok(Self { program, cluster: cluster.to_owned(), etcd, dynamic })
    }

    /// Writes the configuration of the Patroni before a server that listens on `port`.
    pub(crate) fn keeper(
        &self,
        server: &str,
        port: u16,
        (data, programs): (&Path, &PostgresPrograms),
        observer: &Secret,
        context: &LaunchContext,
    ) -> Result<Keeper, EnvironmentError> {
        let no_port = || EnvironmentError::NoFreePort { server: server.to_owned(), tried: crate::launch::ports::TRIES };
        let rest = context.ports.free().ok_or_else(no_port)?;
        let home = context.folder.join(format!("patroni of {server}"));
        if !home.exists() {
            folder::make(&home, 0o700, context.account)?;
        }
        let account = json!({ "username": OBSERVER, "password": observer.expose() });
        // YAML takes JSON.
        let text = json!({
            "scope": self.cluster,
            "name": member(server),
            "etcd3": { "host": format!("127.0.0.1:{}", self.etcd) },
            "restapi": { "listen": format!("127.0.0.1:{rest}"), "connect_address": format!("127.0.0.1:{rest}") },
            "bootstrap": { "dcs": self.dynamic },
            "watchdog": { "mode": "off" },
            "postgresql": {
                "listen": format!("127.0.0.1:{port}"),
                "connect_address": format!("127.0.0.1:{port}"),
                "data_dir": data,
                "bin_dir": programs.bin,
                "pgpass": home.join("pgpass"),
                "authentication": { "superuser": account, "replication": account, "rewind": account },
                "basebackup": [{ "checkpoint": "fast" }],
                "remove_data_directory_on_rewind_failure": true,
                "remove_data_directory_on_diverged_timelines": true,
            },
        });
        let file = home.join("patroni.yml");
        folder::write(&file, &format!("{text:#}\n"), 0o600, context.account)?;
        Ok(Keeper { program: self.program.clone(), home, file, rest })
    }
}

impl Keeper {
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        vec![self.file.clone().into()]
    }
}

/// What Patroni calls a server; PostgreSQL calls it so as a standby (application_name).
pub(crate) fn member(server: &str) -> String {
    server.replace('.', "_")
}

/// The replication slot of a member (patroni/dcs, slot_name_from_member_name), of a name of letters, digits and `_`.
pub(crate) fn slot(server: &str) -> String {
    member(server).to_lowercase()
}

/// Patroni's dynamic configuration. Patroni takes settings that PostgreSQL needs at its start only from here.
fn dynamic(plan: &PostgresPlan, standbys: usize, replication: Replication, timing: PatroniTiming) -> Value {
    let settings = plan.settings.iter().filter(|(name, _)| !is_ours(name));
    let mut parameters: serde_json::Map<String, Value> =
        settings.map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
    parameters.entry("wal_keep_size").or_insert_with(|| KEPT_WAL.into());
    let synchronous = replication == Replication::RemoteApply;
    if synchronous {
        parameters.insert("synchronous_commit".to_owned(), "remote_apply".into());
    }
    json!({
        "ttl": timing.ttl,
        "loop_wait": timing.loop_wait,
        "retry_timeout": timing.retry_timeout,
        "synchronous_mode": synchronous,
        "synchronous_node_count": standbys,
        "postgresql": { "use_pg_rewind": true, "use_slots": true, "parameters": parameters },
    })
}
