//! Setups on real servers: what they do, and what they say when a server refuses.

use crate::support::{Place, line, plan, sql, step, write};
use leaseproof_domain::{Event, Outcome};
use leaseproof_environment::{Environment, SetupError, SetupFault};
use leaseproof_history::{History, NewRun, Recorder};
use leaseproof_scenario::{ExpectedFailure, Plan, SetupAction, SetupStep, Warnings};

const POLICY: &str = "path \"database/creds/reader\" { capabilities = [\"read\"] }\n\
                      path \"sys/leases/revoke\" { capabilities = [\"update\"] }";

const PASSWORD_IN_URL: &str = "Password found in connection_url, use a templated url to enable root rotation and prevent \
                               read access to password information.";

/// A whole small setup, one of each action.
fn small() -> Plan {
    let mut plan = plan();
    let accounts = "CREATE ROLE vaultuser LOGIN CREATEROLE PASSWORD 'vaultpass-1';\n\
                    CREATE TABLE t (id int);\nGRANT SELECT ON t TO vaultuser WITH GRANT OPTION;\n\
                    CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;";
    plan.setup = vec![
        sql(
            "-- two statements that refuse to share a transaction\nCREATE DATABASE app; CREATE DATABASE other;",
            "postgres",
            3,
        ),
        sql(accounts, "app", 4),
        step(SetupAction::Enable { engine: "database".into(), path: "database".into() }, 5),
        write(
            "database/config/app",
            &[
                ("plugin_name", "postgresql-database-plugin"),
                ("allowed_roles", "reader"),
                ("connection_url", "postgresql://{{username}}:{{password}}@${postgres.target.write}/app"),
                ("username", "vaultuser"),
                ("password", "vaultpass-1"),
            ],
            6,
        ),
        write(
            "database/roles/reader",
            &[
                ("db_name", "app"),
                (
                    "creation_statements",
                    "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; GRANT SELECT ON t TO \"{{name}}\";",
                ),
                ("default_ttl", "1h"),
            ],
            7,
        ),
        step(SetupAction::Policy { name: "tiny-client".into(), rules: POLICY.into() }, 8),
        step(
            SetupAction::Script {
                file: None,
                text: "vault read -field=default_ttl database/roles/reader | grep -Ex '1h|3600'\n\
                       psql -d app -Atc 'SELECT f()' | grep -x 1\ntest ${postgres.target.port} = \"$PGPORT\"\n"
                    .into(),
            },
            9,
        ),
    ];
    plan
}

