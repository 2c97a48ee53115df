//! What the tests of an environment share: a tiny plan written by hand, and a place of its own for each test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use leaseproof_domain::{Origin, Redactor, Secret, Ttl};
use leaseproof_environment::{Environment, EnvironmentError, StartOptions};
use leaseproof_history::Ledger;
use leaseproof_scenario::{
    ClientPlan, ContainersPlan, EnvironmentPromise, Plan, PostgresPlan, Setting, SettingValue, SetupAction, SetupStep,
    VaultPlan, VaultStorage, Warnings,
};

/// The password of the bootstrap superuser in these tests.
pub(crate) const BOOTSTRAP: &str = "bootstrap-it's-\\secret";

/// A line of a scenario that is not written anywhere.
pub(crate) fn line(line: u32) -> Origin {
    Origin { file: "scenario.toml".to_owned(), line, column: 1 }
}

/// One Vault with an audit log and one PostgreSQL 15, no setup, no promise.
pub(crate) fn plan() -> Plan {
    let cluster = PostgresPlan {
        clock: 0,
        replicate_as: None,
        lines: BTreeMap::new(),
        layout: leaseproof_scenario::Layout::Standalone,
        version: "15".to_owned(),
        hba: Some("host all all 127.0.0.1/32 md5\n".to_owned()),
        settings: BTreeMap::from([("unix_socket_directories".to_owned(), "/tmp".to_owned())]),
        tls: false,
        superuser: "postgres".to_owned(),
        password: Setting::Secret(Secret::new(BOOTSTRAP)),
        port: None,
        origin: line(2),
    };
    Plan {
        name: "tiny".to_owned(),
        title: "A tiny environment".to_owned(),
        runbook: None,
        seed: 1,
        vault: VaultPlan {
            nodes: 1,
            postgresql: None,
            storage: VaultStorage::Inmem,
            tls: false,
            audit: true,
            default_lease_ttl: None,
            max_lease_ttl: None,
            port: None,
            origin: line(1),
        },
        postgres: BTreeMap::from([("target".to_owned(), cluster)]),
        warnings: Vec::new(),
        setup: Vec::new(),
        client: ClientPlan {
            policies: vec!["tiny-client".to_owned()],
            forbidden: "sys/policies/acl".to_owned(),
            timeout: Ttl::from_secs(10),
            in_flight: 10,
        },
        promise: EnvironmentPromise::default(),
        accounts: Vec::new(),
        roles: Vec::new(),
        lifecycles: Vec::new(),
        phases: Vec::new(),
        thresholds: Vec::new(),
        known_issues: Vec::new(),
        tampering: vec![],
        faults: Vec::new(),
        actions: Vec::new(),
        asks: Vec::new(),
        environment: leaseproof_scenario::EnvironmentKind::Processes,
        containers: ContainersPlan::default(),
        attached: None,
        pdns: None,
        left_out: vec![],
        not_requested: vec![],
    }
}

/// A step at the next line.
pub(crate) fn step(action: SetupAction, at: u32) -> SetupStep {
    SetupStep {
        name: None,
        action,
        warnings: Warnings::Report,
        expect: None,
        origin: line(at),
        keys: std::collections::BTreeMap::new(),
    }
}

/// A step of SQL as the bootstrap superuser.
pub(crate) fn sql(text: &str, database: &str, at: u32) -> SetupStep {
    let action = SetupAction::Sql {
        file: Some("init.sql".to_owned()),
        text: text.to_owned(),
        on: "target".to_owned(),
        database: database.to_owned(),
        user: None,
        password: None,
    };
    step(action, at)
}

/// A `vault write`.
pub(crate) fn write(path: &str, data: &[(&str, &str)], at: u32) -> SetupStep {
    let value = |(key, value): &(&str, &str)| {
        let setting =
            if *key == "password" { Setting::Secret(Secret::new(*value)) } else { Setting::Text((*value).to_owned()) };
        ((*key).to_owned(), SettingValue::Text(setting))
    };
    step(SetupAction::Write { path: path.to_owned(), data: data.iter().map(value).collect() }, at)
}

/// A folder of a test's own, with a ledger and its index in it.
pub(crate) struct Place {
    pub(crate) run: String,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) ledger: Ledger,
    pub(crate) redactor: Arc<Redactor>,
}

impl Place {
    /// A new one; its run is named after this process, so that tests at the same time do not meet.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self::of(format!("test-{}-{number}", std::process::id()), tempfile::tempdir().unwrap())
    }

    fn of(run: String, folder: tempfile::TempDir) -> Self {
        use std::os::unix::fs::PermissionsExt;
        // PostgreSQL runs as another user under root and has to pass.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let ledger = Ledger::create_in(&index(folder.path()), &folder.path().join("ledger.jsonl"), &run).unwrap();
        Self { run, folder, ledger, redactor: Arc::new(Redactor::new()) }
    }

    pub(crate) fn private_folder(&self) -> PathBuf {
        self.folder.path().join(format!("leaseproof-{}", self.run))
    }

    /// Stands that plan up here.
    pub(crate) async fn start(&self, plan: &Plan) -> Result<Environment, EnvironmentError> {
        let options = StartOptions { run: self.run.clone(), parent: self.folder.path().to_owned() };
        Environment::start(plan, &options, None, &self.ledger, &self.redactor).await
    }

    /// What is left of the run: marked processes, the private folder, sockets in /tmp.
    pub(crate) fn left(&self) -> Vec<String> {
        let mut left: Vec<String> = marked(&self.run).into_iter().map(|pid| format!("pid {pid}")).collect();
        left.extend(self.private_folder().exists().then(|| "the private folder".to_owned()));
        let text = std::fs::read_to_string(self.folder.path().join("ledger.jsonl")).unwrap();
        let entries = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let files = entries.filter_map(|entry| Some(PathBuf::from(entry.get("path")?.as_str()?)));
        left.extend(files.filter(|file| file.exists()).map(|file| file.display().to_string()));
        left
    }
}

fn index(folder: &Path) -> PathBuf {
    folder.join("index")
}

/// Processes, zombies aside, with the run's marker in their environment.
pub(crate) fn marked(run: &str) -> Vec<u32> {
    let marker = format!("LEASEPROOF_RUN={run}");
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == marker.as_bytes())
        })
        .collect()
}
