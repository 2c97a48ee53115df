//! Scenarios with mistakes, and the messages about them: each file of tests/fixtures is one snapshot.

use std::path::Path;

use leaseproof_scenario::{LoadOptions, check, load};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

fn reported(path: &str, options: &LoadOptions) -> String {
    match load(&Path::new("tests/fixtures").join(path), options) {
        Ok(plan) => format!("no problem in {}\n", plan.name),
        Err(problems) => {
            format!("{} problems, unsupported: {}\n{}", problems.len(), problems.unsupported(), problems.render(false))
        }
    }
}

macro_rules! reported {
    ($($test:ident: $path:literal),* $(,)?) => {
        $(#[test]
        fn $test() {
            insta::assert_snapshot!(reported($path, &LoadOptions::default()));
        })*
    };
}

reported! {
    syntax: "syntax.toml",
    keys_and_types: "keys-and-types.toml",
    setup: "setup.toml",
    roles_lifecycles_and_phases: "role.toml",
    thresholds_and_known: "figures.toml",
    not_built_yet: "not-built.toml",
    images_that_are_none: "images.toml",
    environments_that_already_stand: "attached.toml",
    environments_that_stand_in_the_clear: "attached-plain.toml",
    servers_that_do_not_fit: "servers.toml",
    groups_and_standbys_that_do_not_fit: "roles-and-standbys.toml",
    faults: "faults.toml",
    actions: "actions.toml",
    a_live_powerdns: "pdns.toml",
    a_live_powerdns_of_another_role: "pdns-template.toml",
    extends_in_a_circle: "circle/a",
    extends_nothing: "lost.toml",
    without_what_is_not_there: "lost-parts.toml",
    without_a_parent: "without-alone.toml",
    profile_by_itself: "profile.toml",
    no_scenario: "nowhere",
    three_mistakes: "../../../leaseproof/tests/variants/three-mistakes",
}

#[test]
fn thresholds_on_the_command_line() {
    let mut all = String::new();
    for argument in [
        "issue.response.p99",
        "issue.respons.p99 < 250ms",
        "issue.response.p99 < 250",
        "issue.response.p99{rol=app} < 250ms",
        "issue.response.p99{role=ap} < 250ms",
        "issue.response.p99{phase=stedy} < 250ms",
        "issue.response.p99{role} < 250ms",
        "issue.response.p99{role=app < 250ms",
        "issue.failed < 250ms",
        "< 250ms",
    ] {
        let options = LoadOptions { thresholds: vec![argument.to_owned()], ..LoadOptions::default() };
        all.push_str(&format!("--threshold '{argument}'\n{}\n", reported("base", &options)));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn command_line() {
    let mut all = String::new();
    for argument in [
        "phase.stedy.rate=5/s",
        "phase.steady.rate=5",
        "phase.steady.rat=5/s",
        "rate",
        "role.ap.database=x",
        "extends=x",
        "seed=seven",
        "lifecycle.app.end.revoke=2",
        "setup.sql.schema.sql.database=other.sql.x",
        "postgres.target.password=do-not-show-this",
        "vault.nodes=2",
        "client.timeot=5s",
        "setup.write.database/roles/app.creation_statements=@gone.sql",
    ] {
        let options = LoadOptions { set: vec![argument.to_owned()], ..LoadOptions::default() };
        all.push_str(&format!("--set {argument}\n{}\n", reported("base", &options)));
    }
    let options = LoadOptions { profile: Some("nightley".into()), ..LoadOptions::default() };
    all.push_str(&format!("--profile nightley\n{}", reported("base", &options)));
    insta::assert_snapshot!(all);
}

#[test]
fn no_problem_shows_a_password() {
    for fixture in std::fs::read_dir("tests/fixtures").unwrap() {
        let path = fixture.unwrap().file_name().into_string().unwrap();
        let reported = reported(&path, &LoadOptions::default());
        assert!(!reported.contains("do-not-show-this") && !reported.contains("vaultpass"), "{reported}");
    }
}

const WHOLE: &str = include_str!("../fixtures/base/scenario.toml");

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("proptest-regressions"))),
        ..ProptestConfig::with_cases(192)
    })]

    /// Whatever somebody has typed so far, there is a plan or there are problems that can be shown.
    #[test]
    fn no_file_makes_the_reader_panic(
        start in 0..WHOLE.len(),
        length in 0_usize..40,
        typed in r#"[a-z\[\]{}="'.,0-9#$é\n /]{0,12}"#,
    ) {
        let mut text = WHOLE.to_owned();
        text.replace_range(start..(start + length).min(WHOLE.len()), &typed);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scenario.toml");
        std::fs::write(&file, &text).unwrap();
        std::fs::copy("tests/fixtures/base/app.sql", folder.path().join("app.sql")).unwrap();
        std::fs::copy("tests/fixtures/base/schema.sql", folder.path().join("schema.sql")).unwrap();
        match load(&file, &LoadOptions::default()) {
            Ok(plan) => prop_assert_eq!(leaseproof_scenario::Plan::from_json(&plan.to_json()).unwrap(), plan.redacted()),
            Err(problems) => {
                prop_assert!(!problems.is_empty() && !problems.render(true).is_empty());
            }
        }
    }

    #[test]
    fn no_argument_makes_the_reader_panic(argument in r#"[a-z.=/"'\[{é 0-9]{0,24}"#) {
        let options = LoadOptions { set: vec![argument], ..LoadOptions::default() };
        let _ = reported("base", &options);
    }
}

fn written(text: &str, set: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, text).expect("the folder is this test's own");
    let options = LoadOptions { set: set.iter().map(|text| (*text).to_owned()).collect(), ..LoadOptions::default() };
    load(&file, &options)
        .map_or_else(|problems| format!("{problems}\n{}", problems.render(true)), |plan| plan.to_json())
}

