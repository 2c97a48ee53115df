//! Plans of whole scenarios: PowerDNS, its variants, one with two layers, and the first one that `leaseproof new` writes.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use leaseproof_domain::{Privilege, Subject, Ttl};
use leaseproof_scenario::{LoadOptions, PhasePlan, Plan, Setting, SettingValue, SetupAction, discover, load, template};

fn root() -> PathBuf {
    PathBuf::from("../..")
}

fn loaded(path: impl AsRef<Path>) -> Plan {
    loaded_with(path, &LoadOptions::default())
}

fn loaded_with(path: impl AsRef<Path>, options: &LoadOptions) -> Plan {
    load(path.as_ref(), options).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn set(arguments: &[&str]) -> LoadOptions {
    LoadOptions { set: arguments.iter().map(|&argument| argument.to_owned()).collect(), ..LoadOptions::default() }
}

/// What is said where, in one line each.
fn outline(plan: &Plan) -> String {
    let mut text = format!("{} - {} (seed {})\n", plan.name, plan.title, plan.seed);
    for step in &plan.setup {
        let what = match &step.action {
            SetupAction::Sql { file, text, on, database, .. } => {
                format!("sql {} on {on}/{database}", file.as_ref().unwrap_or(text))
            }
            SetupAction::Enable { engine, path } => format!("enable {engine} at {path}"),
            SetupAction::Write { path, data } => {
                let data: BTreeSet<String> = data.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
                format!("write {path} {data:?}")
            }
            SetupAction::Policy { name, .. } => format!("policy {name}"),
            SetupAction::Script { file, text } => format!("script {}", file.as_ref().unwrap_or(text)),
            _ => step.words(),
        };
        writeln!(text, "setup      {what}  <- {}", step.origin).unwrap();
    }
    for phase in &plan.phases {
        let PhasePlan { name, rate, duration, drain, .. } = phase;
        writeln!(text, "phase      {name} {rate}/s for {duration}, drain {drain}  <- {}", phase.origin).unwrap();
    }
    for ask in &plan.asks {
        writeln!(text, "{:10} {}  <- {}", ask.check.as_str(), ask.subject, ask.origin).unwrap();
    }
    text
}

#[test]
fn powerdns_asks_for_every_check_of_its_promises() {
    let plan = loaded(root().join("scenarios/powerdns"));
    let asked: BTreeSet<&str> = plan.asks.iter().map(|ask| ask.check.as_str()).collect();
    let expected = [
        "ACC-1", "AUD-1", "AVL-1", "EXP-1", "GRA-1", "INV-1", "INV-10", "INV-11", "INV-2", "INV-3", "INV-4", "INV-5",
        "INV-6a", "INV-6b", "INV-7", "INV-8", "INV-9", "ISS-1", "ISS-2", "ISS-4", "LOG-1", "POL-1", "PRB-1", "PRB-2",
        "PWD-1", "PWD-2", "REV-1", "RUN-2", "SAT-1", "TTL-2", "TTL-7",
    ];
    assert_eq!(asked, BTreeSet::from(expected));
    assert!(plan.asks.is_sorted_by_key(|ask| ask.check));
    let role = &plan.roles[0];
    assert_eq!((role.name.as_str(), role.on.as_str(), role.mount.as_str()), ("powerdns-role", "target", "database"));
    assert_eq!(role.max_ttl.as_ref().unwrap().value, Ttl::from_secs(86_400));
    let fragments = &role.grants.as_ref().unwrap().value;
    assert_eq!(fragments.iter().map(|fragment| fragment.grants.len()).collect::<Vec<_>>(), [1, 28, 12]);
    assert!(fragments[2].grants.iter().all(|grant| grant.privilege != Privilege::Update));
}

#[test]
fn every_variant_of_powerdns_is_read() {
    let variants = root().join("crates/leaseproof/tests/variants");
    for listed in discover(&variants).unwrap() {
        match load(&listed.path, &LoadOptions::default()) {
            Ok(plan) => assert_eq!(plan.name, listed.name),
            Err(problems) => assert!(
                matches!(listed.name.as_str(), "three-mistakes" | "asks-for-containers"),
                "{}",
                problems.render(false)
            ),
        }
    }
}

#[test]
fn layers_become_one_and_each_line_keeps_its_place() {
    let base = loaded("tests/fixtures/base");
    let child = loaded("tests/fixtures/child");
    let nightly =
        loaded_with("tests/fixtures/base", &LoadOptions { profile: Some("nightly".into()), ..LoadOptions::default() });
    insta::assert_snapshot!(format!("{}\n{}\n{}", outline(&base), outline(&child), outline(&nightly)));
    assert_eq!(
        child.postgres["target"].settings,
        [("log_connections", "on"), ("max_connections", "100")].map(|(a, b)| (a.to_owned(), b.to_owned())).into()
    );
    assert_eq!(child.roles[0].max_ttl, None);
}

#[test]
fn the_command_line_has_the_last_word() {
    let plan = loaded_with(
        "tests/fixtures/base",
        &set(&[
            "seed=99",
            "title=1999-12-31",
            "phase.steady.rate=5/s",
            "phase.steady.mix={ app = 3 }",
            "lifecycle.app.end={ revoke = 0.25, expire = 0.75 }",
            "vault.storage=file",
            "client.timeout=5s",
            "postgres.target.version=16",
            "postgres.target.settings.log_line_prefix=%m [%p]",
            "setup.write.database/roles/app.default_ttl=2h",
            "setup.write.database/roles/app.revocation_statements=",
            "setup.sql.schema.sql.database=other",
            "role.app.grants=[\"USAGE ON SCHEMA app\"]",
            "threshold.issue.response.p99.limit=< 1s",
        ]),
    );
    assert_eq!((plan.seed, plan.title.as_str()), (99, "1999-12-31"));
    assert_eq!((plan.phases[0].rate, plan.phases[0].mix["app"]), (5.0, 3));
    assert_eq!(plan.lifecycles[0].revoke, 0.25);
    assert_eq!(plan.client.timeout, Ttl::from_secs(5));
    assert_eq!(plan.postgres["target"].version, "16");
    assert_eq!(plan.postgres["target"].settings["log_line_prefix"], "%m [%p]");
    assert_eq!(plan.thresholds[0].limit, 1e6);
    let grants = plan.roles[0].grants.as_ref().unwrap();
    assert_eq!((grants.origin.file.as_str(), grants.origin.line), ("--set", 1));
    let SetupAction::Sql { database, .. } = &plan.setup[0].action else { panic!("{:?}", plan.setup[0]) };
    assert_eq!(database, "other");
    let SetupAction::Write { data, .. } = &plan.setup[3].action else { panic!("{:?}", plan.setup[3]) };
    assert_eq!(data["default_ttl"], SettingValue::Text(Setting::Text("2h".into())));
    assert_eq!(data["revocation_statements"], SettingValue::Text(Setting::Text(String::new())));
}

#[test]
fn the_first_scenario_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("shop");
    std::fs::create_dir(&home).unwrap();
    for (file, text) in template("A \"first\" scenario") {
        std::fs::write(home.join(file), text).unwrap();
    }
    let plan = loaded(&home);
    assert_eq!((plan.name.as_str(), plan.title.as_str()), ("shop", "A first scenario"));
    assert!(plan.asks.iter().any(|ask| ask.subject == Subject::Metric("issue.response.p99".into())));
    let short = loaded_with(&home, &LoadOptions { profile: Some("short".into()), ..LoadOptions::default() });
    assert_eq!(short.phases[0].duration, Ttl::from_secs(3));
    assert_eq!(discover(folder.path()).unwrap()[0].title, "A first scenario");
    assert!(discover(&folder.path().join("gone")).is_err());
}

