//! Sabotaged PowerDNS estates: each has to end with exit code 1, by the right check and by no other, with evidence that
//! names what was changed and the scenario line that promised otherwise.

use crate::support::{Desk, assert_kept, failed, text, variant};

/// The variant, the checks that have to fail, and texts that their findings have to hold.
struct Sabotage {
    variant: &'static str,
    fails: &'static [&'static str],
    says: &'static [&'static str],
}

const SABOTAGES: &[Sabotage] = &[
    Sabotage {
        variant: "table-missing",
        fails: &["GRA-1", "PRB-1"],
        says: &["SELECT ON TABLE public.comments", "permission denied for table comments", "v-token-le-powerdns-"],
    },
    Sabotage {
        variant: "sequence-open-to-public",
        fails: &["GRA-1", "PRB-1"],
        says: &["granted to PUBLIC", "can use UPDATE ON SEQUENCE public.domains_id_seq", "v-token-le-powerdns-"],
    },
    // The catalog shows what is promised: only who tries it out sees that it cannot be used.
    Sabotage {
        variant: "schema-out-of-reach",
        fails: &["PRB-1"],
        says: &["SELECT ON TABLE far.zones", "permission denied for schema far", "v-token-le-powerdns-"],
    },
    Sabotage {
        variant: "truncate-added",
        fails: &["GRA-1"],
        says: &["TRUNCATE ON TABLE public.domains", "v-token-le-powerdns-"],
    },
    Sabotage { variant: "createrole-added", fails: &["GRA-1"], says: &["CREATEROLE", "v-token-le-powerdns-"] },
    Sabotage {
        variant: "clock-ahead",
        fails: &["INV-4", "INV-5"],
        says: &["VALID UNTIL is 85.", "before its lease ended: expected success", "28P01"],
    },
    Sabotage { variant: "valid-until-left-out", fails: &["ISS-4", "INV-4"], says: &["v-token-le-powerdns-"] },
    Sabotage {
        variant: "nologin-revocation",
        fails: &["REV-1", "EXP-1", "RUN-2", "INV-10", "INV-11"],
        says: &["database/creds/powerdns-role/", "v-token-le-powerdns-"],
    },
    Sabotage { variant: "default-ttl-2h", fails: &["TTL-7"], says: &["7200", "3600", "database/creds/powerdns-role/"] },
    Sabotage { variant: "vaultuser-superuser", fails: &["ACC-1"], says: &["SUPERUSER", "vaultuser"] },
    Sabotage {
        variant: "vault-in-plain-text",
        fails: &["TLS-1"],
        says: &["a session of vaultuser", "is not encrypted"],
    },
    Sabotage { variant: "audit-off", fails: &["AUD-1"], says: &["audit"] },
    Sabotage { variant: "plaintext-passwords", fails: &["PWD-1"], says: &["postgres.target", "v-token-le-powerdns-"] },
    Sabotage {
        variant: "impatient",
        fails: &["RUN-2", "INV-3"],
        says: &["it was left by an issue whose client disconnected without an answer", "v-token-le-powerdns-"],
    },
    Sabotage {
        variant: "sessions-ended",
        fails: &["INV-6b"],
        says: &["the held session of v-token-le-powerdns-", "was closed"],
    },
];

#[test]
fn a_backlog_that_grows_until_the_load_ends_is_the_first_finding() {
    let desk = Desk::new();
    // Five credentials a second can be created, on any machine: eight are asked for, and then one and a half.
    let (slow, only) = (variant("slow-creation"), ["--only", "SAT-1,AVL-1"]);
    desk.run(&slow, &only);
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
    let desk = Desk::new();
    let output = desk.run(&slow, &["--only", "SAT-1,AVL-1", "--set", "phase.steady.rate=1.5/s"]);
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

#[test]
fn a_few_lives_of_the_sound_estate_pass() {
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
fn every_sabotage_is_caught_by_its_check_and_no_other() {
    // Three at once: more would keep the generator from its schedule on a small machine.
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(sabotage) = SABOTAGES.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    caught(sabotage);
                }
            });
        }
    });
}

fn caught(sabotage: &Sabotage) {
    let desk = Desk::new();
    let output = desk.run(&variant(sabotage.variant), &[]);
    let name = sabotage.variant;
    assert_eq!(output.status.code(), Some(1), "{name}: {}", text(&output));
    let verdicts = desk.verdicts();
    assert_eq!(failed(&verdicts), sabotage.fails, "{name}: {}", text(&output));
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
    for part in sabotage.says {
        assert!(said.contains(part), "{name}: `{part}` is not in\n{}", text(&output));
    }
    desk.assert_nothing_left();
}
