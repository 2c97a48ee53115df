//! Environments whose servers speak TLS: who connects makes sure of whom he meets, and nobody gets in without.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::{Place, line, plan, sql, step, write};
use leaseproof_domain::Secret;
use leaseproof_environment::Environment;
use leaseproof_postgres::{Encryption, EncryptionFiles, Login, Session};
use leaseproof_scenario::{ExpectedFailure, Layout, Plan, Replication, SetupAction, VaultPostgresPlan, VaultStorage};
use leaseproof_vault::{Client, Reach};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

const INSIST: &str = "local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
const SURE: &str = "sslmode=verify-full&sslrootcert=${environment.ca}";

/// A primary and a standby behind HAProxy that insist on TLS, and a Vault that listens with it.
fn encrypted() -> Plan {
    let mut plan = plan();
    plan.vault.tls = true;
    let cluster = plan.postgres.get_mut("target").unwrap();
    cluster.tls = true;
    cluster.hba = Some(INSIST.to_owned());
    cluster.layout = Layout::HaproxyHa { standbys: 1, replication: Replication::RemoteApply };
    plan
}

fn of(environment: &Environment, name: &str) -> String {
    environment.exports().into_iter().find(|(key, _)| key == name).unwrap().1
}

/// The file of an authority that gave no server of the environment anything.
fn stranger(place: &Place) -> PathBuf {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let file = place.folder.path().join("stranger.pem");
    std::fs::write(&file, issuer.pem()).unwrap();
    file
}

fn believing(ca: &Path, login: &Login) -> Login {
    let files = EncryptionFiles { root: ca.to_owned(), client: None };
    Login { encryption: Some(Encryption::new(files).unwrap()), ..login.clone() }
}

fn vault(ca: &Path, address: &str) -> Client {
    let encryption = Some(leaseproof_vault::EncryptionFiles { root: ca.to_owned(), client: None });
    let address = address.to_owned();
    Client::reaching(&Reach { address, timeout: Duration::from_secs(20), encryption, namespace: None }).unwrap()
}

async fn asked(login: &Login, sql: &str) -> Result<Option<String>, leaseproof_postgres::Error> {
    let session = Session::open(login).await?;
    let value = session.value(sql).await;
    session.close().await;
    value
}

fn connection(sure: &str, expect: Option<ExpectedFailure>) -> leaseproof_scenario::SetupStep {
    let url = format!("postgresql://{{{{username}}}}:{{{{password}}}}@${{postgres.target.write}}/postgres?{sure}");
    let data = [
        ("plugin_name", "postgresql-database-plugin"),
        ("allowed_roles", "*"),
        ("connection_url", url.as_str()),
        ("username", "vaultuser"),
        ("password", "vaultuser-password"),
    ];
    let mut step = write("database/config/target", &data, 5);
    step.expect = expect;
    step
}

