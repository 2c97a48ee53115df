//! `leaseproof grants` against a real server: a role that holds something of each kind, for each reason.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

#[path = "../../postgres/tests/support/mod.rs"]
mod cluster;
mod support;

use std::path::PathBuf;
use std::process::Output;

use cluster::Cluster;
use leaseproof_postgres::Session;
use support::{Desk, text, workspace};

const EACH_KIND: &str = include_str!("../../postgres/tests/fixtures/each_kind.sql");
const PASSWORD: &str = "s3cret-in-the-url";

struct Place {
    cluster: Cluster,
    desk: Desk,
}

impl Place {
    async fn new() -> Self {
        let cluster = Cluster::start().await;
        let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
        session.script("CREATE DATABASE shop").await.unwrap();
        let session = Session::open(&cluster.login("shop", "postgres")).await.unwrap();
        session.script(EACH_KIND).await.unwrap();
        Self { cluster, desk: Desk::new() }
    }

    fn grants(&self, role: &str, more: &[&str]) -> Output {
        let endpoint = self.cluster.login("postgres", "postgres").endpoint();
        let url = format!("postgres://postgres:{PASSWORD}@{endpoint}");
        self.desk.command(["grants", role, "--server", &url]).args(more).output().unwrap()
    }

    /// A scenario that promises `grants` and nothing else.
    fn scenario(&self, role: &str) -> PathBuf {
        let path = self.desk.path().join("scenario.toml");
        let text = SCENARIO.replace("WORKSPACE", workspace().to_str().unwrap()).replace("ROLE", role);
        std::fs::write(&path, text).unwrap();
        path
    }
}

const SCENARIO: &str = r#"
extends = "WORKSPACE/scenarios/powerdns"

[role.powerdns-role]
database = "shop"
ROLE
"#;

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_is_shown_with_its_reason() {
    let place = Place::new().await;
    let output = place.grants("each_kind", &["--database", "shop"]);
    assert!(output.status.success(), "{}", text(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    let port = place.cluster.login("postgres", "postgres").port.to_string();
    insta::assert_snapshot!(shown.replace(&port, "PORT"));

    let all = place.grants("each_kind", &["--json"]);
    let json: serde_json::Value = serde_json::from_slice(&all.stdout).unwrap();
    assert_eq!(json["schema"], "leaseproof/grants/1");
    assert_eq!(json["databases"].as_array().unwrap().len(), 2);
    assert!(!text(&all).contains(PASSWORD));

    assert_eq!(place.grants("nobody_here", &[]).status.code(), Some(2));
    let nowhere = place.desk.output(["grants", "r", "--server", "postgres://u:s3cret-in-the-url@127.0.0.1:1"]);
    assert_eq!(nowhere.status.code(), Some(5));
    assert!(!text(&nowhere).contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_is_held_against_a_role() {
    let place = Place::new().await;
    let session = Session::open(&place.cluster.login("shop", "postgres")).await.unwrap();
    session
        .script(
            "CREATE ROLE modest LOGIN; GRANT USAGE ON SCHEMA each_schema TO modest; \
             GRANT SELECT ON each_schema.direct TO modest; \
             GRANT EXECUTE ON FUNCTION each_schema.function(int, text) TO modest; \
             GRANT SET ON PARAMETER work_mem TO modest; \
             REVOKE ALL ON FUNCTION each_schema.definer() FROM PUBLIC; \
             REVOKE ALL ON each_schema.everybody FROM PUBLIC; REVOKE ALL ON LARGE OBJECT 1600003 FROM PUBLIC; \
             ALTER DEFAULT PRIVILEGES FOR ROLE each_owner REVOKE USAGE ON SCHEMAS FROM PUBLIC; \
             DROP USER MAPPING FOR PUBLIC SERVER each_server; DROP POLICY for_all ON each_schema.guarded; \
             ALTER DEFAULT PRIVILEGES FOR ROLE each_owner IN SCHEMA each_schema GRANT INSERT ON TABLES TO modest",
        )
        .await
        .unwrap();
    let promised = r#"grants = [
        "USAGE ON SCHEMA each_schema",
        "SELECT ON TABLE each_schema.direct",
        "EXECUTE ON FUNCTION each_schema.function(int, text)",
        "SET ON PARAMETER work_mem",
        "INSERT ON FUTURE TABLES IN SCHEMA each_schema CREATED BY each_owner",
    ]"#;
    let same = place.scenario(promised);
    let against = |path: &PathBuf| place.grants("modest", &["--against", path.to_str().unwrap()]);
    let output = against(&same);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let other = promised
        .replace("SELECT ON TABLE", "SELECT (id, nothing), DELETE ON TABLE")
        .replace("each_schema.function(int", "each_schema.function(bigint")
        .replace("SET ON PARAMETER", "ALTER SYSTEM ON PARAMETER")
        .replace("INSERT ON FUTURE", "SELECT ON FUTURE");
    let output = against(&place.scenario(&other));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let told = String::from_utf8(output.stdout).unwrap();
    insta::assert_snapshot!(told.replace(place.desk.path().to_str().unwrap(), "FOLDER"));
}
