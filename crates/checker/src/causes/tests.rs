use std::collections::BTreeSet;
use std::time::Duration;

use leaseproof_domain::{CauseFault, CheckId, FailureCause, Finding, LeaseId, Micros, Origin, Subject, Username};
use proptest::prelude::*;

use super::{Context, Failed, GeneratedNames, Groups};

/// The causes of a run without faults whose requests take two seconds at most.
fn causes(failed: Vec<Failed>) -> Vec<FailureCause> {
    super::causes(failed, &Context { timeout: Duration::from_secs(2), fault: &|_, _| None })
}

/// A finding about credential `number`.
fn finding(what: &str, number: u64, at: u64) -> Finding {
    Finding {
        what: what.replace("{}", &name(number)),
        username: Some(Username::new(name(number))),
        lease: Some(LeaseId::new(format!("database/creds/app/Ab3dEf6hIj9kLm2nOp5q{number:04}"))),
        at: Some(Micros(at)),
        ..Finding::default()
    }
}

fn name(number: u64) -> String {
    format!("v-token-app-x1y2z3x1y2z3x1y2{number:04}-1795388284")
}

fn failed(check: &str, samples: u64, findings: &[Finding]) -> Failed {
    let mut groups = Groups::default();
    let line = Origin { file: "scenario.toml".into(), line: 7, column: 1 };
    findings.iter().for_each(|finding| {
        groups.add(CheckId::of(check), finding, &Subject::Role("app".into()), &line, None, &GeneratedNames::default())
    });
    Failed { check: CheckId::of(check), known_issue: false, samples, groups }
}

/// `REV-1 ×2 @3 EXP-1 ×1`.
fn reported(causes: &[FailureCause]) -> Vec<String> {
    let line = |cause: &FailureCause| {
        let at = cause.first_at.map_or_else(|| "-".to_owned(), |at| at.0.to_string());
        let also: Vec<String> =
            cause.also_breaks.iter().map(|also| format!(" + {} ×{}", also.check, also.count)).collect();
        let known = if cause.known_issue { "known " } else { "" };
        format!("{known}{} ×{} @{at}{}", cause.check, cause.count, also.concat())
    };
    causes.iter().map(line).collect()
}

const REFUSED: &str =
    "the revocation of {}: expected HTTP 204, got HTTP 500: role {} cannot be dropped (SQLSTATE 2BP01)";

#[test]
fn findings_that_differ_by_chance_are_one_cause() {
    let all: Vec<Finding> = (0..38).map(|number| finding(REFUSED, number, 3_200 - number)).collect();
    let causes = causes(vec![failed("REV-1", 100, &all)]);
    assert_eq!(reported(&causes), ["REV-1 ×38 @3163"]);
    let expected = "the revocation of …: expected HTTP 204, got HTTP 500: role … cannot be dropped (SQLSTATE 2BP01)";
    assert_eq!(causes[0].what, expected);
    assert_eq!(causes[0].example, all[37]);
}

#[test]
fn what_all_findings_have_in_common_stays() {
    let what = |seconds: &str, role: &str| {
        format!("a renewal asked for 8 s and was granted {seconds} s by node 127.0.0.1:8200; it has to be 8 s ({role})")
    };
    let said = |texts: [String; 3]| {
        let findings: Vec<Finding> = (0..).zip(texts).map(|(number, text)| finding(&text, number, number)).collect();
        causes(vec![failed("TTL-2", 9, &findings)]).remove(0).what
    };
    let same = what("3600", "app");
    assert_eq!(said([same.clone(), same.clone(), same.clone()]), same);
    let expected = what("…", "app");
    assert_eq!(said([same.clone(), what("3600", "app"), what("7", "app")]), expected);
    // Of findings about one credential its name stays.
    let one: Vec<Finding> = (1..4).map(|at| finding("{} was let in 3.5 s after its end", 7, at)).collect();
    assert_eq!(causes(vec![failed("INV-6a", 9, &one)])[0].what, format!("{} was let in 3.5 s after its end", name(7)));
}

#[test]
fn one_finding_is_reported_in_its_own_words() {
    let only = finding("{} was let in 3.2 s after its end", 7, 5);
    assert_eq!(causes(vec![failed("INV-6a", 9, std::slice::from_ref(&only))])[0].what, only.what);
}

