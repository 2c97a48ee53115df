//! What roles a real Vault and PostgreSQL leave and how they are named: usernames by templates, groups that creation
//! statements create, roles from before the run, and the account that standbys replicate with.

use crate::support::{Desk, assert_kept, text, variant};
use serde_json::Value;

/// The findings of a check, over all that it was asked of.
fn findings(verdicts: &Value, check: &str) -> Vec<String> {
    let checks = verdicts["checks"].as_array().unwrap().iter().filter(|judgment| judgment["check"] == check);
    let findings = checks.flat_map(|judgment| judgment["findings"].as_array().cloned().unwrap_or_default());
    findings.map(|finding| finding["what"].as_str().unwrap().to_owned()).collect()
}

fn verdict(verdicts: &Value, check: &str, role: &str) -> String {
    let judgments = verdicts["checks"].as_array().unwrap().iter();
    let mut of_role = judgments.filter(|judgment| judgment["check"] == check && judgment["subject"]["name"] == role);
    of_role.next().unwrap()["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn names_groups_and_leftovers_are_what_they_are() {
    let desk = Desk::new();
    let output = desk.run(&variant("names-and-groups"), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let verdicts = desk.verdicts();
    let shown = text(&output);

    // Each name follows the template of its role's connection. That PostgreSQL cuts one is all that is wrong with it.
    for (role, expected) in
        [("reports-daily-of-all", "pass"), ("by-the-hour", "pass"), ("monitor", "pass"), ("long", "fail")]
    {
        assert_eq!(verdict(&verdicts, "ISS-2", role), expected, "{role}: {shown}");
        for check in ["ISS-1", "INV-2", "GRA-1", "REV-1", "EXP-1"] {
            assert_ne!(verdict(&verdicts, check, role), "fail", "{check} {role}: {shown}");
        }
    }
    assert_eq!(verdict(&verdicts, "GRA-1", "monitor"), "pass", "{shown}");
    assert!(findings(&verdicts, "ISS-2").iter().all(|what| what.ends_with("69 bytes; PostgreSQL keeps 63")), "{shown}");

    // One group is not declared: one finding of one check.
    assert_eq!(findings(&verdicts, "INV-3"), Vec::<String>::new(), "{shown}");
    let left = findings(&verdicts, "RUN-2");
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(
        left[0].starts_with("Audit Team was created during the run") && left[0].ends_with("creates = [\"Audit Team\"]"),
        "{left:?}"
    );
    let groups: Vec<&str> = verdicts["observed"]["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["name"].as_str().unwrap())
        .collect();
    assert_eq!(groups, ["Audit Team", "app_readers"]);
    for words in ["was_there, which `creates` names, existed before", "nowhere, which `creates` names, did not appear"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }

    // The role that looks like Vault's own is in every report.
    let leftover = "v-token-monitor-AbCdEfGhIjKlMnOpQrSt-1700000000";
    let before = findings(&verdicts, "RUN-7");
    assert_eq!(before.len(), 1, "{before:?}");
    assert!(before[0].contains(leftover), "{before:?}");
    for file in ["summary.md", "junit.xml"] {
        let written = std::fs::read_to_string(desk.run_folder().join(file)).unwrap();
        assert!(
            written.contains(leftover) && written.contains("VALID UNTIL 2023-11-15 00:00:00 UTC"),
            "{file}: {written}"
        );
    }
    assert!(shown.contains(&format!("DROP ROLE \"{leftover}\"")), "{shown}");
    desk.assert_nothing_left();
}

/// No other check is asked: what a switchover does to credentials is the business of tests of faults.
const OF_FAULTS: [&str; 2] = ["--only", "FLT-2"];

#[test]
fn a_standby_replicates_with_the_account_that_the_scenario_names() {
    let desk = Desk::new();
    let output = desk.run(&variant("replication-account"), &OF_FAULTS);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    let steps = verdicts["faults"][0]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step[1] == "postgres.target.1 is a standby"), "{steps:#?}");
    desk.assert_nothing_left();
}

#[test]
fn a_standby_whose_account_was_rotated_does_not_follow_and_the_run_says_why() {
    let desk = Desk::new();
    let output = desk.run(&variant("rotated-replication"), &OF_FAULTS);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let verdicts = desk.verdicts();
    let lost = findings(&verdicts, "FLT-2");
    assert_eq!(lost.len(), 1, "{}", text(&output));
    let words = "fault 1 (switchover on postgres.target): a standby of postgres.target cannot replicate as vault_admin";
    assert!(lost[0].starts_with(words), "{lost:?}");
    assert!(lost[0].contains("password authentication failed for user \"vault_admin\""), "{lost:?}");
    // The run went on to its end, and says so in the fault's steps too.
    assert_eq!(verdicts["ended"], "completed", "{}", text(&output));
    desk.assert_nothing_left();
}
