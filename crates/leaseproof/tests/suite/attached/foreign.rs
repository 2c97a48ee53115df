//! What belongs to other people in an environment that already stands, with names that are easily taken for the run's own:
//! an observation of all of it, to be compared before, during and after a run.

use leaseproof_postgres::Session;
use leaseproof_vault::TokenRequest;
use serde_json::json;

use super::theirs::Theirs;

/// Roles and databases of others. Some look like Vault's credentials, some like what a run makes, some differ from a
/// setup's by one sign only.
const IN_POSTGRES: &str = r#"
CREATE ROLE "Vaultuser" LOGIN CREATEROLE PASSWORD 'their-own-pw';
CREATE ROLE vaultuser_old;
CREATE ROLE "netdata " LOGIN;
CREATE ROLE "powerdns" CONNECTION LIMIT 3;
CREATE ROLE "v-token-le-app-aaaaaaaaaaaaaaaaaaaa-1700000000" LOGIN VALID UNTIL '2031-01-01' IN ROLE vaultuser_old;
CREATE ROLE "leaseproof-20260101T000000Z-abcd-0" NOLOGIN;
GRANT "Vaultuser" TO "powerdns" WITH ADMIN OPTION;
GRANT pg_monitor TO "netdata ";
ALTER ROLE "Vaultuser" SET work_mem = '7MB';
COMMENT ON ROLE vaultuser_old IS 'made by leaseproof, run 20260101T000000Z-abcd';
"#;

const DATABASES: [&str; 4] = ["Powerdns", "powerdns_old", "shop2", "leaseproof-20260101T000000Z-abcd-0"];

const IN_A_DATABASE: &str = r#"
CREATE SCHEMA kept AUTHORIZATION vaultuser_old;
CREATE TABLE kept.domains (id int);
INSERT INTO kept.domains VALUES (1), (2);
GRANT SELECT ON kept.domains TO "Vaultuser", "v-token-le-app-aaaaaaaaaaaaaaaaaaaa-1700000000";
ALTER DEFAULT PRIVILEGES FOR ROLE vaultuser_old IN SCHEMA kept GRANT SELECT ON TABLES TO "netdata ";
"#;

/// A cluster's catalogs, a line a row, without what is PostgreSQL's own.
const CATALOGS: &str = "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (\
    SELECT 'role ' || (r - 'rolpassword')::text AS line FROM (SELECT to_jsonb(x) r FROM pg_roles x) y \
    UNION ALL SELECT 'database ' || (to_jsonb(d) - 'datfrozenxid' - 'datminmxid')::text FROM pg_database d \
    UNION ALL SELECT 'member ' || to_jsonb(m)::text FROM pg_auth_members m \
    UNION ALL SELECT 'setting ' || to_jsonb(s)::text FROM pg_db_role_setting s \
    UNION ALL SELECT 'comment ' || to_jsonb(c)::text FROM pg_shdescription c \
    UNION ALL SELECT 'secret ' || rolname || ' ' || md5(coalesce(rolpassword, '')) FROM pg_authid) z";

const IN_DATABASES: &str = "SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') FROM (\
    SELECT 'class ' || n.nspname || '.' || c.relname || ' ' || c.relowner || ' ' || coalesce(c.relacl::text, '') AS line \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^(pg_|information_schema)' \
    UNION ALL SELECT 'schema ' || nspname || ' ' || nspowner || ' ' || coalesce(nspacl::text, '') FROM pg_namespace \
    WHERE nspname !~ '^pg_' \
    UNION ALL SELECT 'default ' || (to_jsonb(d) - 'oid')::text FROM pg_default_acl d \
    UNION ALL SELECT 'function ' || proname || ' ' || proowner FROM pg_proc WHERE oid > 16383) z";

