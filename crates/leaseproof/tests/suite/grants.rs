//! `leaseproof grants` against a real server: a role that holds something of each kind, for each reason.

use std::path::PathBuf;
use std::process::Output;

use crate::support::{Desk, text, workspace};
use leaseproof_postgres::Session;
use leaseproof_testkit::postgres::Cluster;

const EACH_KIND: &str = include_str!("../../../postgres/tests/fixtures/each_kind.sql");
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

/// The names of others cannot speak to the terminal: erase a row, forge one, hide a letter.
#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_name_is_shown_with_escapes() {
    let cluster = Cluster::start().await;
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    let table = "a\u{1b}[1A\u{1b}[2Kb\u{9b}31m\u{202e}c\u{200b}d\nowns\tall";
    let script = format!(
        "CREATE ROLE \"r\u{1b}[8m\"; CREATE ROLE \"g\u{202e}\nx\" ROLE \"r\u{1b}[8m\"; CREATE TABLE \"{table}\" (a int); \
         GRANT SELECT ON \"{table}\" TO \"r\u{1b}[8m\"; ALTER ROLE \"r\u{1b}[8m\" SET search_path = E'\\u001b[2J'"
    );
    session.script(&script).await.unwrap();
    let place = Place { cluster, desk: Desk::new() };
    let hidden = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{200b}' | '\u{202e}');
    for format in [&[][..], &["--json"]] {
        let output = place.grants("r\u{1b}[8m", format);
        let shown = text(&output);
        assert!(output.status.success() && !shown.chars().any(hidden), "{shown:?}");
        let name =
            if format.is_empty() { r"a\u{1b}[1A\u{1b}[2Kb\u{9b}31m\u{202e}c\u{200b}d\nowns\tall" } else { r"\u202e" };
        assert!(shown.contains(name), "{shown}");
    }
    let scenario = place.scenario("grants = []");
    let deviates = place.grants("r\u{1b}[8m", &["--against", scenario.to_str().unwrap(), "--database", "postgres"]);
    assert!(!text(&deviates).chars().any(hidden), "{:?}", text(&deviates));
}

/// What belongs to the cluster is shown once, however many databases there are.
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_the_cluster_are_shown_once_and_a_removal_is_printed() {
    let place = Place::new().await;
    let session = Session::open(&place.cluster.login("postgres", "postgres")).await.unwrap();
    session.script("ALTER DATABASE shop OWNER TO each_owner").await.unwrap();
    let output = place.grants("each_kind", &[]);
    let shown = text(&output);
    assert!(shown.contains("\nDATABASE postgres\n") && shown.contains("\nDATABASE shop\n"), "{shown}");
    for once in [
        "shop       CREATE",
        "template1  CONNECT",
        "pg_default  CREATE",
        "work_mem       ALTER SYSTEM",
        "pg_signal_backend (",
        "the predefined role pg_signal_backend cancels",
        "SET statement_timeout",
        "  attributes:",
    ] {
        assert_eq!(shown.matches(once).count(), 1, "{once}: {shown}");
    }
    let (cluster, shop) = shown.split_once("\nDATABASE shop\n").unwrap();
    assert!(cluster.contains("\nCLUSTER\n") && shop.contains("each_schema.direct"), "{shown}");
    assert!(!shop.contains("template1"), "{shown}");
    // What one database only gives: its owner is a member of pg_database_owner there.
    let shown = text(&place.grants("each_owner", &[]));
    let (before, shop) = shown.split_once("\nDATABASE shop\n").unwrap();
    assert!(!before.contains("(pg_database_owner)") && shop.contains("(pg_database_owner)"), "{shown}");

    let removal = text(&place.grants("each_kind", &["--removal"]));
    assert!(removal.starts_with("-- Run it as postgres.\n\\connect \"shop\"\n"), "{removal}");
    assert!(removal.ends_with("DROP OWNED BY \"each_kind\";\nDROP ROLE \"each_kind\";\n"), "{removal}");
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
    let reported = String::from_utf8(output.stdout).unwrap();
    insta::assert_snapshot!(reported.replace(place.desk.path().to_str().unwrap(), "FOLDER"));
}