#[test]
fn long_lines_are_cut_around_the_caret() {
    let long = "x".repeat(66_000);
    for (text, set) in [
        (format!("title = \"{long}\", rat = 5\n[postgres.target]\n"), String::new()),
        (format!("title = \"t\"\npostgres = {{ target = {{ superuser = \"{long}\", rat = 5 }} }}"), String::new()),
        (
            format!(
                "title = \"t\"\r\npostgres = {{ target = {{ superuser = \"{}\", rat = 5 }} }}\r\n",
                "é👨‍👩‍👧\t".repeat(9_000)
            ),
            String::new(),
        ),
        (
            "title = \"t\"\n[postgres.target]\n".to_owned(),
            format!("postgres.target.settings={{ a = \"{long}\", b = [] }}"),
        ),
        ("title = \"t\"\n[postgres.target]\n".to_owned(), format!("phase.{long}.rate=5/s")),
        (format!("title = \"t\"\n[postgres.target]\n{long} = 5"), String::new()),
        ("\u{feff}title = \"t\"\n[postgres.target]\nrat\0e = 5".to_owned(), String::new()),
        ("title = \"t\"\n[postgres.target".to_owned(), String::new()),
        ("= 5".to_owned(), String::new()),
    ] {
        let set: Vec<&str> = Some(set.as_str()).filter(|set| !set.is_empty()).into_iter().collect();
        let reported = written(&text, &set);
        assert!(reported.contains('×'), "{reported}");
        assert!(reported.lines().all(|line| line.chars().count() < 1_500), "{}", &reported[..4_000]);
    }
    let reported =
        written(&format!("title = \"t\"\npostgres = {{ target = {{ superuser = \"{long}\", rat = 5 }} }}"), &[]);
    assert!(reported.contains("…xxx") && reported.contains("\", rat = 5 } }"), "{reported}");
}

#[test]
fn of_many_problems_the_first_are_shown() {
    let many: String = (0..5_000).map(|number| format!("key{number} = 1\n")).collect();
    let reported = written(&format!("title = \"t\"\n[postgres.target]\n{many}"), &[]);
    assert!(reported.contains("… and 4950 more problems"), "{}", &reported[reported.len() - 500..]);
}

#[test]
fn no_secret_is_shown_with_a_problem_or_kept_with_the_plan() {
    const S: &str = "Hush-4711";
    let lines = [
        "password = \"Hush-4711\"",
        "\"password\" = 'Hush-4711'",
        "password = \"a\\\"Hush-4711\"",
        "password = \"\"\"Hush-4711\"\"\"",
        "password = \"\"\"\nx\nHush-4711\"\"\"",
        "password = '@Hush-4711'",
        "password = 'x${Hush-4711}'",
        "passphrase = 'Hush-4711'",
        "secret_key = ['Hush-4711']",
        "secret_id = { x = 'Hush-4711' }",
        "token = 'Hush-4711' # Hush",
        "a.private_key = 'Hush-4711'",
        "pasword = 'Hush-4711'",
        "connection_url = 'postgresql://u:Hush-4711@h/d'",
        "x = 'host=h password=Hush-4711'",
        "x = '{\"password\":\"Hush-4711\"}'",
        "x = 'CREATE ROLE a PASSWORD $$Hush-4711$$'",
        "x = 'ALTER ROLE a PASSWORD E''Hush-4711'",
        "x = \"INSERT INTO users VALUES (1, 'Hush-4711')\"",
        "x = \"INSERT INTO users (name, pass) VALUES ('a', 'Hush-4711')\"",
        "x = \"SELECT crypt('Hush-4711', gen_salt('bf'))\"",
        "x = \"ALTER USER a IDENTIFIED BY 'Hush-4711'\"",
        "x = 'ALTER ROLE a PASSWORD $t$Hush-4711$t$'",
        "x = 'https://u:Hush-4711@h/d'",
        "x = 'postgresql://{{username}}:Hush-4711@h/d'",
        "x = 'https://Hush-4711@h/d'",
        "x = 'Authorization: Bearer Hush-4711'",
        "x = '{\"a\": {\"tokens\": [\"Hush-4711\"]}}'",
        "x = \"{\\\"password\\\": \\\"Hush-4711\\\"}\"",
        "x = 'PGPASSWORD=Hush-4711 psql'",
        "x = 'password: Hush-4711'",
        "pass = 'Hush-4711'",
        "pwd = 'Hush-4711'",
        "secrets = ['a', 'Hush-4711']",
        "tokens = [['Hush-4711']]",
        "credentials = [{ a = 'Hush-4711' }]",
        "api_key = 'Hush-4711'",
        "apiKey = 'Hush-4711'",
        "\"api.key\" = 'Hush-4711'",
        "a.'pass word'.b = 'Hush-4711'",
        "password = 'Hush-4711'\ntitle = 'Hush-4711'",
        "password = \"Hush\\u002d4711\"\nx = 'Hush-4711'",
    ];
    let head = "title = \"t\"\n[postgres.target]\n";
    for line in lines {
        for table in [
            "[[setup]]\nwrite = 'a/b'\n[setup.data]\n",
            "[[setup]]\nwrite = 'a/b'\n[setup.dat]\n",
            "[postgres.other]\n",
            "[nowhere]\n",
        ] {
            for more in ["", "\nbroken = [5", "\nx y z", " = 5", "\nn = '${gone}'"] {
                let reported = written(&format!("{head}{table}{line}{more}"), &[]);
                assert!(!reported.contains(S), "{table}{line}{more}\n{reported}");
            }
        }
    }
    // A secret that stands in another place too is hidden there, whatever is wrong with that line.
    let reported =
        written(&format!("{head}password = 'Hush-4711'\nlayout = 'Hush-4711'\nversion = 'x Hush-4711 y'\n"), &[]);
    assert!(reported.contains("layout = '***'") && !reported.contains(S), "{reported}");
    // A name stays readable, also where it is somebody's password.
    let table = "{ password = 'vault-admin', superuser = 'vault-admin', layuot = 1 }";
    let reported = written(&format!("title = 't'\npostgres = {{ target = {table} }}\n"), &[]);
    assert!(
        reported.contains("superuser = 'vault-admin'") && !reported.contains("password = 'vault-admin'"),
        "{reported}"
    );
    let script = |text: &str| format!("{head}[[setup]]\nscript = '''\n{text}\n'''\n");
    for text in [
        "curl -H 'X-Vault-Token: Hush-4711' x",
        "x Hush-4711",
        "echo Hush-4711 ${vault.gone}",
        "psql ${postgres.gone.x} {\"password\":\"Hush-4711\"}",
    ] {
        assert!(!written(&script(text), &[]).contains(S), "{text}");
    }
    for set in [
        "postgres.target.password=Hush-4711",
        "postgres.target.pasword=Hush-4711",
        "postgres.target.password.x=Hush-4711",
        "postgres.target.password=['Hush-4711']",
        "postgres.target.password Hush-4711",
        "nowhere.secret_id=Hush-4711",
        "postgres.target={ password = ['Hush-4711'] }",
    ] {
        assert!(!written(head, &[set]).contains(S), "{set}\n{}", written(head, &[set]));
    }
}

