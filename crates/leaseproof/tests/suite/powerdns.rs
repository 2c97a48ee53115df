//! A live PowerDNS on an issued credential, on real servers: the sound one answers through every change of credentials,
//! and each sabotage is caught by its check.

use std::time::{Duration, Instant};

use crate::support::{Desk, assert_kept, failed, text, variant};
use serde_json::Value;

#[test]
fn a_sound_one_answers_through_every_change() {
    try_out("pdns-short", &[], &[]);
}

#[test]
fn a_sound_one_whose_credential_is_renewed_answers_through_every_change() {
    try_out("pdns-renewing", &[], &[]);
}

#[test]
fn an_old_credential_that_ends_under_a_process_that_is_not_restarted_is_found() {
    let says =
        ["got SERVFAIL", "PostgreSQL had no session of it within 5s", "rendered before, is still open", " leaseproof-"];
    try_out("pdns-no-cycle", &["DNS-1", "DNS-2", "DNS-3"], &says);
}

#[test]
fn a_policy_that_allows_too_much_is_found() {
    let says = "reading database/config/powerdns-database with the agent's token: expected HTTP 403, got access";
    try_out("pdns-wide-policy", &["DNS-4"], &[says]);
}

#[test]
fn records_that_can_only_be_read_are_found() {
    let says = ["creating leaseproof-", ".example.test. was rejected with HTTP", "INSERT ON TABLE public.records"];
    try_out("pdns-records-read-only", &["GRA-1", "PRB-1", "DNS-3"], &says);
}

/// Runs a variant: these checks have to fail, and their findings have to hold these texts.
fn try_out(name: &str, fails: &[&str], says: &[&str]) {
    let desk = Desk::new();
    let output = desk.run(&variant(name), &[]);
    let verdicts = desk.verdicts();
    if fails.is_empty() {
        assert_kept(&output, &verdicts);
    } else {
        // A busy machine makes a measurement invalid (4); it excuses only failures that rest on timing.
        let firm = checks(&verdicts).any(|check| check["verdict"] == "fail" && check["rests_on_timing"] == false);
        let code = output.status.code();
        assert!(code == Some(1) || (!firm && code == Some(4)), "{name}: {}", text(&output));
    }
    assert_eq!(failed(&verdicts), fails, "{name}: {}", text(&output));
    // The terminal groups findings by what they have in common; each one's own words are in the verdicts.
    let said = verdicts.to_string();
    for part in says {
        assert!(said.contains(part), "{name}: `{part}` is not in\n{}", text(&output));
    }
    let dns: Vec<&Value> =
        checks(&verdicts).filter(|check| check["check"].as_str().unwrap().starts_with("DNS-")).collect();
    let ids: Vec<&str> = dns.iter().map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!(ids, ["DNS-1", "DNS-2", "DNS-3", "DNS-4"], "{name}");
    for check in dns {
        assert!(check["samples"].as_u64().unwrap() > 0, "{name}: {check:#}");
        assert!(check["promised"]["file"].as_str().unwrap().ends_with("scenario.toml"), "{name}: {check:#}");
    }
    changed(name, &verdicts["observed"]["dns"]);
    nothing_secret(name, &desk);
    desk.assert_nothing_left();
}

fn checks(verdicts: &Value) -> impl Iterator<Item = &Value> {
    verdicts["checks"].as_array().unwrap().iter()
}

#[test]
fn a_killed_harness_leaves_no_powerdns_and_no_agent_that_clean_does_not_end() {
    let desk = Desk::new();
    let mut run = desk.start(&variant("pdns-short"), &["--quiet"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    // The harness, Vault, PostgreSQL, the agent, PowerDNS's guardian and its instance.
    let stands = |desk: &Desk| desk.commands().iter().any(|command| command.contains("pdns_server-instance"));
    while !stands(&desk) {
        assert!(run.try_wait().unwrap().is_none(), "the run ended before PowerDNS stood");
        assert!(Instant::now() < deadline, "PowerDNS does not stand: {:?}", desk.commands());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(desk.commands().iter().any(|command| command.contains("agent.hcl")), "{:?}", desk.commands());
    run.kill().unwrap();
    run.wait().unwrap();
    desk.assert_nothing_left();
}

/// Credentials followed each other while it was asked: each was taken into use where PowerDNS is started anew (the last one
/// may come too late to be seen), and none where it is not.
fn changed(name: &str, dns: &Value) {
    let figure = |key: &str| dns[key].as_u64().unwrap();
    assert!(figure("queries") > 100, "{name}: {dns:#}");
    assert!(figure("writes") > 0 || name == "pdns-records-read-only", "{name}: {dns:#}");
    let changes = figure("renderings") - 1;
    if name == "pdns-no-cycle" {
        assert!(changes > 0 && figure("switches") == 0, "{name}: {dns:#}");
        assert!(dns["outside"].as_array().unwrap().iter().any(|answer| answer[0] == "SERVFAIL"), "{name}: {dns:#}");
    } else {
        assert!(figure("switches") > 0 && figure("switches") + 1 >= changes, "{name}: {dns:#}");
        assert_eq!(dns["outside"], serde_json::json!([]), "{name}: {dns:#}");
    }
}

/// No log holds the key of PowerDNS's interface or a password of its configuration, and there are logs to observe.
fn nothing_secret(name: &str, desk: &Desk) {
    let mut written = Vec::new();
    for log in std::fs::read_dir(desk.run_folder().join("logs")).unwrap() {
        let path = log.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for setting in ["gpgsql-password=", "api-key="] {
            for (at, _) in text.match_indices(setting) {
                let value = &text[at + setting.len()..];
                assert!(value.starts_with("***"), "{name}: {} holds a {setting}", path.display());
            }
        }
        assert!(!text.to_lowercase().contains("x-api-key"), "{name}: {}", path.display());
        if !text.is_empty() {
            written.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    for server in ["pdns", "vault", "postgres.target"] {
        assert!(written.iter().any(|log| log.contains(server)), "{name}: no log of {server} in {written:?}");
    }
}