impl Theirs {
    /// Puts others' things there.
    pub(crate) async fn add_foreigners(&self) {
        let session = Session::open(&self.login("postgres")).await.unwrap();
        session.script(IN_POSTGRES).await.unwrap();
        for name in DATABASES {
            session.query(&format!("CREATE DATABASE \"{name}\" OWNER \"Vaultuser\"")).await.unwrap();
        }
        session.query("GRANT CONNECT ON DATABASE \"Powerdns\" TO \"netdata \"").await.unwrap();
        session.query("ALTER DATABASE powerdns_old SET work_mem = '9MB'").await.unwrap();
        let inside = Session::open(&self.login("Powerdns")).await.unwrap();
        inside.script(IN_A_DATABASE).await.unwrap();
        let root = &self.vault.client;
        for mount in ["database-old", "databases", "data"] {
            root.enable_engine(mount, if mount == "data" { "kv" } else { "database" }).await.unwrap();
        }
        root.write("data/shop", &json!({ "theirs": "kept" })).await.unwrap();
        let port = self.login("shop").port;
        let connection = json!({
            "plugin_name": "postgresql-database-plugin", "allowed_roles": "*", "username": "Vaultuser",
            "password": "their-own-pw", "password_authentication": "scram-sha-256",
            "connection_url": format!("postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{port}/Powerdns?sslmode=require"),
        });
        root.write("database-old/config/shop", &connection).await.unwrap();
        let create = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'";
        for role in ["app", "powerdns-role"] {
            let role_of =
                json!({ "db_name": "shop", "creation_statements": create, "default_ttl": "2h", "max_ttl": "24h" });
            root.write(&format!("database-old/roles/{role}"), &role_of).await.unwrap();
            root.issue("database-old", role).await.unwrap();
        }
        for policy in ["app-client-2", "powerdns-client2", "leaseproof-20260101T000000Z-abcd"] {
            let rules =
                "# made by leaseproof, run 20260101T000000Z-abcd\npath \"data/*\" { capabilities = [\"read\"] }";
            root.write_policy(policy, rules).await.unwrap();
        }
        let request = TokenRequest {
            policies: vec!["app-client-2".to_owned()],
            display_name: "leaseproof".to_owned(),
            ttl_seconds: 7200,
            renewable: false,
        };
        root.create_token(&request).await.unwrap();
    }

    /// Everything that is there, a line a thing, tokens and leases of the roles under test aside.
    pub(crate) async fn observation(&self) -> Vec<String> {
        let session = Session::open(&self.login("postgres")).await.unwrap();
        let lines = |text: Option<String>| text.unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
        let mut all = lines(session.value(CATALOGS).await.unwrap());
        let names = "SELECT string_agg(datname, E'\\n' ORDER BY datname) FROM pg_database WHERE datallowconn";
        for name in lines(session.value(names).await.unwrap()) {
            // It may be gone by now.
            let Ok(inside) = Session::open(&self.login(&name)).await else { continue };
            let found = lines(inside.value(IN_DATABASES).await.unwrap_or_default());
            all.extend(found.into_iter().map(|line| format!("{name}: {line}")));
        }
        all.extend(self.observe_vault().await);
        all
    }

    async fn observe_vault(&self) -> Vec<String> {
        let root = &self.vault.client;
        let mounts = root.read("sys/mounts").await.unwrap().body["data"].as_object().unwrap().clone();
        let mut all: Vec<String> = mounts.iter().map(|(path, mount)| format!("mount {path} {mount}")).collect();
        for policy in root.list("sys/policies/acl/").await.unwrap() {
            let rules =
                root.read(&format!("sys/policies/acl/{policy}")).await.ok().map(|answer| answer.body["data"].clone());
            all.push(format!("policy {policy} {rules:?}"));
        }
        all.push(format!("secret {}", root.read("data/shop").await.unwrap().body["data"]));
        for path in ["database-old/config/shop", "database-old/roles/app", "database-old/roles/powerdns-role"] {
            all.push(format!("{path} {}", root.read(path).await.unwrap().body["data"]));
        }
        for role in ["app", "powerdns-role"] {
            for lease in root.leases("database-old", role).await.unwrap() {
                all.push(format!("lease {lease}"));
            }
        }
        all.sort();
        all
    }

    /// That all of `before` is still there, as it was: others' things while a run goes on.
    pub(crate) async fn untouched(&self, before: &[String]) {
        let now = self.observation().await;
        let lost: Vec<&String> = before.iter().filter(|line| !now.contains(line)).collect();
        assert!(lost.is_empty(), "changed or gone: {lost:#?}");
    }

    /// Waits until `before` is all that is there again: what is revoked with its token goes a moment later.
    pub(crate) async fn as_before(&self, before: &[String]) {
        let mut now = self.observation().await;
        for _ in 0..100 {
            if now == before {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            now = self.observation().await;
        }
        let lost: Vec<&String> = before.iter().filter(|line| !now.contains(line)).collect();
        let new: Vec<&String> = now.iter().filter(|line| !before.contains(line)).collect();
        panic!("changed or gone: {lost:#?}\nnew: {new:#?}");
    }
}
