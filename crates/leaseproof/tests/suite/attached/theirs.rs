//! Somebody else's environment: Vault and PostgreSQL behind TLS, with a secrets engine, a role, a client's policy, and the
//! accounts that leaseproof itself asks for, under exactly the rights that it prints.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leaseproof_postgres::{Login, Session};
use leaseproof_vault::{Client, EncryptionFiles, Reach};
use nix::unistd::chown;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::json;

use crate::support::{Desk, text, workspace};
use leaseproof_testkit::postgres::{Cluster, unprivileged};
use leaseproof_testkit::vault::Vault;

pub(crate) struct Theirs {
    pub(crate) vault: Vault,
    pub(crate) cluster: Cluster,
    pub(crate) desk: Desk,
    pub(crate) scenario: PathBuf,
}

const CREATE: &str = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; \
                      GRANT CONNECT ON DATABASE shop TO \"{{name}}\"; GRANT SELECT ON orders TO \"{{name}}\";";

const CLIENT: &str = r#"
path "database/creds/app" { capabilities = ["read"] }
path "sys/leases/renew"   { capabilities = ["update"] }
path "sys/leases/revoke"  { capabilities = ["update"] }
"#;

const SCENARIO: &str = r#"
title = "Orders, in an environment that already stands"
seed  = 7

[postgres.target]
version = "15"

[client]
policies = ["app-client"]

[promise]
audit                 = true
password_in_logs      = "never"
orphans               = 0
usable_within         = "2s"
dead_within           = "10s"
sessions_after_revoke = "survive"

[account.vaultuser]
superuser  = false
createrole = true

[role.app]
database = "shop"
ttl      = { default = "1h", max = "24h" }
grants   = ["SELECT ON TABLE orders", "CONNECT ON DATABASE shop"]

[lifecycle.app]
role  = "app"
lease = "4s"
query = "SELECT count(*) FROM orders"
renew = { at = "75%", share = 0.3 }
hold_session = { share = 0.3 }
end   = { revoke = 0.6, expire = 0.4 }

[[phase]]
name  = "steady"
rate  = "2/s"
for   = "6s"
mix   = { app = 1 }
drain = "20s"

[attached]
QUIET

[attached.vault]
address = "VAULT"
ca      = "ca.pem"
auth    = { method = "approle", role_id_file = "role-id", secret_id_file = "secret-id" }

[attached.postgres.target]
observer      = "postgres://leaseproof@127.0.0.1:PORT/postgres"
password_file = "observer-password"
ca            = "ca.pem"
"#;

/// PowerDNS, whose setup leaseproof does and takes away.
const OURS: &str = r#"
title   = "PowerDNS, set up in an environment that already stands"
extends = "WORKSPACE/scenarios/powerdns"

[lifecycle.app]
lease = "4s"

[[phase]]
name = "steady"
rate = "2/s"
for  = "6s"

[attached]
setup = "ours"

[attached.vault]
address = "VAULT"
ca      = "ca.pem"
auth    = { method = "approle", role_id_file = "role-id", secret_id_file = "secret-id" }

[attached.postgres.target]
observer               = "postgres://leaseproof@127.0.0.1:PORT/postgres"
password_file          = "observer-password"
operator               = "leaseproof-operator"
operator_password_file = "observer-password"
ca                     = "ca.pem"
"#;

/// What tells this PostgreSQL to encrypt, and to ask everybody but the superuser for a password.
const HBA: &str = "host all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";

impl Theirs {
    /// An environment in which nobody else is at work.
    pub(crate) async fn start() -> Self {
        let theirs = Self::bare().await;
        theirs.write_scenario("quiet = true");
        theirs.set_up().await;
        theirs.let_leaseproof_in("app-client").await;
        // What PUBLIC may by default is not everywhere so.
        let session = Session::open(&theirs.login("postgres")).await.unwrap();
        session.query("REVOKE CONNECT ON DATABASE shop FROM PUBLIC").await.unwrap();
        session.query("GRANT CONNECT ON DATABASE shop TO vaultuser WITH GRANT OPTION").await.unwrap();
        theirs
    }

    /// An environment in which nobody has done anything but let leaseproof in, to do a setup of its own.
    pub(crate) async fn stand_for_ours() -> Self {
        let theirs = Self::bare().await;
        theirs.write(&OURS.replace("WORKSPACE", workspace().to_str().unwrap()));
        theirs.let_leaseproof_in("powerdns-client").await;
        let session = Session::open(&theirs.login("postgres")).await.unwrap();
        session.query("ALTER ROLE \"leaseproof-operator\" PASSWORD 'observer-s3cret'").await.unwrap();
        theirs
    }

