//! Sabotaged PowerDNS environments: each has to end with exit code 1, by the right check and by no other, with evidence that
//! names what was changed and the scenario line that promised otherwise.

use crate::support::{Desk, assert_kept, failed, text, variant};

#[test]
fn a_backlog_that_grows_until_the_load_ends_is_the_first_finding() {
    let desk = Desk::new();
    // Five credentials a second can be created, on any machine: eight are asked for.
    desk.run(&variant("slow-creation"), &["--only", "SAT-1,AVL-1"]);
    let verdicts = desk.verdicts();
    // On a slow machine the last requests of such a backlog also time out.
    let mut failed = failed(&verdicts);
    failed.retain(|check| check != "AVL-1");
    assert_eq!(failed, ["SAT-1"], "{verdicts:#}");
    let first = &verdicts["checks"][0];
    assert_eq!(first["check"], "SAT-1");
    let what = first["findings"][0]["what"].as_str().unwrap();
    assert!(what.starts_with("phase steady is saturated: 8.0 credentials/s were requested"), "{what}");
    let load = &verdicts["observed"]["load"][0];
    assert!(load["completed_per_second"].as_f64().unwrap() < 5.5, "{load:#}");
    assert!(load["backlog_growth_low"].as_f64().unwrap() > 0.0, "{load:#}");
}

#[test]
fn a_rate_that_slow_statements_sustain_grows_no_backlog() {
    let desk = Desk::new();
    let rate = ["--only", "SAT-1,AVL-1", "--set", "phase.steady.rate=1.5/s"];
    let output = desk.run(&variant("slow-creation"), &rate);
    assert_kept(&output, &desk.verdicts());
}

#[test]
fn what_vault_is_still_revoking_when_the_load_is_over_is_no_orphan() {
    let desk = Desk::new();
    let output = desk.run(&variant("slow-revocation"), &["--only", "RUN-2,INV-3"]);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    let revocation = &verdicts["observed"]["revocation"];
    assert!(revocation["roles"].as_u64().unwrap() >= 8, "{revocation:#}");
    assert!(revocation["took"].as_u64().unwrap() > 10_000_000, "{revocation:#}");
    assert_eq!((revocation["roles_left"].as_u64(), revocation["leases_left"].as_u64()), (Some(0), Some(0)));
    desk.assert_nothing_left();
}

#[test]
fn a_clock_that_is_ahead_by_less_than_vaults_five_seconds_harms_nobody() {
    let desk = Desk::new();
    let output = desk.run(&variant("clock-ahead"), &["--set", "postgres.target.clock_ahead=3s"]);
    assert_kept(&output, &desk.verdicts());
    desk.assert_nothing_left();
}

/// The cause of a check.
fn cause<'v>(verdicts: &'v serde_json::Value, check: &str) -> &'v serde_json::Value {
    let causes = verdicts["causes"].as_array().unwrap();
    causes.iter().find(|cause| cause["check"] == check).unwrap_or_else(|| panic!("{check}: {causes:#?}"))
}