#[test]
fn the_same_words_of_a_server_are_one_cause_whatever_the_check() {
    let login = finding("{} was never let in, the last SQLSTATE 28P01: password authentication failed for {}", 1, 10);
    let relogin = finding("a login of {} was refused: SQLSTATE 28P01: password authentication failed for {}", 2, 4);
    let all = causes(vec![failed("INV-5", 1, &[relogin]), failed("LOG-1", 1, &[login])]);
    assert_eq!(reported(&all), ["LOG-1 ×1 @10 + INV-5 ×1"]);
}

#[test]
fn what_follows_for_the_same_credentials_is_no_cause_of_its_own() {
    let refused = finding(REFUSED, 1, 10);
    let left = |number| finding("{} still exists after the run's token was revoked", number, 50);
    let rev = || failed("REV-1", 100, std::slice::from_ref(&refused));
    assert_eq!(reported(&causes(vec![failed("RUN-2", 9, &[left(1)]), rev()])), ["REV-1 ×1 @10 + RUN-2 ×1"]);
    // Another credential's role is left for another reason.
    assert_eq!(reported(&causes(vec![failed("RUN-2", 9, &[left(2)]), rev()])), ["REV-1 ×1 @10", "RUN-2 ×1 @50"]);
    // Where every revocation fails, the others are left for that reason too.
    let all = failed("REV-1", 1, &[refused]);
    assert_eq!(reported(&causes(vec![failed("RUN-2", 9, &[left(2)]), all])), ["REV-1 ×1 @10 + RUN-2 ×1"]);
}

#[test]
fn a_wrong_privilege_is_a_cause_of_its_own_and_its_probe_is_not() {
    let privilege =
        |what: &str, number| Finding { privilege: Some("SELECT ON TABLE public.t".into()), ..finding(what, number, 7) };
    let missing = privilege("SELECT ON TABLE public.t is promised and not held", 1);
    let probe = privilege("{} cannot use SELECT ON TABLE public.t, which is promised (42501): permission denied", 1);
    let rev = failed("REV-1", 1, &[finding(REFUSED, 1, 10)]);
    let causes = causes(vec![failed("PRB-1", 4, &[probe]), rev, failed("GRA-1", 4, &[missing])]);
    assert_eq!(reported(&causes), ["GRA-1 ×1 @7 + PRB-1 ×1", "REV-1 ×1 @10"]);
}

#[test]
fn declared_failures_stand_last_and_apart() {
    let known = Failed { known_issue: true, ..failed("REV-1", 1, &[finding(REFUSED, 1, 1)]) };
    let other = failed("EXP-1", 1, &[finding("it said HTTP 500: role {} cannot be dropped (SQLSTATE 2BP01)", 1, 9)]);
    assert_eq!(reported(&causes(vec![known, other])), ["EXP-1 ×1 @9", "known REV-1 ×1 @1"]);
}

#[test]
fn causes_stand_in_order_of_time_and_those_of_the_whole_run_last() {
    let whole = Finding { what: "issue.response.p99 is 400 ms".into(), ..Finding::default() };
    let causes = causes(vec![
        failed("THR-1", 9, &[whole]),
        failed("ISS-2", 9, &[finding("{} has 70 bytes", 1, 30)]),
        failed("INV-7", 9, &[finding("{} was renewed past the maximum", 2, 20)]),
    ]);
    assert_eq!(reported(&causes), ["INV-7 ×1 @20", "ISS-2 ×1 @30", "THR-1 ×1 @-"]);
}

const CONNECTS: &str = "failed to connect to `host=127.0.0.1 user=vaultuser database=shop`";
const SECOND: u64 = 1_000_000;