    async fn bare() -> Self {
        let desk = Desk::new();
        let scenario = desk.path().join("their-environment");
        std::fs::create_dir(&scenario).unwrap();
        let cluster = Cluster::start().await;
        let (certificate, key) = certificates(&scenario, cluster.folder());
        encrypt(&cluster, &certificate, &key).await;
        let listener = format!("tls_cert_file = \"{}\"\n  tls_key_file = \"{}\"", certificate.display(), key.display());
        let ca = scenario.join("ca.pem");
        let vault = Vault::listening(&listener, |port| client(port, &ca)).await.opened().await;
        let theirs = Self { vault, cluster, desk, scenario };
        theirs.add_foreigners().await;
        theirs
    }

    /// A second cluster, which the same authority vouches for and the same accounts can log in to.
    pub(crate) async fn another_cluster(&self) -> Cluster {
        let other = Cluster::start().await;
        let copy = |name: &str| {
            let path = other.folder().join(name);
            std::fs::copy(self.cluster.folder().join(name), &path).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            if let Some(user) = unprivileged() {
                chown(&path, Some(user.uid), Some(user.gid)).unwrap();
            }
            path
        };
        encrypt(&other, &copy("server.pem"), &copy("server-key.pem")).await;
        let session = Session::open(&other.login("postgres", "postgres")).await.unwrap();
        session.script(&self.printed("postgres")).await.unwrap();
        for account in ["leaseproof", "leaseproof-operator"] {
            session.query(&format!("ALTER ROLE \"{account}\" PASSWORD 'observer-s3cret'")).await.unwrap();
        }
        other
    }

    /// Writes the scenario with that line in `[attached]`.
    pub(crate) fn write_scenario(&self, quiet: &str) {
        self.write(&SCENARIO.replace("QUIET", quiet));
    }

    fn write(&self, scenario: &str) {
        let port = self.cluster.login("postgres", "postgres").port.to_string();
        let text = scenario.replace("VAULT", self.vault.client.address()).replace("PORT", &port);
        std::fs::write(self.scenario.join("scenario.toml"), text).unwrap();
    }