const AGAIN: &str = "title = 't'\n[postgres.target]\n[[setup]]\nwrite = 'a/b'\n[setup.data]\nx = 'one'\n[[setup]]\nwrite = 'a/b'\nname = 'again'\n[setup.data]\nx = 'two'\n";

#[test]
fn steps_are_distinguished_by_name() {
    let reported = written(AGAIN, &["setup.again.data.x=three", "setup.again.y=four"]);
    assert!(
        reported.contains("\"x\": \"one\"")
            && reported.contains("\"x\": \"three\"")
            && reported.contains("\"y\": \"four\""),
        "{reported}"
    );
    let reported = written(AGAIN, &["setup.write.a/b.x=three"]);
    assert!(
        reported.contains("`setup.write.a/b` is ambiguous: 2 items have that name")
            && reported.contains("scenario.toml:3:1 or `again` at "),
        "{reported}"
    );
    for (names, wrong) in [
        (["again", "again"], "two steps have the name `again`"),
        (["write.c/d", "x"], "`write.c/d` is the path of another step already"),
        (["x", "write.a/b"], "`write.a/b` is the path of another step already"),
        (["", "x"], "a step's name cannot be empty"),
    ] {
        let step = |(name, path): (&str, &str)| format!("[[setup]]\nname = '{name}'\nwrite = '{path}'\n");
        let steps: String = names.into_iter().zip(["a/b", "c/d"]).map(step).collect();
        let reported = written(&format!("title = 't'\n[postgres.target]\n{steps}"), &[]);
        assert!(reported.contains(wrong), "{reported}");
    }
    // The path of two steps, of which one has it as its name.
    let reported = written(&AGAIN.replace("'again'", "'write.a/b'"), &[]);
    assert!(reported.contains("`write.a/b` is the path of another step already"), "{reported}");
}

#[test]
fn layers_find_steps_by_name_and_say_where_they_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("scenario.toml"), text).unwrap();
    };
    write("base", AGAIN);
    let reported = |text: &str| {
        write("child", &format!("extends = '../base'\n{text}"));
        match load(&folder.path().join("child"), &LoadOptions::default()) {
            Ok(plan) => plan.setup.iter().map(|step| format!("{:?} {:?}\n", step.name, step.action)).collect(),
            Err(problems) => problems.render(false),
        }
    };
    for text in ["without = ['again']", "without = ['setup.again']"] {
        let reported = reported(text);
        assert!(reported.contains("one") && !reported.contains("two"), "{reported}");
    }
    let merged = reported("[[setup]]\nname = 'again'\nwrite = 'a/b'\n[setup.data]\ny = 'more'\n");
    assert!(merged.contains("two") && merged.contains("more") && merged.lines().count() == 2, "{merged}");
    let added = reported("[[setup]]\nname = 'third'\nwrite = 'a/b'\n");
    assert_eq!(added.lines().count(), 3, "{added}");
    for (text, wrong) in [
        ("without = ['setup.write.a/b.x']", "`setup.write.a/b` is ambiguous: 2 items have that name"),
        (
            "[[setup]]\nwrite = 'a/b'\n",
            "`write.a/b` is ambiguous: the file that this one changes has it more than once",
        ),
    ] {
        let reported = reported(text);
        assert!(
            reported.contains(wrong) && reported.contains("base/scenario.toml:3:1") && reported.contains("`again` at"),
            "{reported}"
        );
    }
}

#[test]
fn nothing_that_is_set_is_without_effect() {
    let base = |set: &[&str]| {
        let options =
            LoadOptions { set: set.iter().map(|text| (*text).to_owned()).collect(), ..LoadOptions::default() };
        load(Path::new("tests/fixtures/base"), &options)
    };
    let plan = base(&[]).unwrap();
    for set in
        ["setup=[]", "phase=[]", "threshold=[]", "role={}", "lifecycle={}", "postgres={}", "vault={}", "client={}"]
    {
        assert!(base(&[set]).map_or(true, |changed| changed.redacted() != plan.redacted()), "{set}");
    }
    assert_eq!(base(&["threshold=[]"]).unwrap().thresholds, []);
    for set in [
        "phase={}",
        "role=[]",
        "setup=",
        "phase.steady=[]",
        "seed=",
        "phase.steady.rate=[]",
        "setup=[{}]",
        "phase[0].rate=5/s",
    ] {
        assert!(base(&[set]).is_err(), "{set}");
    }
    let last = base(&["seed=1", "seed=2"]).unwrap();
    assert_eq!(last.seed, 2);
}