/// What each operation reports of a PostgreSQL that is shut down at 3 s and does not listen any more from 4 s on.
fn shut_down() -> Vec<Failed> {
    let refused = "dial error (dial tcp 127.0.0.1:5432: connect: connection refused)";
    let issue = format!(
        "issuing a credential: expected HTTP 200, got HTTP 500: unable to start transaction: {CONNECTS}: {refused}"
    );
    let renew = format!(
        "a renewal of a lease in force: expected success, got HTTP 400: failed to renew entry: {CONNECTS}: {refused}"
    );
    let revoke = format!(
        "the revocation of {{}}: expected HTTP 204, got HTTP 400: failed to revoke entry: {CONNECTS}: server error (FATAL: the \
         database system is shutting down (SQLSTATE 57P03))"
    );
    let login = "a login of {} before its lease ended: expected success, got SQLSTATE 57P03: the database system is shutting down";
    let unanswered = "relogin: expected every one of 9 due requests answered within 10000 ms, got 2 without an answer (22.2 %): 2 \
                      sent, 0 dropped; the first: no answer from PostgreSQL: error connecting to server: Connection refused (os \
                      error 111)";
    let whole = |what: &str, at| Finding { what: what.into(), at: Some(Micros(at)), ..Finding::default() };
    vec![
        failed("AVL-1", 9, &[whole(unanswered, 5 * SECOND)]),
        failed("ISS-1", 9, &[whole(&issue, 4 * SECOND), whole(&issue, 5 * SECOND)]),
        failed("TTL-2", 9, &[finding(&renew, 1, 4 * SECOND)]),
        failed("REV-1", 9, &[finding(&revoke, 2, 3 * SECOND)]),
        failed("INV-5", 9, &[finding(login, 3, 3 * SECOND + 1)]),
        failed(
            "EXP-1",
            9,
            &[finding("{} still exists 9 s after its lease ended; it must be gone within 2s", 4, 5 * SECOND)],
        ),
        failed("RUN-2", 9, &[finding("{} still exists after the run's token was revoked", 2, 9 * SECOND)]),
        failed("FLT-1", 1, &[whole("fault 1 (kill) was healed 1 s after its beginning; no credential", 6 * SECOND)]),
    ]
}

#[test]
fn a_server_that_cannot_be_reached_is_one_cause_whatever_each_operation_reports() {
    let causes = causes(shut_down());
    assert_eq!(
        reported(&causes),
        ["AVL-1 ×1 @3000000 + ISS-1 ×2 + TTL-2 ×1 + REV-1 ×1 + EXP-1 ×1 + RUN-2 ×1 + INV-5 ×1 + FLT-1 ×1"]
    );
    assert_eq!(causes[0].what, "PostgreSQL at 127.0.0.1:5432 refuses connections: no process listens there");
    let seen: Vec<(&str, u64)> = causes[0].seen.iter().map(|seen| (seen.check.as_str(), seen.count)).collect();
    assert_eq!(seen, [("REV-1", 1), ("INV-5", 1), ("ISS-1", 2), ("TTL-2", 1), ("AVL-1", 1)]);
}

#[test]
fn what_a_server_answers_is_no_connection_that_failed() {
    let mut all = shut_down();
    let other = "issuing a credential: expected HTTP 200, got HTTP 500: ERROR: role \"readers\" does not exist (SQLSTATE 42704)";
    all.push(failed("ISS-1", 9, &[Finding { what: other.into(), at: Some(Micros(4 * SECOND)), ..Finding::default() }]));
    // A credential that is lost meanwhile, and one that is left over, have another reason.
    all.push(failed("INV-2", 9, &[finding("{} is not in pg_roles 2 s after its issue's answer", 7, 4 * SECOND)]));
    all.push(failed("RUN-2", 9, &[finding("{} has no lease after the drain", 8, 9 * SECOND)]));
    let reported = reported(&causes(all));
    assert_eq!(reported[1..], ["ISS-1 ×1 @4000000", "INV-2 ×1 @4000000", "RUN-2 ×1 @9000000"], "{reported:#?}");
}

#[test]
fn what_goes_on_after_an_outage_has_another_reason() {
    let mut all = shut_down();
    let late = |number, at| {
        finding("{} still exists 9 s after its lease ended; it must be gone within 1s", number, at * SECOND)
    };
    all.push(failed("EXP-1", 9, &[late(31, 5), late(32, 60)]));
    let reported = reported(&causes(all));
    assert_eq!(reported.len(), 2, "{reported:#?}");
    // Requests that Vault does not answer leave no role behind.
    let unanswered =
        "issue: got 2 without an answer; the first: no answer from Vault: connection closed before message completed";
    let unanswered = Finding { what: unanswered.into(), at: Some(Micros(5 * SECOND)), ..Finding::default() };
    let all = causes(vec![failed("AVL-1", 99, &[unanswered]), failed("EXP-1", 9, &[late(31, 5)])]);
    assert_eq!(all.len(), 2, "{all:#?}");
}