fn refused(says: &str) -> Option<ExpectedFailure> {
    Some(ExpectedFailure { status: Some(400), sqlstate: None, says: Some(says.to_owned()), origin: line(5) })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_authority_is_reported_wherever_somebody_connects() {
    let place = Place::new();
    let stranger = stranger(&place);
    let mut plan = encrypted();
    let wrong = format!("sslmode=verify-full&sslrootcert={}", stranger.display());
    plan.setup = vec![
        sql("CREATE ROLE vaultuser LOGIN CREATEROLE PASSWORD 'vaultuser-password'", "postgres", 3),
        step(SetupAction::Enable { engine: "database".to_owned(), path: "database".to_owned() }, 4),
        connection(&wrong, refused("x509: certificate signed by unknown authority")),
        connection("sslmode=disable", refused("no encryption")),
        connection(SURE, None),
    ];
    let environment = place.start(&plan).await.unwrap();
    environment.set_up(&plan, None).await.unwrap();
    let (address, ca) = (of(&environment, "VAULT_ADDR"), PathBuf::from(of(&environment, "VAULT_CACERT")));
    assert!(address.starts_with("https://127.0.0.1:"), "{address}");
    assert!(!vault(&ca, &address).health().await.unwrap().sealed);
    let words = vault(&stranger, &address).health().await.unwrap_err().to_string();
    let expected = format!("is not to be trusted: expected a certificate of an authority in {}", stranger.display());
    assert!(words.contains(&expected), "{words}");
    let plain = Client::new(&address.replace("https", "http"), Duration::from_secs(5)).unwrap();
    let words = plain.health().await.unwrap_err().to_string();
    assert!(words.contains("https"), "{words}");

    let observer = environment.observer_login("target", "postgres");
    let superuser = Login {
        user: of(&environment, "PGUSER"),
        password: Some(Secret::new(of(&environment, "PGPASSWORD"))),
        ..observer.clone()
    };
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(asked(&believing(&ca, &superuser), encrypted).await.unwrap().as_deref(), Some("t"));
    let words = asked(&believing(&stranger, &superuser), encrypted).await.unwrap_err().to_string();
    assert!(words.contains(&expected), "{words}");
    let plain = asked(&Login { encryption: None, ..superuser }, encrypted).await.unwrap_err();
    assert_eq!(plain.sqlstate(), Some("28000"), "{plain}");
    assert_eq!(of(&environment, "PGSSLMODE"), "verify-full");
    assert_eq!(of(&environment, "PGSSLROOTCERT"), ca.display().to_string());
    environment.tear_down().await.unwrap();
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn standbys_stream_encrypted_and_logins_are_sure_after_a_failover() {
    let place = Place::new();
    let environment = place.start(&encrypted()).await.unwrap();
    let login = environment.observer_login("target", "postgres");
    let streams = "SELECT bool_and(ssl) FROM pg_stat_replication JOIN pg_stat_ssl USING (pid)";
    assert_eq!(asked(&login, streams).await.unwrap().as_deref(), Some("t"));
    environment.kill("postgres.target.1").await;
    environment.promote("target", 1).await.unwrap();
    let begun = Instant::now();
    while asked(&login, "SELECT pg_is_in_recovery()").await.ok().flatten().as_deref() != Some("f") {
        assert!(begun.elapsed() < Duration::from_secs(20), "no primary behind the write port");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    environment.tear_down().await.unwrap();
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_keep_their_storage_over_tls_behind_a_proxy_that_makes_sure_of_them() {
    let place = Place::new();
    let mut plan = encrypted();
    let url = format!("postgres://vaultadmin:supersecretpassword@${{postgres.target.write}}/vault?{SURE}");
    plan.vault.nodes = 2;
    plan.vault.storage = VaultStorage::Postgresql;
    plan.vault.postgresql = Some(VaultPostgresPlan { connection_url: url, ha_enabled: true, origin: None });
    let tables = "CREATE TABLE vault_kv_store (parent_path TEXT COLLATE \"C\" NOT NULL, path TEXT COLLATE \"C\", \
                  key TEXT COLLATE \"C\", value BYTEA, CONSTRAINT pkey PRIMARY KEY (path, key)); \
                  CREATE INDEX parent_path_idx ON vault_kv_store (parent_path); \
                  CREATE TABLE vault_ha_locks (ha_key TEXT COLLATE \"C\" NOT NULL, ha_identity TEXT COLLATE \"C\" NOT NULL, \
                  ha_value TEXT COLLATE \"C\", valid_until TIMESTAMPTZ NOT NULL, CONSTRAINT ha_key PRIMARY KEY (ha_key)); \
                  GRANT ALL ON vault_kv_store, vault_ha_locks TO vaultadmin";
    plan.setup = vec![
        sql("CREATE DATABASE vault; CREATE USER vaultadmin WITH PASSWORD 'supersecretpassword'", "postgres", 3),
        sql(tables, "vault", 4),
    ];
    let environment = place.start(&plan).await.unwrap();
    let login = environment.observer_login("target", "postgres");
    let sessions =
        "SELECT bool_and(ssl) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE usename = 'vaultadmin'";
    assert_eq!(asked(&login, sessions).await.unwrap().as_deref(), Some("t"));
    let ca = PathBuf::from(of(&environment, "VAULT_CACERT"));
    assert!(vault(&ca, &environment.vault_addresses()[1]).health().await.unwrap().standby);
    let front = vault(&ca, &of(&environment, "VAULT_ADDR"));
    environment.kill("vault.1").await;
    let begun = Instant::now();
    while !front.health().await.is_ok_and(|health| !health.standby && !health.sealed) {
        assert!(begun.elapsed() < Duration::from_secs(60), "the standby does not take over");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    environment.tear_down().await.unwrap();
    assert_eq!(place.left(), Vec::<String>::new());
}