#[test]
fn every_placeholder_of_the_reference_is_there() {
    let reference = std::fs::read_to_string("../../docs/scenario.md").unwrap();
    let mut found: Vec<String> = reference
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name.replace("<cluster>", "target").replace("<number>", "2"))
        .filter(|name| name.contains('.'))
        .collect();
    found.sort();
    found.dedup();
    assert!(found.len() >= 9, "{found:?}");
    let scenario = |layout: &str, uses: &str| {
        let cluster = |name: &str| format!("[postgres.{name}]\ntls = true\n{layout}\n");
        let steps = format!(
            "[[setup]]\nwrite = 'a/b'\n[setup.data]\nx = '{uses}'\n[[setup]]\nsql = 'SELECT $${uses}$$'\n[[setup]]\npolicy = 'p'\nrules = '# {uses}'\n[[setup]]\nscript = 'echo {uses}'\n"
        );
        format!("title = 't'\n{}{}{steps}", cluster("target"), cluster("storage"))
    };
    let uses: String = found.iter().map(|name| format!("${{{name}}},")).collect();
    for layout in ["layout = 'haproxy-ha'", "layout = 'patroni'"] {
        let reported = written(&scenario(layout, &uses), &[]);
        assert!(!reported.contains('×'), "{reported}");
    }
    for (layout, uses, wrong) in [
        ("", "${postgres.target.read}", "cluster `target` has no standby to read from"),
        ("", "${postgres.target.2}", "cluster `target` has one server, number 1"),
        (
            "layout = 'haproxy-ha'\nstandbys = 2",
            "${postgres.target.4}",
            "cluster `target` has 3 servers, numbers 1 to 3",
        ),
        ("layout = 'haproxy-ha'", "${postgres.target.0}", "numbers 1 to 2"),
        ("", "${postgres.main.read}", "the environment has no `${postgres.main.read}`"),
    ] {
        let reported = written(&scenario(layout, uses), &[]);
        assert!(reported.contains(wrong) && reported.contains("─┬─"), "{reported}");
    }
    // In a URL with a password, whose excerpt is not shown.
    let url = "connection_url = 'postgresql://{{username}}:{{password}}@${postgres.target.read}/app'";
    let step =
        format!("title = 't'\n[postgres.target]\n[[setup]]\nwrite = 'database/config/app'\n[setup.data]\n{url}\n");
    let reported = written(&step, &[]);
    assert!(reported.contains("cluster `target` has no standby to read from"), "{reported}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    /// Whatever stands around it: a secret is in no message.
    #[test]
    fn no_secret_is_ever_shown(
        key in "(password|passphrase|secret|token|private_key|secret_id|root_password)",
        secret in "[A-Za-z0-9]{8,20}",
        open in "[\"']|\"\"\"|'''",
        before in r#"[a-z\[\]={}"'.\n #]{0,12}"#,
        after in r#"[a-z\[\]={}"'.\n #]{0,12}"#,
    ) {
        let text = format!("title = 't'\n[postgres.target]\n{before}\n[[setup]]\nwrite = 'x'\n[setup.data]\n{key} = {open}{secret}{open}{after}\n");
        prop_assert!(!written(&text, &[]).contains(&secret));
        let argument = format!("setup.write.x.{key}={open}{secret}{after}");
        prop_assert!(!written(&text, &[&argument]).contains(&secret));
    }
}

#[test]
fn one_setting_is_one_line() {
    let reported = |settings: &str| written(&format!("title = 't'\n[postgres.target.settings]\n{settings}"), &[]);
    for (settings, wrong) in [
        ("\"a\\nport\" = 'x'", "is no name of a PostgreSQL setting"),
        ("\"a = 1\\nb\" = 'x'", "is no name of a PostgreSQL setting"),
        ("\"a'b\" = 'x'", "is no name of a PostgreSQL setting"),
        ("\"\" = 'x'", "is no name of a PostgreSQL setting"),
        ("\"a\\u0000\" = 'x'", "is no name of a PostgreSQL setting"),
        ("include = '/etc/passwd'", "`include` is no setting: it reads another file"),
        ("Include_Dir = 'x'", "is no setting: it reads another file"),
        ("log_line_prefix = \"a\\nport = 1\"", "has a line break or control character in it"),
        ("log_line_prefix = \"a\\u0000\"", "has a line break or control character in it"),
        ("work_mem = '1MB'\nWork_Mem = '2MB'", "is set twice"),
    ] {
        let reported = reported(settings);
        assert!(reported.contains(wrong) && reported.contains('┬'), "{settings}\n{reported}");
    }
    let reported = reported("log_line_prefix = \"it's \\\\ %m\"\n\"auto_explain.log_min_duration\" = '3s'\n");
    assert!(!reported.contains('×'), "{reported}");
    for name in ["\"../../x\"", "\"a b\"", "\"a\\nb\"", "\"\"", "\"a.b\""] {
        let reported = written(&format!("title = 't'\n[postgres.{name}]\n"), &[]);
        assert!(reported.contains("is no name for a cluster"), "{reported}");
    }
    let reported = written("title = 't'\n[postgres.target]\nsuperuser = \"a\\nb\"\n", &[]);
    assert!(reported.contains("`superuser` has a line break"), "{reported}");
}

/// What `check` warns of in a setup that is good but for `change`.
fn warned(change: impl Fn(String) -> String) -> String {
    crate::warnings_of(&change(good()))
}

