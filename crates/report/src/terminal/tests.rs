use leaseproof_domain::{Cause, CheckId, EndReason, Finding, RunOutcome, RunVerdicts, Subject, Validity, Verdict};

use super::{Detail, TerminalView, terminal};
use crate::sample;

fn plain(detail: Detail, width: Option<usize>, verdicts: &RunVerdicts) -> String {
    let servers = ["Vault 1.21.0".to_owned(), "PostgreSQL 15.14 (target)".to_owned()];
    let view = TerminalView {
        servers: &servers,
        folder: Some("reports/runs/powerdns/20261122T225801Z-3f2a"),
        detail,
        width,
        exit_code: if verdicts.end == Some(EndReason::Interrupted) { 130 } else { 1 },
        exit_meaning: (verdicts.end == Some(EndReason::Interrupted)).then_some("interrupted, cleaned up"),
    };
    anstream::adapter::strip_str(&terminal(verdicts, &view)).to_string()
}

fn invalid() -> RunVerdicts {
    let mut verdicts = sample::known_issues_only();
    verdicts.outcome = RunOutcome::InvalidMeasurement;
    verdicts.validity = Validity::Invalid { why: "61 of 1290 sends (4.7 %) were late, more than 1 %".into() };
    verdicts
}

fn lost() -> RunVerdicts {
    let words = "vault was lost at 12.031 s: signal: 9 (SIGKILL)\n[INFO]  core: vault is unsealed\n[INFO]  expiration: revoked lease";
    sample::ended_early(EndReason::EnvironmentLost, RunOutcome::EnvironmentLost, Cause::of(words))
}

#[test]
fn what_people_read_fits_the_terminal() {
    let interrupted = Cause::of("interrupted by a signal");
    let interrupted = sample::ended_early(EndReason::Interrupted, RunOutcome::Undecided, interrupted);
    let runs = [
        ("passed", sample::all_passed()),
        ("failed", sample::verdicts()),
        ("setup_rejected", sample::setup_rejected()),
        ("interrupted", interrupted),
        ("lost", lost()),
        ("known_issues_only", sample::known_issues_only()),
        ("invalid_measurement", invalid()),
    ];
    for (name, verdicts) in runs {
        for width in [80, 50] {
            let text = plain(Detail::Usual, Some(width), &verdicts);
            let long = |line: &&str| line.chars().count() > width && !line.trim().starts_with("leaseproof show ");
            let table =
                |line: &&str| line.contains("p99.9") || line.starts_with(" issue") || line.starts_with(" dead_");
            let too_long: Vec<&str> = text.lines().filter(long).filter(|line| width == 80 || !table(line)).collect();
            assert!(too_long.is_empty(), "{name} at {width}: {too_long:#?}");
            insta::assert_snapshot!(format!("{name}_at_{width}"), text);
        }
    }
}

#[test]
fn a_pipe_has_lines_of_any_length() {
    insta::assert_snapshot!(plain(Detail::Usual, None, &sample::verdicts()));
}