#[test]
fn logins_that_find_no_connection_leave_no_role_behind() {
    let full =
        "a login of {} before its lease ended: expected success, got SQLSTATE 53300: sorry, too many clients already";
    let stays = finding("{} still exists 9 s after its lease ended; it must be gone within 1s", 1, 5 * SECOND);
    let left = finding("{} still exists after the run's token was revoked", 1, 9 * SECOND);
    let login = || failed("INV-5", 99, &[finding(full, 1, 5 * SECOND)]);
    let all = causes(vec![login(), failed("EXP-1", 9, &[stays]), failed("RUN-2", 9, &[left])]);
    assert_eq!(reported(&all), ["EXP-1 ×1 @5000000 + RUN-2 ×1", "INV-5 ×1 @5000000"]);
    let late = finding("{} could log in only 3 s after the issue's answer", 1, 5 * SECOND);
    assert_eq!(reported(&causes(vec![login(), failed("INV-1", 9, &[late])])), ["INV-5 ×1 @5000000 + INV-1 ×1"]);
}

#[test]
fn two_servers_that_cannot_be_reached_are_two_causes() {
    let refused = |port: u16| {
        let what = format!(
            "issuing: got HTTP 500: {CONNECTS}: dial error (dial tcp 127.0.0.1:{port}: connect: connection refused)"
        );
        Finding { what, at: Some(Micros(SECOND)), ..Finding::default() }
    };
    let sealed =
        Finding { what: "got HTTP 503: Vault is sealed".into(), at: Some(Micros(9 * SECOND)), ..Finding::default() };
    let causes = causes(vec![failed("ISS-1", 9, &[refused(5432), refused(6432), sealed])]);
    let what: Vec<&str> = causes.iter().map(|cause| cause.what.as_str()).collect();
    let nothing_listens =
        |port: u16| format!("PostgreSQL at 127.0.0.1:{port} refuses connections: no process listens there");
    assert_eq!(what, [&nothing_listens(5432), &nothing_listens(6432), "Vault is sealed"]);
}

#[test]
fn requests_without_an_answer_while_postgresql_does_not_answer_are_of_that_cause() {
    let unanswered = |op: &str, server: &str, at| {
        let what = format!(
            "{op}: expected every one of 9, got 2 without an answer; the first: no answer from {server}: it took longer than 10000 ms"
        );
        Finding { what, at: Some(Micros(at)), ..Finding::default() }
    };
    let vault = [unanswered("issue", "Vault", SECOND), unanswered("revoke", "Vault", SECOND + 1)];
    assert_eq!(causes(vec![failed("AVL-1", 9, &vault)])[0].what, "Vault does not answer in time");
    assert_eq!(causes(vec![failed("AVL-1", 9, &vault[..1])])[0].what, vault[0].what);
    let login = "{} could never log in at 127.0.0.1:5432/shop: 3 tries without an answer, the last: no answer from PostgreSQL: \
                 it took longer than 10000 ms";
    let all = causes(vec![failed("AVL-1", 9, &vault), failed("LOG-1", 9, &[finding(login, 1, SECOND)])]);
    assert_eq!(reported(&all), ["AVL-1 ×2 @1000000 + LOG-1 ×1"]);
    assert_eq!(all[0].what, "PostgreSQL at 127.0.0.1:5432 does not answer in time");
}

#[test]
fn a_wrong_password_of_vault_is_one_cause() {
    let rejected =
        format!("{CONNECTS}: failed SASL auth (FATAL: password authentication failed for user \"v\" (SQLSTATE 28P01))");
    let issue = Finding { what: format!("issuing: got HTTP 500: unable to start: {rejected}"), ..finding("", 1, 5) };
    let renew =
        Finding { what: format!("a renewal: got HTTP 400: failed to renew entry: {rejected}"), ..finding("", 2, 6) };
    let causes = causes(vec![failed("ISS-1", 9, &[issue]), failed("TTL-2", 9, &[renew])]);
    assert_eq!(reported(&causes), ["ISS-1 ×1 @5 + TTL-2 ×1"]);
    assert_eq!(causes[0].what, "PostgreSQL rejects the login of Vault's account vaultuser");
}

#[test]
fn what_vault_cannot_revoke_without_its_connection_is_of_that_cause() {
    let mut all = shut_down();
    let listed =
        "{} still exists after the run's token was revoked: Vault still lists its lease and revoked nothing after 9 s";
    all.push(failed("RUN-2", 9, &[finding(listed, 21, 99 * SECOND), finding(listed, 22, 99 * SECOND)]));
    let reported = reported(&causes(all));
    assert_eq!(reported.len(), 1, "{reported:#?}");
    assert!(reported[0].contains(" + RUN-2 ×3 "), "{reported:#?}");
}