/// What deviates where these memberships are promised, and no privilege.
fn beyond(place: &Place, role: &str, member_of: &[&str]) -> (Option<i32>, Vec<String>) {
    let promised = format!("member_of = {member_of:?}\ngrants = []");
    let scenario = place.scenario(&promised);
    let output = place.grants(role, &["--against", scenario.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| line.split("  (").next().unwrap_or_default().to_owned();
    (output.status.code(), said.lines().map(line).collect())
}

leaseproof_testkit::on_each_version! { what_a_predefined_role_brings_is_explained_by_its_membership:
    what_a_predefined_role_brings_on_14_is_explained_by_its_membership = 14,
    what_a_predefined_role_brings_on_15_is_explained_by_its_membership = 15,
    what_a_predefined_role_brings_on_16_is_explained_by_its_membership = 16,
    what_a_predefined_role_brings_on_17_is_explained_by_its_membership = 17,
    what_a_predefined_role_brings_on_18_is_explained_by_its_membership = 18,
}

async fn what_a_predefined_role_brings_is_explained_by_its_membership(cluster: Cluster) {
    let session = Session::open(&cluster.login("postgres", "postgres")).await.unwrap();
    session.script("CREATE DATABASE shop").await.unwrap();
    let place = Place { cluster, desk: Desk::new() };
    let shop = Session::open(&place.cluster.login("shop", "postgres")).await.unwrap();
    shop.script("CREATE TABLE t (a int); CREATE VIEW v AS SELECT * FROM t; CREATE SEQUENCE s").await.unwrap();
    // An extension grants its views and functions to predefined roles; not every machine has it.
    let available = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_buffercache'";
    if shop.value(available).await.unwrap().as_deref() == Some("1") {
        shop.script("CREATE EXTENSION pg_buffercache").await.unwrap();
    }
    let predefined = "SELECT string_agg(rolname, ' ') FROM pg_roles WHERE oid < 16384 AND starts_with(rolname, 'pg_') \
                      AND rolname <> 'pg_database_owner'";
    let predefined = shop.value(predefined).await.unwrap().unwrap();
    assert!(predefined.contains("pg_monitor") && predefined.contains("pg_execute_server_program"), "{predefined}");
    for group in predefined.split(' ') {
        shop.script(&format!("CREATE ROLE in_{group} LOGIN IN ROLE {group}")).await.unwrap();
        assert_eq!(beyond(&place, &format!("in_{group}"), &[group]), (Some(0), vec![]), "{group}");
        // Not promised, it is named, and what it brings is not.
        let (code, lines) = beyond(&place, &format!("in_{group}"), &[]);
        assert_eq!(code, Some(1), "{group}");
        assert!(lines.len() <= 2 && lines.iter().all(|line| line.contains(group)), "{group}: {lines:#?}");
    }
    let (_, lines) = beyond(&place, "in_pg_write_server_files", &[]);
    assert!(lines.iter().any(|line| line.contains("writes any file that the server can write")), "{lines:#?}");
    through_a_group(&place, &shop).await;
}

async fn through_a_group(place: &Place, shop: &Session) {
    shop.script("CREATE ROLE watchers IN ROLE pg_monitor; CREATE ROLE nested LOGIN IN ROLE watchers").await.unwrap();
    assert_eq!(beyond(place, "nested", &["watchers", "pg_monitor"]), (Some(0), vec![]));
    let (code, lines) = beyond(place, "nested", &["watchers"]);
    assert_eq!((code, lines.len()), (Some(1), 1), "{lines:#?}");
    // What somebody grants later is none of what PostgreSQL brings: a privilege, a grant option, a membership.
    for (sql, named) in [
        ("GRANT EXECUTE ON FUNCTION pg_reload_conf() TO pg_monitor", "pg_catalog.pg_reload_conf()"),
        ("GRANT EXECUTE ON FUNCTION pg_ls_waldir() TO pg_monitor WITH GRANT OPTION", "pg_catalog.pg_ls_waldir()"),
        ("GRANT INSERT ON t TO pg_read_all_stats", "INSERT ON TABLE public.t"),
        ("GRANT pg_signal_backend TO pg_monitor", "pg_signal_backend"),
    ] {
        let before = beyond(place, "nested", &["watchers", "pg_monitor"]).1;
        shop.script(sql).await.unwrap();
        let after = beyond(place, "nested", &["watchers", "pg_monitor"]).1;
        let more: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
        assert!(!more.is_empty() && more.iter().all(|line| line.contains(named)), "{sql}: {more:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_privilege_through_a_group_is_grantable_where_the_group_may_grant_it() {
    let place = Place::new().await;
    let shop = Session::open(&place.cluster.login("shop", "postgres")).await.unwrap();
    shop.script(
        "CREATE SCHEMA g; CREATE TABLE g.granted (a int); CREATE TABLE g.given (a int); CREATE TABLE g.own (a int); \
         CREATE ROLE granters; CREATE ROLE inner_granters; CREATE ROLE plain; CREATE ROLE owners; \
         GRANT USAGE ON SCHEMA g TO inner_granters WITH GRANT OPTION; GRANT inner_granters TO granters; \
         GRANT SELECT ON g.granted TO granters WITH GRANT OPTION; GRANT SELECT ON g.granted TO plain; \
         GRANT SELECT ON g.given TO plain; GRANT SELECT ON g.own TO plain; ALTER TABLE g.own OWNER TO owners; \
         CREATE ROLE heir LOGIN IN ROLE granters, plain, owners",
    )
    .await
    .unwrap();
    let output = place.grants("heir", &["--database", "shop", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let held = json["databases"][0]["held"].as_array().unwrap().iter();
    let in_g = held.filter(|held| held["grant"]["object"]["schema"] == "g" || held["grant"]["object"]["name"] == "g");
    let mut lines: Vec<String> = in_g
        .filter(|held| held["grant"]["privilege"] == "SELECT" || held["grant"]["privilege"] == "USAGE")
        .map(|held| {
            let (object, why) = (held["grant"]["object"]["name"].as_str().unwrap(), held["why"]["name"].to_string());
            format!("{object} {why} {}", held["grant"]["grantable"].as_bool().unwrap_or(false))
        })
        .collect();
    lines.sort();
    let expected = [
        r#"g ["granters","inner_granters"] true"#,
        r#"given ["plain"] false"#,
        r#"granted ["granters"] true"#,
        r#"granted ["plain"] false"#,
        r#"own "owners" true"#,
        r#"own ["plain"] false"#,
    ];
    assert_eq!(lines, expected);
}