#[test]
fn quiet_says_what_did_not_pass_and_where_the_run_is() {
    let text = plain(Detail::Quiet, None, &sample::verdicts());
    assert!(text.contains("\nreports/runs/powerdns/20261122T225801Z-3f2a\n"), "{text}");
    assert!(!text.contains("PRB-1  ") && !text.contains("known issue:"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn verbose_lists_every_check() {
    let text = plain(Detail::Verbose, None, &sample::verdicts());
    for judgment in sample::verdicts().checks {
        assert!(text.contains(&format!("{:<6}  {}: {}", judgment.check, judgment.subject, judgment.title)), "{text}");
    }
}

#[test]
fn the_example_s_command_can_be_pasted() {
    let mut verdicts = sample::verdicts();
    verdicts.causes.truncate(1);
    verdicts.causes[0].example.lease = Some(leaseproof_domain::LeaseId::new("db/creds/it's mine/x; rm -rf /"));
    let text = plain(Detail::Usual, Some(50), &verdicts);
    let command = text.lines().find_map(|line| line.trim().strip_prefix("leaseproof show ")).unwrap();
    let words = shlex::split(command).unwrap();
    assert_eq!(words, ["reports/runs/powerdns/20261122T225801Z-3f2a", "--lease", "db/creds/it's mine/x; rm -rf /"]);
}

#[test]
fn each_thing_that_is_left_behind_has_a_line() {
    let mut verdicts = sample::all_passed();
    verdicts.left_behind =
        Some("left behind:\n  mount m: HTTP 400; `a` removes it\n  role r: it is kept\n`clean` tries again".into());
    let text = plain(Detail::Usual, None, &verdicts);
    let lines: Vec<&str> =
        text.lines().skip_while(|line| !line.contains("left behind")).take(4).map(str::trim).collect();
    assert_eq!(
        lines,
        ["✘ left behind:", "mount m: HTTP 400; `a` removes it", "role r: it is kept", "`clean` tries again"]
    );
    assert!(crate::summary(&verdicts).contains("    left behind:\n      mount m: "));
}

#[test]
fn a_cause_is_shown_with_what_its_own_judgment_promised_and_measured() {
    let mut verdicts = sample::verdicts();
    let mut other = verdicts.checks.iter().find(|judgment| judgment.measured.is_some()).unwrap().clone();
    let cause = verdicts.causes.iter_mut().find(|cause| cause.check == other.check).unwrap();
    cause.example.promised.clone_from(&other.promised);
    other.promised.as_mut().unwrap().line = 7;
    other.measured.as_mut().unwrap().count = 123_456;
    verdicts.checks.insert(0, other);
    let text = plain(Detail::Usual, None, &verdicts);
    assert!(!text.contains("123456"), "{text}");
}

#[test]
fn a_table_that_is_too_wide_has_fewer_figures_and_whole_words() {
    let mut verdicts = sample::verdicts();
    for operation in &mut verdicts.operations {
        (operation.due, operation.dropped, operation.indeterminate) = (12_345, 1_234, 5_678);
        operation.response.at_least = leaseproof_domain::Quantity::ALL.to_vec();
    }
    let text = plain(Detail::Usual, Some(80), &verdicts);
    let heading = text.lines().find(|line| line.contains(" operation ")).unwrap();
    assert!(heading.contains(" dropped ") && !heading.contains("p99.9"), "{text}");
    for whole in [" answer\n", " dead_login ", "> 12.3 ms", "> 123 ms", "summary.md has p99.9"] {
        assert!(text.contains(whole), "{whole}: {text}");
    }
}

#[test]
fn what_one_cause_leaves_undecided_is_one_line() {
    let mut verdicts = sample::verdicts();
    let last = verdicts.checks.pop().unwrap();
    for check in ["LOG-1", "EXP-1", "INV-2"] {
        let check = leaseproof_domain::CheckId::of(check);
        verdicts.checks.push(leaseproof_domain::Judgment { check, undecided_by: Some(1), ..last.clone() });
    }
    let folded = "3 checks of role powerdns-role undecided because of cause 1";
    let view =
        |detail| TerminalView { servers: &[], folder: None, detail, width: None, exit_code: 1, exit_meaning: None };
    let usual = terminal(&verdicts, &view(Detail::Usual));
    assert!(usual.contains(folded) && !usual.contains("no lease was left"), "{usual}");
    let verbose = terminal(&verdicts, &view(Detail::Verbose));
    assert_eq!(verbose.matches("no lease was left").count(), 3, "{verbose}");
    let page = crate::summary(&verdicts);
    assert!(page.contains(&format!("{folded}: LOG-1, EXP-1, INV-2.")) && !page.contains("no lease was left"), "{page}");
}

#[test]
fn what_each_check_reports_of_a_server_that_is_down_stands_under_its_cause() {
    let mut verdicts = sample::verdicts();
    verdicts.causes = vec![sample::unreachable()];
    let text = plain(Detail::Usual, Some(100), &verdicts);
    let block: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("✘ 1")).collect();
    let block: Vec<&str> = block.into_iter().take_while(|line| !line.is_empty()).collect();
    insta::assert_snapshot!(block.join("\n"));
}

#[test]
fn a_load_that_ended_for_a_cause_names_it() {
    let words = "issuing a credential failed 10 consecutive times with the same error, since 5.328 s: HTTP 500: no password policy found";
    let mut verdicts = sample::ended_early(EndReason::Repeated, RunOutcome::Failed, Cause::of(words));
    verdicts.causes = vec![sample::unreachable()];
    assert!(plain(Detail::Usual, None, &verdicts).contains(words));
    verdicts.causes[0].example.what =
        "issuing a credential: expected HTTP 200, got HTTP 500: no password policy found".into();
    let text = plain(Detail::Usual, None, &verdicts);
    assert!(text.contains("since 5.328 s: see cause 1\n") && !text.contains(words), "{text}");
    assert!(crate::summary(&verdicts).contains("since 5.328 s: see cause 1\n"));
}

#[test]
fn errors_outside_windows_are_reported_where_only_actions_have_one_and_no_total_twice() {
    let mut verdicts = sample::verdicts();
    verdicts.faults.clear();
    let window = verdicts.actions.iter().filter_map(|action| action.window.as_ref()).next().unwrap();
    let total: u64 = window.errors.iter().map(|(_, _, count)| count).sum();
    verdicts.errors_outside = vec![(leaseproof_domain::Operation::Issue, "503".into(), 7)];
    let text = plain(Detail::Usual, None, &verdicts);
    assert!(text.contains("outside windows of actions: 7 errors\n"), "{text}");
    assert!(text.contains(&format!(" · {total} errors in its window\n")), "{text}");
    let page = crate::summary(&verdicts);
    assert!(page.contains("\nErrors outside windows of actions: issue 503 × 7.\n"), "{page}");
    assert!(!page.contains(&format!("{total} errors")), "{page}");
    verdicts.actions.iter_mut().for_each(|action| action.window = None);
    assert!(!plain(Detail::Usual, None, &verdicts).contains("outside windows"));
}

#[test]
fn a_code_alone_is_no_example() {
    let mut verdicts = sample::verdicts();
    let finding = |what: &str| Finding { what: what.into(), code: Some("500".into()), ..Finding::default() };
    let mut with = |what: &str, example: &str| {
        verdicts.causes.truncate(1);
        verdicts.causes[0].what = what.into();
        verdicts.causes[0].example = finding(example);
        let text = plain(Detail::Usual, None, &verdicts);
        text.lines().find(|line| line.trim().starts_with("example:")).map(|line| line.trim().to_owned())
    };
    assert_eq!(with("an issue failed: HTTP 500: no", "an issue failed: HTTP 500: no"), None);
    let own = with("issue … failed: HTTP 500: no", "issue 7 failed: HTTP 500: no");
    assert_eq!(own.as_deref(), Some("example: issue 7 failed: HTTP 500: no"));
}

#[test]
fn notes_of_several_roles_say_which() {
    let mut verdicts = sample::all_passed();
    let noted = |role: &str| {
        let mut judgment = sample::verdicts().checks.remove(0);
        judgment.check = CheckId::of("PRB-2");
        judgment.verdict = Verdict::Pass;
        judgment.subject = Subject::Role(role.into());
        judgment.notes = vec!["7 probes could not be compared with the catalog".into()];
        judgment
    };
    verdicts.checks = vec![noted("app")];
    verdicts.not_requested.clear();
    let notes = |verdicts: &RunVerdicts| {
        let text = plain(Detail::Usual, None, verdicts);
        text.lines().filter(|line| line.contains("PRB-2")).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(notes(&verdicts), "· PRB-2   7 probes could not be compared with the catalog");
    verdicts.checks.push(noted("billing"));
    assert_eq!(
        notes(&verdicts),
        "· PRB-2   role app: 7 probes could not be compared with the catalog\n· PRB-2   role billing: 7 probes could not be compared with the catalog"
    );
}

#[test]
fn gauges_that_could_not_be_read_are_named_with_the_reason() {
    let mut verdicts = sample::all_passed();
    verdicts.observed.gauges.clear();
    verdicts.observed.gauges_missing = Some("Vault answered HTTP 403: permission denied".into());
    let words = "not available: the largest numbers of leases, tokens and requests in flight in Vault's telemetry \
                 (`sys/metrics`): Vault answered HTTP 403: permission denied";
    for detail in [Detail::Usual, Detail::Verbose] {
        let text = plain(detail, None, &verdicts).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "{text}");
    }
    let page = crate::summary::summary(&verdicts);
    assert!(page.contains("Not available: the largest numbers of leases"), "{page}");
}