async fn refused(environment: &Environment, step: SetupStep) -> SetupError {
    let mut plan = plan();
    plan.setup = vec![step];
    environment.set_up(&plan, None).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_done_and_recorded_and_a_credential_can_be_had() {
    let place = Place::new();
    let plan = small();
    let mut environment = place.start(&plan).await.unwrap();
    let path = place.folder.path().join("history.jsonl.zst");
    let run = NewRun { run: place.run.clone(), scenario: "tiny".into(), seed: 1, leaseproof: "0".into() };
    let (recorder, recording) = Recorder::create(&path, run).unwrap();
    environment.set_up(&plan, Some(&recorder)).await.unwrap_or_else(|why| panic!("{why}"));

    let token = environment.client_token(&plan, &place.ledger).await.unwrap();
    let issued = token.client.issue("database", "reader").await.unwrap();
    assert!(issued.username.as_str().starts_with("v-token-le-reader-"), "{}", issued.username);
    assert_eq!(token.client.revoke(&issued.lease).await.unwrap(), 204);
    environment.tear_down().await.unwrap();

    recording.close().unwrap();
    let steps: Vec<String> = History::open(&path)
        .unwrap()
        .filter_map(|event| if let Event::Setup(step) = event { Some(step) } else { None })
        .inspect(|step| assert!(step.expected && step.outcome == Outcome::Ok && step.end >= step.start, "{step:?}"))
        .map(|step| format!("{} {} {}", step.step, step.origin, step.action))
        .collect();
    insta::assert_snapshot!(steps.join("\n"));
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_the_line_and_the_servers_words() {
    let place = Place::new();
    let environment = place.start(&plan()).await.unwrap();
    let port = environment.endpoints("target")[0].1.to_string();
    let mut said = String::new();
    let script = |text: &str| step(SetupAction::Script { file: Some("init.sh".into()), text: text.into() }, 16);
    for step in [
        sql("CREATE TABLE a (id int);\nCREATE TABEL b (id int);", "postgres", 10),
        sql("\\c app", "postgres", 11),
        sql("SELECT 1", "nowhere", 12),
        sql("CREATE ROLE x PASSWORD 'leak-leak-1' WITH NONSENSE;", "postgres", 13),
        write("database/config/app", &[("username", "x")], 14),
        write("sys/policies/acl/x", &[("policy", "${postgres.main.write}")], 15),
        script("echo token $VAULT_TOKEN\nfalse\necho never\n"),
        step(SetupAction::Enable { engine: "databse".into(), path: "database".into() }, 17),
    ] {
        let why = refused(&environment, step).await;
        assert_eq!(why.step, 1);
        said.push_str(&format!("{why}\n\n"));
    }
    let said = said.replace(&port, "PORT");
    insta::assert_snapshot!(said.trim_end());
    assert!(!said.contains("leak-leak"));
    environment.tear_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_may_have_to_fail() {
    let place = Place::new();
    let environment = place.start(&plan()).await.unwrap();
    let expecting = |status: Option<u16>, sqlstate: Option<&str>, says: Option<&str>, mut step: SetupStep| {
        let origin = line(1);
        let (sqlstate, says) = (sqlstate.map(str::to_owned), says.map(str::to_owned));
        step.expect = Some(ExpectedFailure { status, sqlstate, says, origin });
        step
    };
    let unmounted = || write("nowhere/x", &[("a", "b")], 11);
    let script = || step(SetupAction::Script { file: None, text: "vault read nowhere/x".into() }, 12);
    let mut good = plan();
    good.setup = vec![
        expecting(None, Some("42601"), None, sql("SELEC 1", "postgres", 10)),
        expecting(Some(404), None, Some("no handler for route"), unmounted()),
        expecting(None, None, Some("No value found at nowhere/x"), script()),
    ];
    environment.set_up(&good, None).await.unwrap_or_else(|why| panic!("{why}"));

    let why = refused(&environment, expecting(Some(400), None, Some("error verifying"), unmounted())).await;
    assert_eq!(why.fault, SetupFault::NotAsExpected);
    assert!(why.words.starts_with("expected HTTP 400 and the words \"error verifying\"; it said HTTP 404: "), "{why}");
    let why = refused(&environment, expecting(None, Some("42601"), None, sql("SELECT 1", "postgres", 10))).await;
    assert_eq!(
        why.to_string().lines().next().unwrap(),
        "scenario.toml:10:1: setup step 1 (sql init.sql on postgres.target, database postgres) did not fail as the scenario expects: expected SQLSTATE 42601; it was done"
    );
    environment.tear_down().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_servers_warn_of_is_reported_with_its_place_and_can_fail_a_step() {
    let place = Place::new();
    let roles = "CREATE ROLE few LOGIN PASSWORD 'few-words-4711';\nCREATE ROLE other; CREATE TABLE t (id int);\n\
                 GRANT SELECT ON t TO few;\nDO $$ BEGIN RAISE WARNING 'few-words-4711'; END $$;\n\
                 CREATE TABLE IF NOT EXISTS t (id int);";
    let grant = || {
        let SetupStep { action, .. } =
            sql("-- it holds no grant option\nSET ROLE few; GRANT SELECT ON t TO other", "postgres", 4);
        step(action, 4)
    };
    let role = || {
        write("database/roles/x", &[("db_name", "x"), ("creation_statements", "SELECT 1"), ("defualt_ttl", "1h")], 6)
    };
    // Vault warns of a password in a URL, and of parameters that it does not have where a path answers with anything.
    let connection = || {
        let url = "postgresql://few:few-words-4711@${postgres.target.write}/postgres";
        let data = [
            ("plugin_name", "postgresql-database-plugin"),
            ("allowed_roles", "none"),
            ("verify_connection", "false"),
            ("connection_url", url),
        ];
        write("database/config/y", &data, 8)
    };
    // It says so where it makes one, and not where it is there.
    let entity = |name: &str| write("identity/entity", &[("name", name), ("polices", "x")], 9);
    let script = || {
        let text = "psql -qd postgres -c 'SET ROLE few' -c 'GRANT SELECT ON t TO other'\n\
                    vault write database/roles/y db_name=x creation_statements='SELECT 1' defualt_ttl=1h\n\
                    test ${postgres.target.1} = ${postgres.target.write}\n";
        step(SetupAction::Script { file: None, text: text.to_owned() }, 7)
    };
    let mut plan = plan();
    plan.setup = vec![
        sql(roles, "postgres", 3),
        grant(),
        step(SetupAction::Enable { engine: "database".into(), path: "database".into() }, 5),
        role(),
        script(),
        connection(),
        entity("app"),
    ];
    let environment = place.start(&plan).await.unwrap();
    let reported: Vec<String> =
        environment.set_up(&plan, None).await.unwrap().iter().map(ToString::to_string).collect();
    let nothing = "PostgreSQL WARNING: no privileges were granted for \"t\"";
    // Vault 1.21.0 answers the write of a role with 204 and without a word on `defualt_ttl`: `validate` warns of that.
    assert!(reported.iter().all(|note| !note.starts_with("scenario.toml:6:")), "{reported:#?}");
    for (line, says) in [
        (3, "PostgreSQL WARNING: *** (at init.sql:4:1)".to_owned()),
        (3, "PostgreSQL NOTICE: relation \"t\" already exists, skipping (at init.sql:5:1)".to_owned()),
        (4, format!("{nothing} (at init.sql:2:15)")),
        (7, nothing.to_owned()),
        (8, format!("Vault warns: {PASSWORD_IN_URL}")),
        (9, "Vault warns: Endpoint ignored these unrecognized parameters: [polices]".to_owned()),
    ] {
        let so = |note: &&String| note.starts_with(&format!("scenario.toml:{line}:1: ")) && note.ends_with(&says);
        assert!(reported.iter().any(|note| so(&note)), "{says}\n{reported:#?}");
    }
    for (step, says) in [
        (grant(), nothing),
        (script(), nothing),
        (connection(), &*format!("Vault warns: {PASSWORD_IN_URL}")),
        (entity("another"), "Vault warns: Endpoint ignored these unrecognized parameters: [polices]"),
    ] {
        let why = refused(&environment, SetupStep { warnings: Warnings::Fail, ..step }).await;
        assert_eq!(why.fault, SetupFault::Warned);
        assert!(why.words.starts_with(says), "{why}");
    }
    let mut noticed = plan.clone();
    noticed.setup =
        vec![SetupStep { warnings: Warnings::Fail, ..sql("CREATE TABLE IF NOT EXISTS t (id int)", "postgres", 8) }];
    assert_eq!(environment.set_up(&noticed, None).await.unwrap().len(), 1);
    environment.tear_down().await.unwrap();
}