#[test]
fn what_servers_only_log_or_warn_of_is_shown_with_what_fails_because_of_it() {
    let desk = Desk::new();
    let output = desk.run(&variant("reasons-in-logs"), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let verdicts = desk.verdicts();

    let expiry = cause(&verdicts, "EXP-1");
    let what = expiry["example"]["what"].as_str().unwrap();
    for part in ["Vault could not revoke its lease: ERROR: role \"v-", "(SQLSTATE 2BP01); DETAIL: privileges for "] {
        assert!(what.contains(part), "{what}");
    }
    assert!(expiry["also_breaks"].as_array().unwrap().iter().any(|also| also["check"] == "RUN-2"), "{expiry:#}");

    let privilege = cause(&verdicts, "GRA-1");
    assert!(privilege["example"]["what"].as_str().unwrap().contains("lacks SELECT ON TABLE public.comments"));
    let statements = &privilege["example"]["statements"];
    assert_eq!((&statements["role"], &statements["key"]), (&"powerdns-role".into(), &"creation_statements".into()));
    assert!(statements["origin"]["file"].as_str().unwrap().ends_with("scenarios/powerdns/scenario.toml"));
    let warning = &privilege["notes"][0];
    assert_eq!(warning["of"], "log of postgres.target");
    assert!(warning["note"]["message"].as_str().unwrap().ends_with("granted for \"comments\""), "{privilege:#}");

    let ttl = cause(&verdicts, "TTL-7");
    assert!(ttl["warnings"][0]["what"].as_str().unwrap().contains("`defualt_lease_ttl`"), "{ttl:#}");

    let lease = expiry["example"]["lease"].as_str().unwrap();
    let story = desk.output(["show".as_ref(), desk.run_folder().as_os_str(), "--lease".as_ref(), lease.as_ref()]);
    let story = text(&story);
    assert!(story.contains("not revoked   ERROR: role \"v-") && story.contains("(attempt 1)"), "{story}");
    desk.assert_nothing_left();
}

#[test]
fn a_few_lifecycles_of_the_sound_environment_pass() {
    let desk = Desk::new();
    let output = desk.run(&variant("short"), &[]);
    let verdicts = desk.verdicts();
    assert_kept(&output, &verdicts);
    let checks = verdicts["checks"].as_array().unwrap();
    assert!(checks.len() >= 20, "{} checks", checks.len());
    for check in checks {
        assert_eq!(check["verdict"], "pass", "{check:#}");
        assert!(check["samples"].as_u64().unwrap() > 0, "{check:#}");
    }
    desk.assert_nothing_left();
}

#[test]
fn a_table_is_missing() {
    let says = ["SELECT ON TABLE public.comments", "permission denied for table comments", "v-token-le-powerdns-"];
    caught("table-missing", &["GRA-1", "PRB-1"], &says);
}

#[test]
fn a_sequence_is_open_to_public() {
    let says = ["granted to PUBLIC", "can use UPDATE ON SEQUENCE public.domains_id_seq", "v-token-le-powerdns-"];
    caught("sequence-open-to-public", &["GRA-1", "PRB-1"], &says);
}

/// The catalog shows what is promised: only who tries it out sees that it cannot be used.
#[test]
fn a_schema_is_out_of_reach() {
    let says = ["SELECT ON TABLE far.zones", "permission denied for schema far", "v-token-le-powerdns-"];
    caught("schema-out-of-reach", &["PRB-1"], &says);
}

#[test]
fn truncate_is_added() {
    let says = ["TRUNCATE ON TABLE public.domains", "v-token-le-powerdns-"];
    caught("truncate-added", &["GRA-1"], &says);
}

#[test]
fn createrole_is_added() {
    let says = ["CREATEROLE", "v-token-le-powerdns-"];
    caught("createrole-added", &["GRA-1"], &says);
}

#[test]
fn a_clock_is_ahead() {
    let says = ["VALID UNTIL is 85.", "before its lease ended: expected success", "28P01"];
    caught("clock-ahead", &["INV-4", "INV-5"], &says);
}

#[test]
fn valid_until_is_left_out() {
    let says = ["v-token-le-powerdns-"];
    caught("valid-until-left-out", &["ISS-4", "INV-4"], &says);
}

#[test]
fn a_revocation_only_forbids_logins() {
    let says = ["database/creds/powerdns-role/", "v-token-le-powerdns-"];
    caught("nologin-revocation", &["REV-1", "EXP-1", "RUN-2", "INV-10", "INV-11"], &says);
}

#[test]
fn a_default_ttl_is_two_hours() {
    let says = ["7200", "3600", "database/creds/powerdns-role/"];
    caught("default-ttl-2h", &["TTL-7"], &says);
}

#[test]
fn vaults_account_is_a_superuser() {
    let says = ["SUPERUSER", "vaultuser"];
    caught("vaultuser-superuser", &["ACC-1"], &says);
}

#[test]
fn vault_connects_in_plain_text() {
    let says = ["a session of vaultuser", "is not encrypted"];
    caught("vault-in-plain-text", &["TLS-1"], &says);
}

#[test]
fn the_audit_log_is_off() {
    let says = ["audit"];
    caught("audit-off", &["AUD-1"], &says);
}

#[test]
fn passwords_are_in_the_log() {
    let says = ["postgres.target", "v-token-le-powerdns-"];
    caught("plaintext-passwords", &["PWD-1"], &says);
}

#[test]
fn a_client_gives_up_too_early() {
    let says = ["it was left by an issue whose client disconnected without an answer", "v-token-le-powerdns-"];
    caught("impatient", &["RUN-2", "INV-3"], &says);
}

#[test]
fn sessions_are_ended() {
    let says = ["the held session of v-token-le-powerdns-", "was closed"];
    caught("sessions-ended", &["INV-6b"], &says);
}

/// Runs a sabotage: these checks have to fail, and their findings have to hold these texts.
fn caught(name: &str, fails: &[&str], says: &[&str]) {
    let desk = Desk::new();
    let output = desk.run(&variant(name), &[]);
    assert_eq!(output.status.code(), Some(1), "{name}: {}", text(&output));
    let verdicts = desk.verdicts();
    assert_eq!(failed(&verdicts), fails, "{name}: {}", text(&output));
    for check in verdicts["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "fail") {
        let promised = &check["promised"];
        let file = promised["file"].as_str().unwrap();
        let said_in = ["powerdns", name].map(|folder| format!("{folder}/scenario.toml"));
        assert!(said_in.iter().any(|path| file.ends_with(path)), "{name}: {promised}");
        assert!(promised["line"].as_u64().unwrap() > 1, "{name}: {promised}");
        assert!(!check["findings"].as_array().unwrap().is_empty(), "{name}: {check:#}");
    }
    // The terminal groups findings by what they have in common; each one's own words are in the verdicts.
    let said = verdicts.to_string();
    for part in says {
        assert!(said.contains(part), "{name}: `{part}` is not in\n{}", text(&output));
    }
    desk.assert_nothing_left();
}