/// A scenario without a warning.
fn good() -> String {
    r#"title = "t"
[postgres.target]
[[setup]]
sql = "CREATE DATABASE shop"
[[setup]]
enable = "database"
[[setup]]
write = "database/config/shop"
data = { plugin_name = "postgresql-database-plugin", connection_url = "postgresql://{{username}}:{{password}}@${postgres.target.write}/shop", allowed_roles = "app,rep-*", username = "vault", password = "vaultpass" }
[[setup]]
write = "database/roles/app"
[setup.data]
db_name = "shop"
creation_statements = """
CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';
DO $$ BEGIN EXECUTE format('GRANT x TO %I', '{{name}}'); END $$;
"""
revocation_statements = ["DROP OWNED BY \"{{name}}\"", "DROP ROLE \"{{name}}\""]
default_ttl = "1h"
max_ttl = 86400
[[setup]]
policy = "client"
rules = 'path "database/creds/app" { capabilities = ["read"] } path "sys/leases/*" { capabilities = ["update"] }'
[client]
policies = ["client"]
[role.app]
database = "shop"
[lifecycle.app]
role = "app"
renew = { at = "75%" }
end = { revoke = 1.0 }
[[phase]]
name = "steady"
rate = "1/s"
for = "1s"
mix = { app = 1 }
"#
    .to_owned()
}

#[test]
fn what_is_likely_to_be_wrong_is_a_warning() {
    assert_eq!(warned(|good| good), "");
    for (good, bad, says) in [
        ("default_ttl = ", "defualt_ttl = ", "did you mean `default_ttl`?"),
        (
            "db_name = \"shop\"",
            "db_name = \"shop\"\nnowhere = 1",
            "a database role of Vault 1.21 has no parameter `nowhere`",
        ),
        ("allowed_roles = ", "alowed_roles = ", "did you mean `allowed_roles`?"),
        ("db_name = \"shop\"", "db_name = \"shpo\"", "no step writes the connection `database/config/shpo`"),
        (
            "allowed_roles = ",
            "password_policy = \"shpo\", allowed_roles = ",
            "no step writes the password policy `sys/policies/password/shpo`",
        ),
        (
            "default_ttl = \"1h\"",
            "credential_config = \"password_policy=shpo\"\ndefault_ttl = \"1h\"",
            "no step writes the password policy `sys/policies/password/shpo`",
        ),
        (
            "default_ttl = \"1h\"",
            "credential_config = '{\"password_policy\": \"shpo\"}'\ndefault_ttl = \"1h\"",
            "no step writes the password policy `sys/policies/password/shpo`",
        ),
        (
            "default_ttl = \"1h\"",
            "credential_config = [\"password_policy=shpo\"]\ndefault_ttl = \"1h\"",
            "no step writes the password policy `sys/policies/password/shpo`",
        ),
        (
            "role = \"app\"\nrenew",
            "role = \"app\"\nquery = \"SELECT '${vault.addr}'\"\nrenew",
            "placeholders are not replaced in `query`",
        ),
        (
            "database = \"shop\"\n[lifecycle",
            "database = \"shpo\"\n[lifecycle",
            "no setup step creates the database `shpo`",
        ),
        ("app,rep-*", "ap,rep-*", "connection `shop` does not allow role `app`"),
        ("default_ttl = \"1h\"", "default_ttl = \"48h\"", "`default_ttl` is above `max_ttl`: 172800 s and 86400 s"),
        ("ROLE \"{{name}}\" LOGIN", "ROLE {{name}} LOGIN", "expected `\"{{name}}\"`"),
        ("PASSWORD '{{password}}'", "PASSWORD {{password}}", "expected `'{{password}}'`"),
        ("PASSWORD '{{password}}'", "PASSWORD '{{pasword}}'", "did you mean `{{password}}`?"),
        ("VALID UNTIL '{{expiration}}'", "", "`creation_statements` has no `{{expiration}}`"),
        ("PASSWORD '{{password}}'", "PASSWORD 'x'", "`creation_statements` has no `{{password}}`"),
        (
            "[\"DROP OWNED BY \\\"{{name}}\\\"\", \"DROP ROLE \\\"{{name}}\\\"\"]",
            "\"DROP ROLE x\"",
            "`revocation_statements` has no `{{name}}`",
        ),
        ("END $$;", "END;", "this dollar quote is never closed"),
        ("; END $$;", "; end $$;", "END is not in capitals"),
        ("ROLE \"{{name}}\" LOGIN", "ROLE \"{{name}} LOGIN", "is never closed"),
        ("CREATE DATABASE shop\"", "\\\\c shop\"", "`\\c` is a command of psql"),
        ("CREATE DATABASE shop\"", "SELECT 'CREATE DATABASE shop'\\\\gexec\"", "`\\gexec` is a command of psql"),
        ("CREATE DATABASE shop\"", "SELECT 1; \\\\c shop\"", "`\\c` is a command of psql"),
        ("CREATE DATABASE shop\"", "SELECT :'pw'\"", "`:'pw'` is a variable of psql"),
        ("CREATE DATABASE shop\"", "SELECT 'x\"", "this `'` is never closed"),
        (
            "creds/app\" { capabilities = [\"read\"",
            "creds/ap\" { capabilities = [\"read\"",
            "no policy of the client allows `read` on `database/creds/app`",
        ),
        ("[\"update\"]", "[\"read\"]", "no policy of the client allows `update` on `sys/leases/revoke`"),
    ] {
        let reported = warned(|text| {
            assert!(text.contains(good), "{good}");
            text.replacen(good, bad, 1)
        });
        assert!(
            reported.contains(says) && reported.contains('⚠') && !reported.contains("not valid"),
            "{bad}\n{reported}"
        );
    }
}