#[test]
fn the_faults_of_a_cause_are_those_in_whose_windows_a_check_first_reports_it() {
    let fault = |at: Micros, codes: &BTreeSet<String>| {
        let not_expected = codes.iter().cloned().collect();
        let origin = Origin { file: "scenario.toml".into(), line: 9, column: 1 };
        let number = u32::try_from(at.0 / (2 * SECOND)).unwrap();
        Some(CauseFault { fault: number, what: "kill".into(), at, origin, not_expected })
    };
    let context = Context { timeout: Duration::from_secs(2), fault: &fault };
    let causes = super::causes(shut_down(), &context);
    let faults: Vec<u32> = causes[0].faults.iter().map(|fault| fault.fault).collect();
    assert_eq!(faults, [1, 2]);
}

/// A threshold on a metric that was crossed.
fn threshold(metric: &str, what: &str) -> Failed {
    let mut groups = Groups::default();
    let line = Origin { file: "scenario.toml".into(), line: 9, column: 1 };
    let finding = Finding { what: format!("expected {metric} {what}"), ..Finding::default() };
    groups.add(
        CheckId::of("THR-1"),
        &finding,
        &Subject::Metric(metric.into()),
        &line,
        None,
        &GeneratedNames::default(),
    );
    Failed { check: CheckId::of("THR-1"), known_issue: false, samples: 19, groups }
}

#[test]
fn queries_that_are_too_slow_are_one_cause_with_the_logins_that_wait_for_them() {
    let slow = "no answer from PostgreSQL to the query: it took longer than 1000 ms";
    let available = Finding {
        what: format!(
            "login: expected every one of 22 due requests answered within 1000 ms, got 22 without an answer (100.0 %): 22 sent, 0 dropped; the first: {slow}"
        ),
        at: Some(Micros(1_000_000)),
        ..Finding::default()
    };
    let logins = |why: &str| {
        let what = format!("{{}} logged in at 127.0.0.1:5432/app, but no query was answered: 2 tries, the last: {why}");
        let all: Vec<Finding> = (0..9).map(|number| finding(&what, number, 9_000_000 + number)).collect();
        failed("LOG-1", 9, &all)
    };
    let found = |why| causes(vec![failed("AVL-1", 60, std::slice::from_ref(&available)), logins(why)]).len();
    assert_eq!(found(slow), 1);
    // Logins that are not answered so much later have another reason.
    assert_eq!(found("no answer from PostgreSQL: it took longer than 1000 ms"), 2);
}

#[test]
fn a_threshold_on_the_share_of_failures_is_of_the_cause_of_most_of_them() {
    let issues = |count: u64, what: &str| {
        let all: Vec<Finding> = (1..=count).map(|lifecycle| finding(what, lifecycle, lifecycle)).collect();
        failed("ISS-1", count, &all)
    };
    let wrong = "issuing a credential: expected HTTP 200, got HTTP 500: ERROR: no (SQLSTATE 42P01)";
    let share = |metric: &str| threshold(metric, "<= 10%, got 100.00 %");
    let causes = |failed| causes(failed).len();
    assert_eq!(causes(vec![issues(7, wrong), share("issue.failed{phase=steady}")]), 1);
    // Another operation, failures in fault windows, and a time.
    assert_eq!(causes(vec![issues(7, wrong), share("issue.failed{during=fault}")]), 2);
    assert_eq!(causes(vec![issues(7, wrong), share("login.failed")]), 2);
    assert_eq!(causes(vec![issues(7, wrong), threshold("issue.response.p50", "< 1ms, got 9 ms")]), 2);
}

#[test]
fn thresholds_that_fail_for_requests_without_an_answer_are_of_the_cause_of_those() {
    const DROPPED: &str = "5 of 19 due were answered, 0 had no answer, 14 were dropped";
    let thresholds = || {
        vec![
            threshold("issue.failed", &format!("<= 5%, got 73.68 %: {DROPPED}")),
            threshold("issue.response.p50", &format!("< 3s, got > 5 s: {DROPPED}")),
            threshold("lifecycles.dropped", "< 10%, got 73.68 %"),
        ]
    };
    let dropped = Finding {
        what: "issue: expected all but 5 % of 19 due requests answered within 5000 ms, got 14 without an answer (73.7 %): 0 \
               sent, 14 dropped; the first: dropped: in_flight of [client] was reached"
            .into(),
        at: Some(Micros(10)),
        ..Finding::default()
    };
    let with = |more: Vec<Failed>| causes([vec![failed("AVL-1", 60, std::slice::from_ref(&dropped))], more].concat());
    assert_eq!(reported(&with(thresholds())), ["AVL-1 ×1 @10 + THR-1 ×3"]);
    // Times that are known, other operations, and fault windows have other reasons.
    let others = [
        threshold("issue.response.p50", "< 3s, got 4123.000 ms"),
        threshold("renew.response.p50", "< 3s, got > 5 s: 1 of 3 due were answered, 2 had no answer"),
        threshold("issue.failed{during=fault}", &format!("<= 5%, got 73.68 %: {DROPPED}")),
    ];
    for other in others {
        assert_eq!(with(vec![other]).len(), 2);
    }
    // Without AVL-1 they are one cause, with the line of each.
    let alone = causes(thresholds());
    assert_eq!(reported(&alone), ["THR-1 ×3 @-"]);
    assert_eq!(alone[0].about.len(), 3);
}

