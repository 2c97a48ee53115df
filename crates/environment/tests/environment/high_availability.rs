//! Clusters of a primary and standbys behind HAProxy, and Vaults of several nodes on PostgreSQL.

use std::time::{Duration, Instant};

use crate::support::{Place, line, plan, sql};
use leaseproof_domain::{Secret, Ttl};
use leaseproof_environment::Environment;
use leaseproof_postgres::{Login, Session};
use leaseproof_scenario::{Layout, Plan, Replication, SetupAction, VaultPostgresPlan, VaultStorage};
use leaseproof_vault::Client;

fn highly_available(replication: Replication) -> Plan {
    let mut plan = plan();
    plan.postgres.get_mut("target").unwrap().layout = Layout::HaproxyHa { standbys: 1, replication };
    plan
}

/// How the bootstrap superuser logs in at an endpoint: 0 is where writes go, 1 where standbys are read.
fn at(environment: &Environment, endpoint: usize) -> Login {
    let (host, port) = environment.endpoints("target")[endpoint].clone();
    Login { host, port, ..environment.observer_login("target", "postgres") }
}

async fn asked(login: &Login, sql: &str) -> Result<Option<String>, leaseproof_postgres::Error> {
    let session = Session::open(login).await?;
    let value = session.value(sql).await;
    session.close().await;
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn each_port_leads_to_its_servers_before_and_after_a_failover() {
    let place = Place::new();
    let mut environment = place.start(&highly_available(Replication::RemoteApply)).await.unwrap();
    let (write, read) = (at(&environment, 0), at(&environment, 1));
    let role = "SELECT pg_is_in_recovery()";
    assert_eq!(asked(&write, role).await.unwrap().as_deref(), Some("f"));
    assert_eq!(asked(&read, role).await.unwrap().as_deref(), Some("t"));
    // With remote_apply a commit that is acknowledged is there on the standby.
    asked(&write, "CREATE TABLE t AS SELECT 1 AS n").await.unwrap();
    assert_eq!(asked(&read, "SELECT n FROM t").await.unwrap().as_deref(), Some("1"));

    environment.kill("postgres.target.1").await;
    environment.promote("target", 1).await.unwrap();
    let begun = Instant::now();
    while asked(&write, role).await.ok().flatten().as_deref() != Some("f") {
        assert!(begun.elapsed() < Duration::from_secs(20), "no primary behind the write port");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(asked(&write, "SELECT n FROM t").await.unwrap().as_deref(), Some("1"));
    // Each port asks by itself: the read port may learn of the promotion a moment later.
    while asked(&read, role).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the read port leads somewhere, and there is no standby");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What it was before it was killed is not what the cluster is now; here it only has to start.
    environment.start_again("postgres.target.1").await.unwrap();
    environment.tear_down().await.unwrap();
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_share_a_storage_and_the_second_takes_over() {
    let place = Place::new();
    let mut plan = plan();
    let url = "postgres://vaultadmin:supersecretpassword@${postgres.target.write}/vault?sslmode=disable";
    plan.vault.nodes = 2;
    plan.vault.storage = VaultStorage::Postgresql;
    plan.vault.postgresql = Some(VaultPostgresPlan { connection_url: url.to_owned(), ha_enabled: true, origin: None });
    plan.vault.default_lease_ttl = Some(Ttl::from_secs(3600));
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
    environment.set_up(&plan, None).await.unwrap();
    let nodes = environment.vault_addresses();
    assert_eq!(nodes.len(), 2);
    let client = |address: &str| Client::new(address, Duration::from_secs(20)).unwrap();
    assert!(client(&nodes[1]).health().await.unwrap().standby);
    let token = environment.exports().into_iter().find(|(name, _)| name == "VAULT_TOKEN").unwrap().1;
    let second = client(&nodes[1]).with_token(Secret::new(token));
    // A standby answers 307 until it has a connection to the active node.
    let begun = Instant::now();
    while let Err(why) = second.enable_engine("kv", "kv").await {
        assert!(why.status() == Some(307) && begun.elapsed() < Duration::from_secs(20), "{why}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    environment.kill("vault.1").await;
    let begun = Instant::now();
    while second.write("kv/one", &serde_json::json!({ "word": "one" })).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(40), "the standby does not take over");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    environment.tear_down().await.unwrap();
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_before_vaults_start_that_fails_is_reported_as_the_step_it_is() {
    let place = Place::new();
    let mut plan = plan();
    plan.vault.storage = VaultStorage::Postgresql;
    let url = "postgres://x:y@${postgres.target.write}/vault".to_owned();
    plan.vault.postgresql = Some(VaultPostgresPlan { connection_url: url, ha_enabled: false, origin: None });
    plan.setup = vec![sql("CREATE DATABSE vault", "postgres", 3)];
    let why = place.start(&plan).await.unwrap_err().to_string();
    assert!(why.starts_with("scenario.toml:3:1: setup step 1 (sql init.sql on postgres.target, database postgres) was rejected: SQLSTATE 42601"), "{why}");
    assert_eq!(place.left(), Vec::<String>::new());
    assert!(matches!(plan.setup[0].action, SetupAction::Sql { .. }) && plan.setup[0].origin == line(3));
}
