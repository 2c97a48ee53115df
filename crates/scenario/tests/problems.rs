//! Scenarios with mistakes, and what people are told of them: each file of tests/fixtures is one snapshot.

use std::path::Path;

use leaseproof_scenario::{LoadOptions, load};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

fn told(path: &str, options: &LoadOptions) -> String {
    match load(&Path::new("tests/fixtures").join(path), options) {
        Ok(plan) => format!("no problem in {}\n", plan.name),
        Err(problems) => {
            format!("{} problems, unsupported: {}\n{}", problems.len(), problems.unsupported(), problems.render(false))
        }
    }
}

macro_rules! told {
    ($($test:ident: $path:literal),* $(,)?) => {
        $(#[test]
        fn $test() {
            insta::assert_snapshot!(told($path, &LoadOptions::default()));
        })*
    };
}

told! {
    syntax: "syntax.toml",
    keys_and_types: "keys-and-types.toml",
    setup: "setup.toml",
    roles_lives_and_phases: "role.toml",
    thresholds_and_known: "figures.toml",
    not_built_yet: "not-built.toml",
    images_that_are_none: "images.toml",
    estates_that_already_stand: "attached.toml",
    estates_that_stand_in_the_clear: "attached-plain.toml",
    servers_that_do_not_fit: "servers.toml",
    faults: "faults.toml",
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
        "life.app.end.revoke=2",
        "setup.sql.schema.sql.database=other.sql.x",
        "postgres.target.password=do-not-show-this",
        "vault.nodes=2",
        "client.timeot=5s",
        "setup.write.database/roles/app.creation_statements=@gone.sql",
    ] {
        let options = LoadOptions { set: vec![argument.to_owned()], ..LoadOptions::default() };
        all.push_str(&format!("--set {argument}\n{}\n", told("base", &options)));
    }
    let options = LoadOptions { profile: Some("nightley".into()), ..LoadOptions::default() };
    all.push_str(&format!("--profile nightley\n{}", told("base", &options)));
    insta::assert_snapshot!(all);
}

#[test]
fn no_problem_shows_a_password() {
    for fixture in std::fs::read_dir("tests/fixtures").unwrap() {
        let path = fixture.unwrap().file_name().into_string().unwrap();
        let told = told(&path, &LoadOptions::default());
        assert!(!told.contains("do-not-show-this") && !told.contains("vaultpass"), "{told}");
    }
}

const WHOLE: &str = include_str!("fixtures/base/scenario.toml");

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
        let _ = told("base", &options);
    }
}