#[test]
fn a_threshold_on_how_long_roles_stay_is_of_those_that_stay() {
    let stays: Vec<Finding> =
        (0..15).map(|number| finding("{} still exists 9.1 s after its lease ended", number, 5)).collect();
    let lag = || threshold("expiry.lag.p50", "< 3s, got > 7.33 s");
    assert_eq!(reported(&causes(vec![failed("EXP-1", 15, &stays), lag()])), ["EXP-1 ×15 @5 + THR-1 ×1"]);
    assert_eq!(causes(vec![failed("EXP-1", 200, &stays), lag()]).len(), 2);
}

#[test]
fn a_rejected_action_is_named_even_if_it_reports_a_connection() {
    let what = "action 1 (bad: write database/config/app) was rejected: HTTP 400: failed to connect to `host=h user=v \
                database=gone`: server error (FATAL: database \"gone\" does not exist (SQLSTATE 3D000))";
    let action = Finding { what: what.into(), at: Some(Micros(7)), ..Finding::default() };
    assert_eq!(causes(vec![failed("ACT-1", 1, &[action])])[0].what, what);
}

#[test]
fn one_role_that_is_left_over_is_one_cause() {
    let appeared = |number| finding("{} appeared in pg_roles and belongs to no acknowledged issue", number, 10);
    let drained = |number| finding("{} has no lease after the drain; 0 orphaned roles are allowed", number, 50);
    let released = |number| finding("{} still exists after the run's token was revoked; 0 are allowed", number, 60);
    let of = |numbers: &[u64]| {
        let run_2: Vec<Finding> = numbers.iter().flat_map(|number| [drained(*number), released(*number)]).collect();
        run_2
    };
    let causes_of = |inv_3: &[Finding], run_2: &[Finding]| {
        reported(&causes(vec![failed("RUN-2", 9, run_2), failed("INV-3", 9, inv_3)]))
    };
    assert_eq!(causes_of(&[appeared(1)], &of(&[1])), ["INV-3 ×1 @10 + RUN-2 ×2"]);
    // Of those that appeared only the second one is left, and a third one that nobody saw.
    assert_eq!(causes_of(&[appeared(1), appeared(2)], &of(&[2, 3])), ["INV-3 ×2 @10 + RUN-2 ×2", "RUN-2 ×2 @50"]);
    assert_eq!(reported(&causes(vec![failed("RUN-2", 9, &of(&[1]))])), ["RUN-2 ×2 @50"]);
}

#[test]
fn what_is_left_of_several_causes_is_no_cause_of_its_own() {
    let lost = |number| finding("the revocation of {}: expected HTTP 204, got HTTP 403: permission denied", number, 12);
    let left = |number| finding("{} still exists after the run's token was revoked", number, 50);
    let rev = failed("REV-1", 100, &[finding(REFUSED, 1, 10), lost(2)]);
    let all = causes(vec![rev, failed("RUN-2", 9, &[left(1), left(2), left(3)])]);
    assert_eq!(reported(&all), ["REV-1 ×1 @10 + RUN-2 ×1", "REV-1 ×1 @12 + RUN-2 ×1", "RUN-2 ×1 @50"]);
    assert_eq!(all[2].example, left(3));
}

