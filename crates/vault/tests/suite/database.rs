//! A credential's lifecycle in the database engine, on a real Vault and a real PostgreSQL.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use leaseproof_testkit::vault::Vault;
use leaseproof_vault::Error;
use serde_json::json;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_issued_renewed_looked_up_and_revoked() {
    let postgres = Postgres::start();
    let vault = Vault::open().await;
    let root = &vault.client;
    root.enable_engine("database", "database").await.unwrap();
    let config = json!({
        "plugin_name": "postgresql-database-plugin",
        "allowed_roles": "app",
        "connection_url": format!("postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{}/postgres", postgres.port),
        "username": "postgres",
        "password": "unused",
    });
    postgres.wait_for(async || root.write("database/config/pg", &config).await.map(drop)).await;
    let role = json!({
        "db_name": "pg",
        "creation_statements": "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'",
        "default_ttl": "60s",
        "max_ttl": "90s",
    });
    root.write("database/roles/app", &role).await.unwrap();

    let issued = root.issue("database", "app").await.unwrap();
    assert_eq!((issued.status, issued.lease_seconds, issued.renewable), (200, 60, true));
    assert!(issued.lease.as_str().starts_with("database/creds/app/"), "{issued:?}");
    assert!(!format!("{issued:?}").contains(issued.password.expose()));
    assert_eq!(root.leases("database", "app").await.unwrap(), std::slice::from_ref(&issued.lease));

    let info = root.lookup_lease(&issued.lease).await.unwrap();
    let span = info.expire_time.unwrap().0 - info.issue_time.0;
    assert!((59_000_000..=61_000_000).contains(&span) && info.renewable && info.ttl_seconds > 50, "{info:?}");

    let renewed = root.renew(&issued.lease, Some(8)).await.unwrap();
    assert_eq!((renewed.lease_seconds, renewed.renewable, renewed.warnings.len()), (8, true, 0));
    let capped = root.renew(&issued.lease, Some(3_600)).await.unwrap();
    assert!((80..=90).contains(&capped.lease_seconds), "{capped:?}");
    assert!(capped.warnings[0].contains("exceeded the effective max_ttl"), "{capped:?}");

    assert_eq!(root.revoke(&issued.lease).await.unwrap(), 204);
    assert_eq!(root.leases("database", "app").await.unwrap(), []);
    let gone = root.lookup_lease(&issued.lease).await.unwrap_err();
    assert!(matches!(&gone, Error::Answer { status: 400, errors } if errors == &["invalid lease"]), "{gone}");

    drop(postgres);
    let down = root.issue("database", "app").await.unwrap_err();
    assert_eq!(down.status(), Some(500), "{down}");
}

/// A throw-away cluster that trusts everybody on loopback.
struct Postgres {
    port: u16,
    server: Child,
    _folder: TempDir,
}

impl Postgres {
    fn start() -> Self {
        let bin = ["PG_BIN_DIR"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
        let bin = bin.chain([PathBuf::from("/usr/lib/postgresql/15/bin")]).find(|bin| bin.join("initdb").is_file());
        let bin = bin.expect("PostgreSQL is needed: apt-get install postgresql, or set PG_BIN_DIR");
        let folder = tempfile::Builder::new().prefix("lpvg-").tempdir().unwrap();
        let data = folder.path().join("data");
        // PostgreSQL refuses to run as root: then it runs as the account that its package made.
        let root = folder.path().metadata().unwrap().uid() == 0;
        let account = root.then(account);
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let command = |name: &str| {
            let mut command = Command::new(bin.join(name));
            command.arg("-D").arg(&data).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            if let Some((user, group)) = account {
                command.uid(user).gid(group);
            }
            command
        };
        assert!(command("initdb").args(["-N", "-A", "trust", "-U", "postgres"]).status().unwrap().success());
        let port = leaseproof_testkit::ports::free_port();
        let settings = [format!("port={port}"), "listen_addresses=127.0.0.1".into(), "unix_socket_directories=".into()];
        let mut postgres = command("postgres");
        for setting in settings {
            postgres.args(["-c", &setting]);
        }
        Self { port, server: postgres.spawn().unwrap(), _folder: folder }
    }

    /// Tries until PostgreSQL takes connections.
    async fn wait_for(&self, ask: impl AsyncFn() -> Result<(), Error>) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Err(error) = ask().await {
            assert!(Instant::now() < deadline, "{error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT ends the postmaster and its children at once; SIGKILL would leave them behind.
        let pid = self.server.id().to_string();
        let _gone_already = Command::new("kill").args(["-QUIT", &pid]).status();
        let _gone_already = self.server.wait();
    }
}

/// User and group of the `postgres` account.
fn account() -> (u32, u32) {
    let passwd = std::fs::read_to_string(Path::new("/etc/passwd")).unwrap();
    let line = passwd.lines().find(|line| line.starts_with("postgres:"));
    let fields: Vec<&str> = line.expect("as root, a `postgres` account is needed").split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}