/// The policy is right then, and would be wrong with the path that is not there.
#[test]
fn an_engine_that_no_step_enables_is_named_and_no_policy_is_blamed() {
    let elsewhere = |text: String| {
        let at_pg = text.replace("enable = \"database\"", "enable = \"database\"\npath = \"pg\"");
        at_pg.replace("write = \"database/", "write = \"pg/").replace("path \"database/", "path \"pg/")
    };
    let forgotten = warned(elsewhere);
    let none = "no step enables a database engine at `database`";
    assert!(forgotten.contains(none) && forgotten.contains("`mount = \"pg\"`"), "{forgotten}");
    assert!(!forgotten.contains("no policy of the client allows"), "{forgotten}");
    let with_mount =
        |mount: &str| warned(|text| elsewhere(text).replace("[role.app]", &format!("[role.app]\nmount = \"{mount}\"")));
    let slip = with_mount("pgx");
    assert!(
        slip.contains("no step enables a database engine at `pgx`") && slip.contains("did you mean `pg`?"),
        "{slip}"
    );
    assert!(!slip.contains("no policy of the client allows"), "{slip}");
    assert_eq!(with_mount("pg"), "");
    assert_eq!(with_mount("/pg/"), "");
    // A script may enable it, and so may a write.
    let scripted = "[[setup]]\nscript = \"true\"\n[client]";
    assert!(!warned(|text| elsewhere(text).replace("[client]", scripted)).contains("no step enables"));
    let written = warned(|text| {
        let enabled = "write = \"sys/mounts/pg\"\ndata = { type = \"database\" }";
        let text = elsewhere(text).replace("enable = \"database\"\npath = \"pg\"", enabled);
        text.replace("[role.app]", "[role.app]\nmount = \"pg\"")
    });
    assert!(!written.contains("no step enables"), "{written}");
    // A quota is about an engine too.
    let quota = |mount: &str| {
        let fault = "[[fault]]\nkind = \"quota\"\non = \"vault\"\nrate = \"1/s\"\nphase = \"steady\"\nat = \"100ms\"\nfor = \"400ms\"\n";
        warned(|text| format!("{text}\n{fault}mount = \"{mount}\"\n"))
    };
    let wrong = quota("databse");
    assert!(
        wrong.contains("no step enables a database engine at `databse`")
            && wrong.contains("did you mean `database`?")
            && wrong.contains("mount = \"databse\""),
        "{wrong}"
    );
    assert_eq!(quota("database/"), "");
    // A step that writes to an engine that is not there is no better.
    let wrong = warned(|text| text.replace("write = \"database/roles", "write = \"databse/roles"));
    assert!(
        wrong.contains("no step enables an engine at `databse`") && wrong.contains("did you mean `database`?"),
        "{wrong}"
    );
}

#[test]
fn a_password_that_is_a_word_spoils_no_text_and_is_warned_of() {
    let titled = |text: String| {
        let title = "title = \"A rotated root password\"";
        text.replace("title = \"t\"", title).replace("[postgres.target]", "[postgres.target]\npassword = \"password\"")
    };
    let reported = warned(titled);
    assert!(reported.contains("this password is a common word"), "{reported}");
    assert!(reported.contains("password = ***"), "the value is not shown where it stands: {reported}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.toml");
    let text = |password: &str| {
        format!(
            "title = \"A rotated root password, Swordfish7\"\n[postgres.target]\npassword = \"{password}\"\n[[setup]]\n\
             name = \"rotate the password\"\nsql = \"ALTER ROLE postgres PASSWORD '{password}'\"\n"
        )
    };
    let plan = |password: &str| {
        std::fs::write(&file, text(password)).unwrap();
        load(&file, &LoadOptions::default()).unwrap()
    };
    let word = plan("password");
    assert_eq!(word.title, "A rotated root password, Swordfish7");
    assert_eq!(word.setup[0].name.as_deref(), Some("rotate the password"));
    let stored = word.to_json();
    assert!(stored.contains("PASSWORD '***'") && !stored.contains("'password'"), "{stored}");
    assert_eq!(plan("Swordfish7").title, "A rotated root password, ***");
}

/// In a report a warning is one text without the scenario's line.
#[test]
fn a_warning_in_one_line_is_made_of_sentences() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.toml");
    let reported = |from: &str, to: &str| {
        std::fs::write(&file, good().replacen(from, to, 1)).unwrap();
        let (plan, _) = check(&file, &LoadOptions::default()).unwrap();
        let whats = plan.warnings.into_iter().map(|warning| warning.what).collect::<Vec<_>>().join("\n");
        whats.replace(&folder.path().display().to_string(), "")
    };
    let all = [
        reported("app,rep-*", "ap,rep-*"),
        reported("creds/app\" {", "creds/ap\" {"),
        reported("database = \"shop\"\n[lifecycle", "database = \"shpo\"\n[lifecycle"),
        reported("default_ttl = \"1h\"", "default_ttl = \"48h\""),
        reported("VALID UNTIL '{{expiration}}'", ""),
        reported("CREATE DATABASE shop\"", "\\\\c shop\""),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

/// A warning that is false is worse than none.
#[test]
fn the_scenarios_of_this_repository_have_only_warnings_that_are_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut reported = String::new();
    for folder in ["scenarios", "crates/leaseproof/tests/variants"] {
        let mut paths: Vec<_> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|path| path.unwrap().path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.join("scenario.toml").exists()) {
            if let Ok((_, warnings)) = check(path, &LoadOptions::default()) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                reported.extend(warnings.to_string().lines().map(|line| {
                    let line = line.rsplit_once("scenario.toml:").map_or(line, |(_, line)| line);
                    format!("{name}: {}\n", line.rsplit_once(": ").map_or(line, |(_, words)| words))
                }));
            }
        }
    }
    insta::assert_snapshot!(reported);
}