#[test]
fn a_role_that_is_lost_is_one_cause() {
    let gone = finding("{} is not in pg_roles 2 s after its issue's answer", 1, 10);
    let renew = finding(
        "a renewal of a lease in force: expected success, got HTTP 400: ERROR: role {} does not exist (SQLSTATE 42704)",
        1,
        12,
    );
    let login = finding("a login of {} before its lease ended: expected success, got SQLSTATE 28P01: no", 1, 14);
    // Another one was being revoked when it was lost.
    let revoke = finding(
        "the revocation of {}: expected HTTP 204, got HTTP 400: ERROR: role {} does not exist (SQLSTATE 42704)",
        2,
        9,
    );
    let all = vec![
        failed("INV-5", 9, &[login]),
        failed("TTL-2", 9, &[renew]),
        failed("REV-1", 9, &[revoke]),
        failed("INV-2", 9, &[gone]),
    ];
    assert_eq!(reported(&causes(all)), ["INV-2 ×1 @10 + TTL-2 ×1 + REV-1 ×1 + INV-5 ×1"]);
}

#[test]
fn a_session_that_a_revocation_ends_is_no_server_that_is_away() {
    let ended = "the held session of {} was closed 0.01 s after its credential's end, but must stay open: SQLSTATE 57P01: \
                 terminating connection due to administrator command";
    let late = failed("INV-1", 9, &[finding("{} logged in too late", 2, 11)]);
    let causes = causes(vec![failed("INV-6b", 9, &[finding(ended, 1, 10)]), late]);
    assert_eq!(reported(&causes), ["INV-6b ×1 @10", "INV-1 ×1 @11"]);
    assert!(causes[0].what.contains("must stay open"), "{}", causes[0].what);
}

#[test]
fn one_failed_connection_takes_nothing_from_a_larger_cause() {
    let reset = "the revocation of {}: expected HTTP 204, got HTTP 500: failed to connect to `h`: read tcp 127.0.0.1:42682->\
                 127.0.0.1:5432: read: connection reset by peer";
    let listed = |number| finding("{} has no role any more; Vault still lists its lease", number, 500);
    let refused: Vec<Finding> = (1..=20).map(|number| finding(REFUSED, number, 100 + number)).collect();
    let rev = [vec![finding(reset, 30, 10)], refused].concat();
    let all: Vec<Finding> = (1..=20).map(listed).collect();
    let causes_of =
        |run_2: &[Finding]| reported(&causes(vec![failed("REV-1", 900, &rev), failed("RUN-2", 900, run_2)]));
    assert_eq!(causes_of(&all), ["REV-1 ×1 @10", "REV-1 ×20 @101 + RUN-2 ×20"]);
    // What no other cause explains is left to the connection.
    assert_eq!(causes_of(&[all, vec![listed(40)]].concat()), ["REV-1 ×1 @10 + RUN-2 ×1", "REV-1 ×20 @101 + RUN-2 ×20"]);
}

#[test]
fn what_is_left_of_a_group_names_no_credential_of_another_cause() {
    let left = |number| finding("{} still exists after the run's token was revoked", number, 50);
    let rev: Vec<Finding> = (1..=9).map(|number| finding(REFUSED, number, 10)).collect();
    let run_2: Vec<Finding> = (1..=12).map(left).collect();
    let all = causes(vec![failed("REV-1", 90, &rev), failed("RUN-2", 90, &run_2)]);
    assert_eq!((all[1].check.as_str(), all[1].count), ("RUN-2", 3));
    let example = &all[1].example;
    let is_of_rev =
        (1..=9).any(|number| example.username.as_ref().is_some_and(|own| *own == Username::new(name(number))));
    assert!(!is_of_rev && !(1..=9).any(|number| all[1].what.contains(&name(number))), "{example:?}");
}

#[test]
fn accounts_of_the_same_name_in_two_clusters_are_two_causes() {
    let rejected = |words: &str| {
        let issue = format!("issuing: got HTTP 500: {CONNECTS}: {words}");
        let line = Origin { file: "scenario.toml".into(), line: 7, column: 1 };
        let mut groups = Groups::default();
        for (role, cluster) in [("app", "target"), ("log", "audit"), ("web", "target")] {
            let finding = Finding { what: issue.clone(), at: Some(Micros(SECOND)), ..Finding::default() };
            groups.add(
                CheckId::of("ISS-1"),
                &finding,
                &Subject::Role(role.into()),
                &line,
                Some(cluster),
                &GeneratedNames::default(),
            );
        }
        let all = causes(vec![Failed { check: CheckId::of("ISS-1"), known_issue: false, samples: 3, groups }]);
        all.into_iter().map(|cause| cause.what).collect::<Vec<_>>()
    };
    let password = "failed SASL auth (FATAL: password authentication failed for user \"vaultuser\" (SQLSTATE 28P01))";
    let of = |cluster: &str| format!("PostgreSQL (cluster {cluster}) rejects the login of Vault's account vaultuser");
    assert_eq!(rejected(password), [of("audit"), of("target")]);
    assert_eq!(rejected("server error (FATAL: the database system is starting up (SQLSTATE 57P03))").len(), 2);
    // The port distinguishes them.
    let refused = rejected("dial error (dial tcp 127.0.0.1:5432: connect: connection refused)");
    assert_eq!(refused, ["PostgreSQL at 127.0.0.1:5432 refuses connections: no process listens there"]);
}