#[test]
fn a_stored_plan_is_the_plan_without_its_secrets() {
    let mut paths: Vec<PathBuf> = vec!["tests/fixtures/base".into(), "tests/fixtures/child".into()];
    paths.push(root().join("scenarios/powerdns"));
    for path in paths {
        let plan = loaded(path);
        let stored = plan.to_json();
        let secrets = plan.secrets();
        assert!(secrets.iter().any(|secret| secret.expose() == "vaultpass"));
        for secret in secrets {
            assert!(!stored.contains(secret.expose()), "{stored}");
        }
        assert_eq!(Plan::from_json(&stored).unwrap(), plan.redacted());
        assert_eq!(plan.redacted().to_json(), stored);
    }
}

#[test]
fn secrets_are_found_wherever_they_stand() {
    let plan = loaded("tests/fixtures/secrets.toml");
    let secrets = plan.secrets();
    let found: Vec<&str> = secrets.iter().map(|secret| secret.expose()).collect();
    assert_eq!(
        found,
        [
            "bootstrap",
            "dsn-secret",
            "it''s",
            "it's",
            "ldap-secret",
            "pg-secret",
            "root",
            "sql-secret",
            "step-secret",
            "url-secret"
        ]
    );
    let stored = plan.to_json();
    for text in found.iter().filter(|text| **text != "root") {
        assert!(!stored.contains(text), "{stored}");
    }
    assert!(stored.contains("{{password}}") && stored.contains("SCRAM-SHA-256$") && !stored.contains("psql"));
}