/// Where a name is looked for near thousands of others, it is for the problems that are shown.
#[test]
fn many_unknown_names_are_reported_as_soon_as_few() {
    let text = |names: usize| {
        let known: String =
            (0..names).map(|number| format!("[[setup]]\npolicy = 'q{number}'\nrules = 'x'\n")).collect();
        let asked: String = (0..names).map(|number| format!("'policy{number}',")).collect();
        format!("title = 't'\n[postgres.target]\n{known}[client]\npolicies = [{asked}]\n")
    };
    let took = |names: usize| {
        let text = text(names);
        let begun = std::time::Instant::now();
        assert!(written(&text, &[]).contains("there is no policy"));
        begun.elapsed()
    };
    // Eight times as many took 64 times as long.
    let (few, many) = (took(250), took(2_000));
    assert!(many < few * 32, "{few:?} and {many:?}");
}

/// The host is what is connected to, and what is kept elsewhere is neither accepted nor shown.
#[test]
fn an_address_with_a_secret_in_it_is_refused_and_not_shown() {
    let text = std::fs::read_to_string("tests/fixtures/attached-plain.toml").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.toml");
    let shown = |from: &str, to: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(from)).unwrap();
        std::fs::write(&file, text.replace(line, &format!("{from} = {to}"))).unwrap();
        load(&file, &LoadOptions::default()).unwrap_err().render(false)
    };
    for (address, words) in [
        ("https://vault.staging:8200@vault.prod.invalid", "`address` has a username or a password"),
        ("http://Hush-4711:pw@127.0.0.1:8200", "`address` has a username or a password"),
        ("http://ada:Hush-4711@127.0.0.1:8200", "`address` has a username or a password"),
        ("https://Hush-4711@127.0.0.1:8200", "`address` has a username or a password"),
        ("http://127.0.0.1:8200/?token=Hush-4711", "`address` has a query"),
        ("http://127.0.0.1:8200/?t=Hush-4711", "`address` has a query"),
        ("http://127.0.0.1:8200/#Hush-4711", "`address` has a fragment"),
        ("http://127.0.0.1:8200/ Hush-4711", "`address` has a space, a control character or a backslash"),
    ] {
        let shown = shown("address", &format!("\"{address}\""));
        assert!(shown.contains(words) && !shown.contains("Hush-4711"), "{address}: {shown}");
    }
    for observer in ["ada:Hush-4711@db", "ada@db/x?password=Hush-4711", "ada:Hush-4711@db,other", "ada@db,other:5432"] {
        let shown = shown("observer", &format!("\"postgres://{observer}\""));
        assert!(shown.contains("`observer` is not postgres://"), "{observer}: {shown}");
        assert!(!shown.contains("Hush-4711"), "{observer}: {shown}");
    }
}

#[test]
fn each_malformed_placeholder_is_named_where_it_stands() {
    let folder = tempfile::tempdir().expect("a folder for a test");
    std::fs::write(folder.path().join("part.sql"), "SELECT 1;\nSELECT '${postgres.target.write';\n").unwrap();
    let reported = |action: &str| {
        let text = format!("title = 't'\n[postgres.target]\n[[setup]]\n{action}\n");
        std::fs::write(folder.path().join("scenario.toml"), text).unwrap();
        match load(&folder.path().join("scenario.toml"), &LoadOptions::default()) {
            Ok(_) => "valid".to_owned(),
            Err(problems) => problems.render(false),
        }
    };
    let not_closed = "this placeholder is not closed: expected `}` on the same line";
    let nested = "a placeholder cannot stand in another one";
    for (action, words) in [
        (
            "write = 'x'\ndata = { a = 'p@${postgres.target.write/app' }",
            &[not_closed, "did you mean `${postgres.target.write}`?"][..],
        ),
        ("write = 'x'\ndata = { a = ['b', '${vault.addr'] }", &[not_closed, "did you mean `${vault.addr}`?"]),
        ("write = 'x'\ndata = { password = 'pw${ab' }", &[not_closed, "`${dollar}{` writes a literal `${`"]),
        ("write = 'x'\ndata = { a = '${' }", &[not_closed]),
        ("sql = \"\"\"SELECT '${vault.addr\n}'\"\"\"", &[not_closed, ":4:"]),
        ("sql = 'part.sql'", &[not_closed, "part.sql:2:9"]),
        ("policy = 'p'\nrules = 'path \"${vault.addr\" {}'", &["the environment has no `${vault.addr"]),
        ("policy = 'p'\nrules = 'path \"${vault.addr\"'", &[not_closed]),
        ("script = 'curl ${vault.addr'", &[not_closed]),
        ("write = 'x'\ndata = { a = '${}' }", &["this placeholder has no name", "the environment has"]),
        ("write = 'x'\ndata = { a = '${  }' }", &["this placeholder has no name"]),
        ("write = 'x'\ndata = { a = '${postgres.${vault.host}.write}' }", &[nested]),
        ("write = 'x'\ndata = { a = '${postgres.target.${vault.host' }", &[nested]),
        ("write = 'x'\ndata = { a = '${ vault.addr }' }", &["did you mean `${vault.addr}`?"]),
        ("write = 'x'\ndata = { a = '${vault.adr}' }", &["did you mean `${vault.addr}`?"]),
        ("write = 'x'\ndata = { a = '$ {vault.addr}' }", &["this is no placeholder", "did you mean `${vault.addr}`?"]),
        ("write = 'x'\ndata = { a = '$(vault.addr)' }", &["this is no placeholder", "did you mean `${vault.addr}`?"]),
        ("write = 'x'\ndata = { a = 'h=$postgres.target.host x' }", &["did you mean `${postgres.target.host}`?"]),
    ] {
        let reported = reported(action);
        assert!(words.iter().all(|words| reported.contains(words)) && reported.contains('╭'), "{action}\n{reported}");
    }
    for action in [
        "write = 'x'\ndata = { password = 'pw${dollar}{ab}', b = 'a$b {c} 5$' }",
        "script = 'echo ${HOME:-x} ${A:-${B}} $(vault status) ${vault.addr}'",
        "sql = 'SELECT $$a$$, $1, $t${dollar}{x}$t$'",
    ] {
        assert_eq!(reported(action), "valid", "{action}");
    }
}