#[test]
fn requests_that_never_reached_vault_are_one_cause() {
    let stays = |number| {
        finding("{} still exists 3 s after its revocation was acknowledged; it must be gone by then", number, 10)
    };
    let unlogged = |revocations: &str| {
        let what = format!("{revocations} acknowledged, and the audit log has 4 responses without an error");
        Finding { what, ..Finding::default() }
    };
    let causes_of = |what: &str| {
        let rev = failed("REV-1", 9, &[stays(1), stays(2)]);
        reported(&causes(vec![rev, failed("AUD-1", 9, &[unlogged(what)])]))
    };
    assert_eq!(causes_of("6 revocations"), ["REV-1 ×2 @10 + AUD-1 ×1"]);
    // One more is missing, or others are.
    assert_eq!(causes_of("7 revocations").len(), 2);
    assert_eq!(causes_of("6 renewals").len(), 2);
}

/// Findings of a few kinds, about a few credentials, under a few checks.
fn some_findings() -> impl Strategy<Value = Vec<(&'static str, Finding)>> {
    let checks = prop::sample::select(vec!["ISS-1", "LOG-1", "REV-1", "EXP-1", "RUN-2", "INV-5", "GRA-1"]);
    let words = prop::sample::select(vec![
        "{} is left",
        REFUSED,
        "a login of {} was refused: SQLSTATE 28P01: no",
        "{} took 3.5 s",
        "nothing came",
        "got HTTP 500: failed to connect to `h`: dial error (dial tcp 127.0.0.1:5432: connect: connection refused)",
        "{}: got HTTP 400: unexpected EOF",
        "issue: the first: no answer from Vault: it took longer than 10 ms",
    ]);
    let one = (checks, words, 0..6_u64, 0..50_u64, any::<bool>());
    let made = one.prop_map(|(check, what, number, at, privilege)| {
        let privilege = privilege.then(|| format!("SELECT ON TABLE public.t{}", number % 3));
        (check, Finding { privilege, ..finding(what, number, at) })
    });
    prop::collection::vec(made, 1..60)
}

fn grouped(findings: &[(&'static str, Finding)]) -> Vec<FailureCause> {
    let mut checks: Vec<&str> = findings.iter().map(|(check, _)| *check).collect();
    let mut met = std::collections::BTreeSet::new();
    checks.retain(|check| met.insert(*check));
    let of = |check: &str| {
        let own: Vec<Finding> = findings.iter().filter(|(id, _)| *id == check).map(|(_, one)| one.clone()).collect();
        failed(check, 30, &own)
    };
    causes(checks.into_iter().map(of).collect())
}

proptest! {
    #[test]
    fn the_order_does_not_matter((findings, shuffled) in some_findings().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))) {
        prop_assert_eq!(grouped(&findings), grouped(&shuffled));
    }

    #[test]
    fn every_finding_is_counted_once(findings in some_findings()) {
        let causes = grouped(&findings);
        let counted: u64 = causes
            .iter()
            .map(|cause| cause.count + cause.also_breaks.iter().map(|also| also.count).sum::<u64>())
            .sum();
        prop_assert_eq!(counted, findings.len() as u64);
        for check in ["ISS-1", "LOG-1", "REV-1", "EXP-1", "RUN-2", "INV-5", "GRA-1"] {
            let own = causes.iter().filter(|cause| cause.check.as_str() == check).map(|cause| cause.count).sum::<u64>();
            let also = causes.iter().flat_map(|cause| &cause.also_breaks);
            let also = also.filter(|also| also.check.as_str() == check).map(|also| also.count).sum::<u64>();
            prop_assert_eq!(own + also, findings.iter().filter(|(id, _)| *id == check).count() as u64);
        }
    }

    #[test]
    fn a_first_moment_is_its_earliest_finding_s(findings in some_findings()) {
        let earliest = findings.iter().filter_map(|(_, finding)| finding.at).min();
        prop_assert_eq!(grouped(&findings).iter().filter_map(|cause| cause.first_at).min() >= earliest, true);
    }
}