#[test]
fn the_password_of_the_replication_account_is_the_one_that_is_used_first() {
    let account = |arguments: &[&str]| {
        let plan = loaded_with(root().join("scenarios/keybuzz"), &set(arguments));
        let account = plan.postgres["target"].replicate_as.clone().unwrap();
        let stored = serde_json::to_string(&account).unwrap();
        assert!(stored.contains("\"***\""), "{stored}");
        (account.user, account.password.expose().to_owned())
    };
    // Vault's connection says it, the superuser has its own, and what the scenario says comes first.
    let vaults = ("vault_admin".to_owned(), "keybuzz-superuser-password".to_owned());
    assert_eq!(account(&["postgres.target.replicate_as=vault_admin"]), vaults);
    let superuser = ("postgres".to_owned(), "leaseproof-bootstrap".to_owned());
    assert_eq!(account(&["postgres.target.replicate_as=postgres"]), superuser);
    let said = account(&["postgres.target.replicate_as=vault_admin", "postgres.target.replicate_password=own"]);
    assert_eq!(said.1, "own");
}

#[test]
fn the_examples_of_the_page_on_actions_are_actions() {
    let page = std::fs::read_to_string(root().join("docs/actions.md")).unwrap();
    let parent = std::fs::canonicalize(root().join("scenarios/powerdns")).unwrap();
    let examples: Vec<&str> = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 4);
    for example in examples {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("extends = '{}'\n{example}", parent.display());
        std::fs::write(folder.path().join("scenario.toml"), &text).unwrap();
        let plan = loaded(folder.path());
        assert_eq!(plan.actions.len(), text.matches("[[action]]").count(), "{text}");
        assert!(plan.asks.iter().any(|ask| ask.check.as_str() == "ACT-1"), "{text}");
    }
}

#[test]
fn actions_are_layered_by_name_and_their_secrets_are_not_stored() {
    let scenario = root().join("scenarios/connection-rewritten");
    let plan = loaded_with(&scenario, &set(&["action.wrong password.at=2s", "action.right password.username=other"]));
    assert_eq!(plan.actions.iter().map(|action| action.at).collect::<Vec<_>>(), [2, 9].map(Ttl::from_secs));
    let SetupAction::Write { data, .. } = &plan.actions[1].step.action else { panic!("it writes") };
    assert_eq!(data["username"], SettingValue::Text(Setting::Text("other".into())));
    assert!(plan.secrets().iter().any(|secret| secret.expose() == "not-the-password"));
    let stored = plan.to_json();
    assert!(!stored.contains("not-the-password") && !stored.contains("vaultpass"), "{stored}");
    let again = Plan::from_json(&stored).unwrap();
    assert_eq!(again.actions[0].until.as_deref(), Some("right password"));
    let folder = tempfile::tempdir().unwrap();
    let parent = std::fs::canonicalize(&scenario).unwrap();
    let text = format!(
        "extends = '{}'\nwithout = ['right password', 'action.wrong password.until']\n\
         [[action]]\nname = 'wrong password'\nat = '3s'\n",
        parent.display()
    );
    std::fs::write(folder.path().join("scenario.toml"), text).unwrap();
    let plan = loaded(folder.path());
    assert_eq!((plan.actions.len(), plan.actions[0].at), (1, Ttl::from_secs(3)));
}

#[test]
fn a_profile_changes_steps_and_actions_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |more: &str| {
        let parent = std::fs::canonicalize(root().join("scenarios/connection-rewritten")).unwrap();
        let text = format!(
            "extends = '{}'\n[[setup]]\nname = 'extra'\nsql = 'SELECT 1;'\n[[profile.x.setup]]\nname = 'extra'\n{more}\n\
             [[profile.x.action]]\nname = 'wrong password'\nat = '3s'\n",
            parent.display()
        );
        std::fs::write(folder.path().join("scenario.toml"), text).unwrap();
    };
    write("database = 'powerdns'");
    let profile = LoadOptions { profile: Some("x".into()), ..LoadOptions::default() };
    let database = |plan: &Plan| match &plan.setup.last().unwrap().action {
        SetupAction::Sql { database, .. } => database.clone(),
        other => panic!("{other:?}"),
    };
    let (with, without) = (loaded_with(folder.path(), &profile), loaded(folder.path()));
    assert_eq!((database(&with).as_str(), with.actions[0].at), ("powerdns", Ttl::from_secs(3)));
    assert_eq!((database(&without).as_str(), without.actions[0].at), ("postgres", Ttl::from_secs(4)));
    write("databsae = 'powerdns'");
    let problems = leaseproof_scenario::load(folder.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(problems.contains("[[setup]] has no key `databsae`"), "{problems}");
}

#[test]
fn the_path_of_credentials_has_no_slash_of_the_mount() {
    for mount in ["database", "database/", "/database/"] {
        let options = set(&[&format!("role.powerdns-role.mount={mount}")]);
        let plan = loaded_with(root().join("scenarios/powerdns"), &options);
        assert_eq!(
            (plan.roles[0].mount.as_str(), plan.roles[0].creds_path().as_str()),
            ("database", "database/creds/powerdns-role")
        );
    }
}