/// What is warned of where the role `app` has these TTLs, with these lines of [vault] and these steps after it.
fn ttls(vault: &str, ttls: &str, steps: &str) -> String {
    crate::warnings_of(&format!(
        "title = 't'\n[vault]\n{vault}\n[postgres.target]\n[[setup]]\nenable = 'database'\n[[setup]]\nwrite = 'database/roles/app'\n\
         [setup.data]\ndb_name = 'shop'\n{ttls}\n{steps}"
    ))
}

#[test]
fn a_ttl_above_the_maximum_of_its_mount_is_noted() {
    let tune = |seconds: &str| {
        format!("[[setup]]\nwrite = 'sys/mounts/database/tune'\n[setup.data]\nmax_lease_ttl = '{seconds}'\n")
    };
    for (vault, own, steps, expected) in [
        (
            "max_lease_ttl = '24h'",
            "default_ttl = '48h'",
            String::new(),
            "`default_ttl` is above `max_lease_ttl` of [vault]: 172800 s and 86400 s",
        ),
        (
            "max_lease_ttl = '1h'",
            "default_ttl = '30m'\nmax_ttl = '4h'",
            String::new(),
            "`max_ttl` is above `max_lease_ttl` of [vault]: 14400 s and 3600 s",
        ),
        (
            "",
            "default_ttl = '2h'",
            tune("1h"),
            "`default_ttl` is above `max_lease_ttl` of the mount `database`: 7200 s and 3600 s",
        ),
        (
            "max_lease_ttl = '4h'",
            "default_ttl = 7200",
            tune("3600"),
            "`default_ttl` is above `max_lease_ttl` of the mount `database`: 7200 s and 3600 s",
        ),
        // 0: the system's.
        (
            "max_lease_ttl = '1h'",
            "default_ttl = '2h'",
            tune("0"),
            "`default_ttl` is above `max_lease_ttl` of [vault]: 7200 s and 3600 s",
        ),
    ] {
        let reported = ttls(vault, own, &steps);
        assert!(reported.contains(expected), "{vault} {own}\n{reported}");
    }
    // A mount's own maximum counts, even if it is above the system's.
    for (vault, own, steps) in
        [("max_lease_ttl = '1h'", "default_ttl = '2h'", tune("4h")), ("", "default_ttl = '2h'", String::new())]
    {
        let reported = ttls(vault, own, &steps);
        assert!(!reported.contains("is above `max_lease_ttl`"), "{vault} {own}\n{reported}");
    }
}

#[test]
fn an_unknown_parameter_is_an_error_where_warnings_fail_the_step() {
    let scenario = |warnings: &str| {
        format!(
            "title = 't'\n[postgres.target]\n[[setup]]\nenable = 'database'\n[[setup]]\nwrite = 'database/roles/app'\n{warnings}\n\
             [setup.data]\ndb_name = 'shop'\nfrobnicate = 'x'\n"
        )
    };
    let reported = crate::warnings_of(&scenario(""));
    assert!(reported.contains("has no parameter `frobnicate`"), "{reported}");
    let Err(problems) = crate::checked(&scenario("warnings = 'fail'")) else { panic!("it is valid") };
    assert!(
        problems.to_string().contains("has no parameter `frobnicate`, and `warnings` of this step is \"fail\""),
        "{problems}"
    );
}

#[test]
fn an_account_that_no_step_lets_replicate_is_noted() {
    let reported = |sql: &str| {
        crate::warnings_of(&format!(
            "title = 't'\n[postgres.target]\nlayout = 'haproxy-ha'\nreplicate_as = 'repl'\nreplicate_password = 'repl-of-test'\n[[setup]]\nsql = \"{sql}\"\n"
        ))
    };
    assert!(reported("SELECT 1").contains("no setup step creates the account `repl`"));
    assert!(
        reported("CREATE ROLE repl LOGIN; CREATE ROLE x REPLICATION")
            .contains("no setup step gives the account `repl` REPLICATION")
    );
    for sql in [
        "CREATE ROLE repl LOGIN REPLICATION",
        "CREATE USER repl; ALTER USER repl REPLICATION",
        "CREATE ROLE repl SUPERUSER LOGIN",
        "DO $$ BEGIN EXECUTE format('CREATE ROLE %I', 'repl'); END $$",
    ] {
        assert!(!reported(sql).contains("the account `repl`"), "{sql}\n{}", reported(sql));
    }
}

#[test]
fn the_certificate_of_the_authority_needs_a_server_with_tls() {
    let scenario = "title = 't'\n[postgres.target]\n[[setup]]\nwrite = 'database/config/app'\n[setup.data]\n\
        connection_url = 'host=${postgres.target.host} sslrootcert=${environment.ca}'\n";
    let Err(problems) = crate::checked(scenario) else { panic!("it is valid") };
    let reported = problems.render(false);
    assert!(
        reported.contains("no server of the environment has TLS") && reported.contains("`tls = true` in [vault]"),
        "{reported}"
    );
}