    /// Changes a text of the scenario.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let file = self.scenario.join("scenario.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(&file, text.replace(from, to)).unwrap();
    }

    /// How the superuser logs in.
    pub(crate) fn login(&self, database: &str) -> Login {
        self.cluster.login(database, "postgres")
    }

    /// What their own operators did before anybody heard of leaseproof.
    async fn set_up(&self) {
        let session = Session::open(&self.login("postgres")).await.unwrap();
        session.query("CREATE ROLE vaultuser LOGIN CREATEROLE PASSWORD 'their-own-pw'").await.unwrap();
        session.query("CREATE DATABASE shop").await.unwrap();
        let session = Session::open(&self.login("shop")).await.unwrap();
        session
            .script("CREATE TABLE orders (id int); GRANT SELECT ON orders TO vaultuser WITH GRANT OPTION")
            .await
            .unwrap();
        let root = &self.vault.client;
        root.enable_engine("database", "database").await.unwrap();
        let port = self.login("shop").port;
        let connection = json!({
            "plugin_name": "postgresql-database-plugin",
            "allowed_roles": "app",
            "connection_url": format!("postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{port}/shop?sslmode=require"),
            "username": "vaultuser",
            "password": "their-own-pw",
            "password_authentication": "scram-sha-256",
        });
        root.write("database/config/shop", &connection).await.unwrap();
        let role = json!({ "db_name": "shop", "creation_statements": CREATE, "default_ttl": "1h", "max_ttl": "24h" });
        root.write("database/roles/app", &role).await.unwrap();
        root.write_policy("app-client", CLIENT).await.unwrap();
    }

    /// Does what `leaseproof policy` asks for, and nothing else.
    async fn let_leaseproof_in(&self, policy: &str) {
        let root = &self.vault.client;
        root.write_policy("leaseproof", &self.printed("vault")).await.unwrap();
        root.write("sys/auth/approle", &json!({ "type": "approle" })).await.unwrap();
        let role = json!({
            "token_policies": ["leaseproof", policy], "token_no_default_policy": true, "token_period": "10s",
        });
        root.write("auth/approle/role/leaseproof", &role).await.unwrap();
        let role_id = root.read("auth/approle/role/leaseproof/role-id").await.unwrap();
        let secret_id = root.write("auth/approle/role/leaseproof/secret-id", &json!({})).await.unwrap();
        let write = |name: &str, text: &str| std::fs::write(self.scenario.join(name), text).unwrap();
        write("role-id", role_id.body["data"]["role_id"].as_str().unwrap());
        write("secret-id", secret_id.body["data"]["secret_id"].as_str().unwrap());
        write("observer-password", "observer-s3cret\n");
        let session = Session::open(&self.login("postgres")).await.unwrap();
        session.script(&self.printed("postgres")).await.unwrap();
        session.query("ALTER ROLE leaseproof PASSWORD 'observer-s3cret'").await.unwrap();
    }

    /// What `leaseproof policy` prints for one server.
    fn printed(&self, part: &str) -> String {
        let path = self.scenario.to_str().unwrap();
        let output = self.desk.output(["policy", "--for", "attached", path, "--part", part]);
        assert!(output.status.success(), "{}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The PostgreSQL roles, leases and tokens that are there.
    pub(crate) async fn there(&self) -> (Vec<String>, usize, usize) {
        let session = Session::open(&self.login("postgres")).await.unwrap();
        let names = "SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE rolname !~ '^pg_'";
        let roles = session.value(names).await.unwrap().unwrap_or_default();
        let leases = self.vault.client.leases("database", "app").await.map_or(0, |leases| leases.len());
        let tokens = self.vault.client.list("auth/token/accessors/").await.unwrap().len();
        (roles.split(',').map(str::to_owned).collect(), leases, tokens)
    }

    /// The databases, mounts and policies that are there.
    pub(crate) async fn standing(&self) -> Vec<String> {
        let session = Session::open(&self.login("postgres")).await.unwrap();
        let names = "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database";
        let databases = session.value(names).await.unwrap();
        let mounts = self.vault.client.read("sys/mounts").await.unwrap().body["data"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>();
        let policies = self.vault.client.list("sys/policies/acl/").await.unwrap();
        databases.into_iter().chain(mounts).chain(policies).collect()
    }

    /// Waits until only `before` is there again: what is revoked with its token goes a moment later.
    pub(crate) async fn only(&self, before: &(Vec<String>, usize, usize)) {
        let mut now = self.there().await;
        for _ in 0..100 {
            if now == *before {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            now = self.there().await;
        }
        assert_eq!(now, *before, "something is left");
    }

    /// Arguments of a run here.
    pub(crate) fn run<'a>(&self, more: &[&'a str]) -> Vec<&'a str> {
        ["--environment", "attached", "--allow-writes-to", "127.0.0.1"].iter().chain(more).copied().collect()
    }
}

fn client(port: u16, ca: &Path) -> Client {
    let encryption = Some(EncryptionFiles { root: ca.to_owned(), client: None });
    let address = format!("https://127.0.0.1:{port}");
    Client::reaching(&Reach { address, timeout: Duration::from_secs(20), encryption, namespace: None }).unwrap()
}

/// An authority's certificate in the scenario's folder, and the servers' certificate and key in the cluster's.
fn certificates(scenario: &Path, servers: &Path) -> (PathBuf, PathBuf) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "their authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(scenario.join("ca.pem"), authority.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let file = |name: &str, text: String| {
        let path = servers.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        if let Some(user) = unprivileged() {
            chown(&path, Some(user.uid), Some(user.gid)).unwrap();
        }
        path
    };
    (file("server.pem", certificate.pem()), file("server-key.pem", key.serialize_pem()))
}

async fn encrypt(cluster: &Cluster, certificate: &Path, key: &Path) {
    std::fs::write(cluster.folder().join("data/pg_hba.conf"), HBA).unwrap();
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    for (setting, file) in [("ssl_cert_file", certificate), ("ssl_key_file", key)] {
        session.query(&format!("ALTER SYSTEM SET {setting} = '{}'", file.display())).await.unwrap();
    }
    session.query("ALTER SYSTEM SET ssl = on").await.unwrap();
    session.query("SELECT pg_reload_conf()").await.unwrap();
    for _ in 0..100 {
        if session.value("SHOW ssl").await.unwrap().as_deref() == Some("on") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("PostgreSQL does not encrypt");
}
