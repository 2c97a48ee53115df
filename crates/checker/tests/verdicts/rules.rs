//! The rules that hold for every check.

use insta::assert_snapshot;
use leaseproof_checker::overall;
use leaseproof_domain::{
    ArrivalCounts, CATALOGUE, Cause, CheckId, CredentialEnd, Dropped, End, EndReason, Event, FailureSource, FaultMark,
    FaultPoint, Judgment, LoggedNote, MeasuredOf, Micros, Observer, Operation, OperationRecord, RunOutcome, ServerLost,
    ServerNote, Severity, Span, Subject, Totals, Validity, Verdict, WatchGap,
};
use leaseproof_history::ReadEnd;
use leaseproof_scenario::{Ask, Comparison, ThresholdPlan};

use crate::story::{MS, ROLE, S, Story, line, refused_with, seen, wall};

#[test]
fn a_run_that_goes_well_passes_every_check() {
    let judged = Story::good().judged().verdicts;
    let not_passed: Vec<_> = judged.checks.iter().filter(|check| check.verdict != Verdict::Pass).collect();
    assert!(not_passed.is_empty(), "{not_passed:#?}");
    // KNO-1, FLT-* and DNS-* are asked where something is declared as known, a fault is done, or a DNS server stands;
    // SAT-1 where a phase is long enough.
    let others = CATALOGUE.iter().filter(|info| info.id.starts_with("DNS-")).count() + 6;
    assert_eq!(judged.checks.len(), CATALOGUE.len() - others);
    assert_eq!((judged.verdict, judged.validity, judged.ended.as_str()), (Verdict::Pass, Validity::Valid, "completed"));
    assert_eq!((judged.run.as_str(), judged.scenario.as_str()), ("20261122T225801Z-3f2a", "powerdns"));
}

#[test]
fn every_check_of_the_catalogue_has_an_implementation() {
    let all: Vec<&str> = CATALOGUE.iter().map(|info| info.id).collect();
    for judgment in Story::empty().asking(&all).judged().verdicts.checks {
        assert_ne!(judgment.reason.as_deref(), Some("this version does not have the check"), "{}", judgment.check);
    }
}

#[test]
fn a_run_in_which_nothing_happened_is_unknown_throughout() {
    let all: Vec<&str> = CATALOGUE.iter().map(|info| info.id).filter(|id| *id != "AUD-1").collect();
    let judged = Story::empty().asking(&all).judged().verdicts;
    assert!(judged.checks.iter().all(|check| check.verdict == Verdict::Unknown), "{:#?}", judged.checks);
    assert_eq!(judged.verdict, Verdict::Unknown);
    let reasons: Vec<String> = judged
        .checks
        .iter()
        .map(|check| format!("{}: {}", check.check, check.reason.as_deref().unwrap_or("-")))
        .collect();
    assert_snapshot!(reasons.join("\n"), @r"
AVL-1: no request was due outside fault windows
ISS-1: no issue was answered and followed by an observation of its role
ISS-2: no credential was acknowledged
ISS-4: no new role was observed before it was renewed or revoked
LOG-1: no login of a new credential was answered
GRA-1: no credential's privileges were read
PRB-1: no probe had a result
PRB-2: no probe could be compared with a reading of the same credential's privileges
TTL-2: no renewal was acknowledged and followed by an observation of its role
TTL-7: no issue was acknowledged
REV-1: no revocation was answered and followed by an observation of the roles
EXP-1: no credential was observed to expire
POL-1: no request for credentials without a token was answered
PWD-1: the log of vault was not read
PWD-2: no login with a wrong password was answered
TLS-1: no session of Vault's own accounts was observed
ACC-1: the account was not observed
RUN-2: roles and leases were not observed after the drain
RUN-7: roles were not observed before the first credential was requested
INV-1: no login of a new credential was answered
INV-2: no credential was observed between its issue's answer and its end
INV-3: no observation showed a generated role
INV-4: no VALID UNTIL was read while the lease's end was known
INV-5: no login was answered before its lease ended
INV-6a: no login was tried with a credential after its end
INV-6b: no held session ran a query after its credential's end
INV-7: no renewal was acknowledged
INV-8: irrevocable leases were not observed
INV-9: no credential's privileges were read both before and after a renewal
INV-10: no credential was acknowledged
INV-11: pg_shdepend was not observed after a credential's role was gone
FLT-1: no fault took place
FLT-2: no fault took place on a cluster with `replicate_as`
ACT-1: no action was taken
ACT-2: no credential was live that an action ended
DNS-1: no query was sent outside the windows after renderings
DNS-2: no rendering after the first one was followed by an observation of the sessions before the next rendering
DNS-3: no zone change was tried outside the windows after renderings
DNS-4: the agent rendered nothing: its policy may not even allow its own credentials
THR-1: issue.response.p99 has no samples
KNO-1: the scenario declares nothing as known
");
}

#[test]
fn a_plan_that_asks_nothing_is_unknown() {
    let judged = Story::good().asking(&[]).judged().verdicts;
    assert_eq!((judged.verdict, judged.checks), (Verdict::Unknown, vec![]));
}

#[test]
fn a_run_that_was_cut_short_passes_nothing_and_still_fails() {
    let bad = |story: Story| story.op(1, Operation::Issue, |record| record.lease_seconds = Some(7200));
    let cut = |story: Story| story.with(|story| story.ended = ReadEnd::CutOff { why: "after 9 events".into() });
    let reason = |reason| {
        move |story: Story| {
            story.each(|event| {
                if let Event::End(end) = event {
                    end.reason = reason;
                }
            })
        }
    };
    let lost = |story: Story| {
        reason(EndReason::EnvironmentLost)(story).with(|story| {
            let lost = ServerLost { at: Micros(20 * S), server: "vault".into(), status: "signal 9".into() };
            story.add(20 * S, Event::ServerLost(lost));
        })
    };
    let headless = |story: Story| story.without(|event| matches!(event, Event::Header(_)));
    let ways: [(&str, &dyn Fn(Story) -> Story); 5] = [
        ("not run: the run ended early: its history is cut off after 9 events", &cut),
        ("not run: the run ended early: interrupted", &reason(EndReason::Interrupted)),
        ("not run: the run ended early: a setup step was rejected", &reason(EndReason::SetupFailed)),
        ("not run: the run ended early: the environment was lost: vault ended by itself (signal 9)", &lost),
        ("not run: the history has no header", &headless),
    ];
    for (why, way) in ways {
        let asked = CATALOGUE.iter().filter(|info| !info.id.starts_with("DNS-"));
        for info in asked.filter(|info| {
            !matches!(info.id, "SAT-1" | "KNO-1" | "FLT-1" | "FLT-2" | "ACT-1" | "ACT-2" | "ISS-4" | "TTL-2" | "INV-4")
        }) {
            assert_eq!(way(Story::good()).unknown(info.id), why);
        }
        assert_eq!(way(bad(Story::good())).judgment("TTL-7").verdict, Verdict::Fail);
        assert_eq!(way(bad(Story::good())).judged().verdicts.verdict, Verdict::Fail);
    }
}

#[test]
fn the_end_of_a_run_decides_its_outcome() {
    let ended = |reason, words: &str, left: Option<&str>| {
        let (words, left) = (words.to_owned(), left.map(str::to_owned));
        Story::good().each(move |event| {
            if let Event::End(end) = event {
                let cause = Some(Cause::of(&words));
                *end = End { cause, left_behind: left.clone(), ..End::new(end.at, reason) };
            }
        })
    };
    let words = "setup step 2 (write database/config/app) was rejected: HTTP 400: no such database\nhint: create it";
    let rejected = ended(EndReason::SetupFailed, words, None).judged().verdicts;
    assert_eq!((rejected.outcome, rejected.verdict), (RunOutcome::SetupRejected, Verdict::Fail));
    assert_eq!(rejected.cause, Some(Cause::of(words)));
    assert!(rejected.checks.iter().all(|check| check.not_run && check.verdict == Verdict::Unknown));
    let lost = ended(EndReason::EnvironmentLost, "vault was lost", None).judged().verdicts;
    assert_eq!((lost.outcome, lost.verdict), (RunOutcome::EnvironmentLost, Verdict::Unknown));
    let left = ended(EndReason::Interrupted, "interrupted by a signal", Some("the role x")).judged().verdicts;
    assert_eq!((left.outcome, left.left_behind.as_deref()), (RunOutcome::LeftBehind, Some("the role x")));
    assert_eq!(Story::good().judged().verdicts.outcome, RunOutcome::Passed);
}

#[test]
fn a_failed_run_names_its_causes() {
    let refused = refused_with(FailureSource::Vault, "500", "role cannot be dropped (SQLSTATE 2BP01)");
    let story = Story::good().op(1, Operation::Revoke, |record| record.outcome = refused.clone());
    let logging = story.op(3, Operation::Revoke, |record| record.outcome = refused.clone());
    let verdicts = logging.judged().verdicts;
    let first = &verdicts.causes[0];
    let expected = ("REV-1", 2, Some(Micros(1_300 * MS)));
    assert_eq!((first.check.as_str(), first.count, first.first_at), expected);
    assert!(first.what.contains("HTTP 500: role cannot be dropped (SQLSTATE 2BP01)"), "{first:#?}");
    assert!(verdicts.causes.iter().all(|cause| cause.count > 0 && !cause.known_issue), "{:#?}", verdicts.causes);
    // What Vault leaves out stands in PostgreSQL's log.
    let details = vec!["DETAIL: privileges for table t".to_owned()];
    let note = ServerNote { details, ..ServerNote::postgres(Severity::Error, "role cannot be dropped") };
    let logged = LoggedNote { at: Micros(2 * S), server: "postgres.target".into(), note };
    let story = logging.with(|story| {
        story.add(2 * S, Event::LoggedNote(logged));
    });
    let first = story.judged().verdicts.causes.remove(0);
    assert_eq!((first.check.as_str(), first.count), ("REV-1", 2));
    for words in [&first.what, &first.example.what] {
        assert!(words.ends_with("; DETAIL: privileges for table t"), "{first:#?}");
    }
}

#[test]
fn each_cause_of_one_check_has_the_line_that_promised_otherwise() {
    let mut story = Story::good();
    let first = story.plan.thresholds[0].clone();
    let asked = |story: &Story| story.plan.asks.iter().position(|ask| ask.check == CheckId::of("THR-1")).unwrap();
    let ask = story.plan.asks[asked(&story)].clone();
    story.plan.asks.remove(asked(&story));
    story.plan.thresholds.clear();
    for (metric, at) in [("issue.response.p50", 71), ("login.response.p50", 74)] {
        let origin = line(at);
        let threshold =
            ThresholdPlan { metric: metric.parse().unwrap(), limit: 0.0, origin: origin.clone(), ..first.clone() };
        story.plan.asks.push(Ask { subject: Subject::Metric(metric.into()), origin, ..ask.clone() });
        story.plan.thresholds.push(threshold);
    }
    let causes = story.judged().verdicts.causes;
    let promised: Vec<_> =
        causes.iter().map(|cause| (cause.what.contains("login"), cause.example.promised.clone())).collect();
    assert_eq!(promised, [(false, Some(line(71))), (true, Some(line(74)))]);
}

/// An error is quick to answer: its time says nothing of the service.
#[test]
fn a_threshold_on_a_time_is_not_kept_by_failures_alone() {
    let failing = |story: Story, failures: usize| {
        let mut left = failures;
        story.each(move |event| {
            if let Event::Operation(record) = event
                && record.op == Operation::Issue
                && left > 0
            {
                left -= 1;
                record.outcome = refused_with(FailureSource::Vault, "403", "permission denied");
            }
        })
    };
    let none = failing(Story::good(), usize::MAX);
    assert_snapshot!(none.unknown("THR-1"), @"issue.response.p99 is 10.000 ms, but all 3 requests failed: their times say nothing about requests that succeed");
    // A limit that failures cross too is crossed.
    let mut crossed = none.clone();
    crossed.plan.thresholds[0].limit = 1.0;
    crossed.fails("THR-1");
    // So is a share of failures.
    failing(bounded("issue.failed", Comparison::AtMost, 0.01), usize::MAX).fails("THR-1");
    let some = failing(Story::good(), 1);
    some.passes("THR-1");
    let notes = some.judgment("THR-1").notes;
    assert!(notes.iter().any(|note| note.ends_with("the limit is < 250ms: 1 of 3 failed")), "{notes:?}");
    // A login after the end is meant to fail.
    bounded("dead_login.response.p99", Comparison::Below, 10.0 * S as f64).passes("THR-1");
}

#[test]
fn thresholds_of_one_line_are_judged_each_by_itself() {
    // Those of the command line all stand in its line 1.
    let mut story = Story::good();
    let first = story.plan.thresholds[0].clone();
    let ask = story.plan.asks.iter().find(|ask| ask.check == CheckId::of("THR-1")).unwrap().clone();
    story.plan.asks.retain(|ask| ask.check != CheckId::of("THR-1"));
    story.plan.thresholds.clear();
    for (role, limit) in [(None, 0.0), (Some(ROLE.to_owned()), 1e12)] {
        let threshold = ThresholdPlan { role, limit, origin: line(1), ..first.clone() };
        story.plan.asks.push(Ask { subject: Subject::Metric(threshold.subject()), origin: line(1), ..ask.clone() });
        story.plan.thresholds.push(threshold);
    }
    let checks = story.judged().verdicts.checks;
    let verdicts: Vec<_> = checks
        .iter()
        .filter(|judgment| judgment.check == CheckId::of("THR-1"))
        .map(|judgment| judgment.verdict)
        .collect();
    assert_eq!(verdicts, [Verdict::Fail, Verdict::Pass]);
}

#[test]
fn a_threshold_of_a_phase_and_a_role_counts_theirs_and_nothing_else() {
    // One renewal of another role and one of another phase fail; all renewals of this role in this phase work.
    let story = Story::good().with(|story| {
        for (lifecycle, role, phase) in [(11, "another-role", "steady"), (12, ROLE, "warm-up")] {
            let rejected = refused_with(FailureSource::Vault, "400", "lease not found");
            let renewal = story.operation(lifecycle, Operation::Renew, 3 * S, 3 * S + MS, rejected);
            (renewal.role, renewal.phase) = (role.into(), phase.into());
        }
    });
    let limited = |phase: Option<&str>, role: Option<&str>| {
        let mut story = story.clone();
        let threshold = &mut story.plan.thresholds[0];
        (threshold.metric, threshold.limit, threshold.text) = ("renew.failed".parse().unwrap(), 0.01, "< 1%".into());
        (threshold.phase, threshold.role) = (phase.map(str::to_owned), role.map(str::to_owned));
        let subject = Subject::Metric(threshold.subject());
        story
            .plan
            .asks
            .iter_mut()
            .filter(|ask| ask.check == CheckId::of("THR-1"))
            .for_each(|ask| ask.subject = subject.clone());
        story
    };
    let own =
        Story::good().judged().verdicts.operations.into_iter().find(|table| table.op == Operation::Renew).unwrap();
    let judgment = limited(Some("steady"), Some(ROLE)).judgment("THR-1");
    assert_eq!((judgment.verdict, judgment.samples), (Verdict::Pass, own.due), "{judgment:#?}");
    assert_eq!(judgment.subject.to_string(), format!("metric renew.failed{{phase=steady,role={ROLE}}}"));
    for (phase, role) in [(None, None), (Some("steady"), None), (None, Some(ROLE)), (None, Some("another-role"))] {
        limited(phase, role).fails("THR-1");
    }
    limited(Some("warm-up"), Some("another-role")).unknown("THR-1");
}

#[test]
fn a_role_is_judged_by_its_own_lifecycles_only() {
    let elsewhere = Story::good().each(|event| {
        if let Event::Operation(record) = event {
            record.role = "another-role".into();
        }
    });
    for info in CATALOGUE.iter() {
        if let Some(ask) = elsewhere.plan.asks.iter().find(|ask| ask.check == CheckId::of(info.id))
            && ask.subject == Subject::Role(ROLE.into())
        {
            elsewhere.unknown(info.id);
        }
    }
}

#[test]
fn roles_of_several_clusters_are_not_distinguished() {
    let mut story = Story::good();
    let mut other = story.plan.roles[0].clone();
    (other.name, other.on) = ("another-role".into(), "storage".into());
    story.plan.roles.push(other);
    let reason = "the history does not distinguish the roles of several clusters";
    for id in ["ISS-1", "ISS-4", "GRA-1", "TTL-2", "REV-1", "EXP-1", "INV-2", "INV-3", "INV-4", "INV-10"] {
        assert_eq!(story.unknown(id), reason, "{id}");
    }
    for id in ["ISS-2", "LOG-1", "INV-5", "INV-6a", "POL-1", "AUD-1"] {
        story.passes(id);
    }
}

#[test]
fn fail_outranks_unknown_outranks_pass_and_a_declared_failure_does_not_count() {
    let judgment = |verdict| {
        let mut judgment: Judgment = Story::good().judgment("ISS-1");
        judgment.verdict = verdict;
        judgment
    };
    let [pass, unknown, fail] = [Verdict::Pass, Verdict::Unknown, Verdict::Fail].map(judgment);
    let mut known = fail.clone();
    known.known_issue = Some(leaseproof_domain::KnownIssue { because: "so".into(), origin: line(1) });
    assert_eq!(overall(&[]), Verdict::Unknown);
    assert_eq!(overall(&[pass.clone(), unknown.clone(), fail]), Verdict::Fail);
    assert_eq!(overall(&[pass.clone(), unknown, known.clone()]), Verdict::Unknown);
    assert_eq!(overall(&[pass, known]), Verdict::Pass);
}

#[test]
fn the_first_twenty_findings_are_kept_in_order_of_time_and_the_rest_is_counted() {
    let story = Story::good().with(|story| {
        for lifecycle in 10..40 {
            story.begins(lifecycle, (40 - lifecycle) * S, 3606);
        }
    });
    let story = story.each(|event| {
        if let Event::Operation(record) = event {
            record.renewable = record.renewable.map(|_| false);
        }
    });
    let judgment = story.judgment("ISS-1");
    assert_eq!((judgment.findings.len(), judgment.more_findings), (20, 13));
    let times: Vec<_> = judgment.findings.iter().map(|finding| finding.at).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times[0], Some(Micros(S + 10 * MS)));
}

#[test]
fn a_generator_that_fell_behind_makes_the_measurement_invalid() {
    // 15 of the good run's operations, and 85 more: one late one in a hundred is allowed.
    let count = Story::good().judged().verdicts.totals.timed;
    let late = |late: u64, by: u64, of: u64| {
        Story::good().with(|story| {
            for number in 0..of - count {
                let start = 12 * S + number * MS;
                let record = story.operation(2, Operation::DeadLogin, start, start + 5 * MS, crate::story::no_answer());
                if number < late {
                    record.intended = Micros(start - by);
                }
            }
        })
    };
    for (story, expected) in [
        (late(1, 10 * MS + 1, 100), Validity::Valid),
        (late(2, 10 * MS, 100), Validity::Valid),
        (
            late(2, 10 * MS + 1, 100),
            Validity::Invalid {
                why:
                    "the load generator sent 2.0 % of 100 operations late, the worst 0.010 s after its intended start; \
                      the limit is 1 % (docs/exit-codes.md)"
                        .into(),
            },
        ),
    ] {
        let judged = story.judged().verdicts;
        assert_eq!(judged.validity, expected);
        assert_eq!(judged.totals.timed, 100);
    }
    assert_eq!(late(2, 10 * MS + 1, 100).judged().verdicts.totals.late, 2);
}

#[test]
fn five_percent_of_a_long_service_time_is_not_late() {
    let slow = |behind: u64| {
        Story::empty().with(|story| {
            for lifecycle in 1..=10 {
                let record = story.operation(
                    lifecycle,
                    Operation::Issue,
                    lifecycle * S,
                    lifecycle * S + 2 * S,
                    refused_with(FailureSource::Vault, "500", "busy"),
                );
                record.intended = Micros(lifecycle * S - behind);
            }
        })
    };
    assert_eq!(slow(100 * MS).judged().verdicts.validity, Validity::Valid);
    assert!(matches!(slow(100 * MS + 1).judged().verdicts.validity, Validity::Invalid { .. }));
}

#[test]
fn figures_count_from_the_intended_and_from_the_real_start() {
    let story = Story::good().op(1, Operation::Issue, |record| record.intended = Micros(S - 40 * MS));
    let judged = story.judged();
    let issue = &judged.verdicts.operations[0];
    assert_eq!((issue.op, issue.ok, issue.failed, issue.indeterminate), (Operation::Issue, 3, 0, 0));
    assert_eq!((issue.response.max, issue.service.max, issue.response.count), (50 * MS, 10 * MS, 3));
    let dead = judged.verdicts.operations.iter().find(|figures| figures.op == Operation::DeadLogin).unwrap();
    assert_eq!(dead.codes, [("28P01".to_owned(), 3)]);
    assert_eq!(judged.histograms.len(), 2 * judged.verdicts.operations.len());
}

#[test]
fn an_issue_that_was_rejected_in_a_fault_window_is_no_issue_without_an_answer() {
    let mut story = Story::good();
    story.plan.faults = vec![crate::faults::plan(2_000)];
    for (at, point) in [(12 * S, FaultPoint::Begins), (13 * S, FaultPoint::Healed)] {
        story.add(at, Event::Fault(FaultMark { fault: 1, point, at: Micros(at), words: String::new() }));
    }
    let sealed = refused_with(FailureSource::Vault, "500", "no connection");
    story.operation(7, Operation::Issue, 12 * S + MS, 12 * S + 2 * MS, sealed);
    let verdicts = story.clone().judged().verdicts;
    let issue = verdicts.operations.iter().find(|figures| figures.op == Operation::Issue).unwrap();
    assert_eq!((issue.failed, issue.indeterminate, verdicts.totals.issues_unanswered), (1, 0, 0));
    story.operation(8, Operation::Issue, 12 * S + MS, 12 * S + 2 * MS, crate::story::no_answer());
    assert_eq!(story.judged().verdicts.totals.issues_unanswered, 1);
}

#[test]
fn lifecycles_are_counted_by_what_became_of_them() {
    let story = Story::good().without(|event| matches!(event, Event::Residue { released: false, .. })).with(|story| {
        let dropped = Dropped {
            lifecycle: 9,
            role: ROLE.into(),
            phase: "steady".into(),
            intended: Micros(S),
            lifecycle_name: None,
        };
        story.add(S, Event::Dropped(dropped));
        story.begins(4, 19 * S, 3624);
        story.residue(20 * S, false, vec![seen(4, wall(3624))], vec![4]);
        story.operation(5, Operation::Issue, 12 * S, 13 * S, crate::story::no_answer());
    });
    let totals = story.judged().verdicts.totals;
    assert_eq!((totals.arrivals, totals.dropped, totals.issued), (6, 1, 4));
    assert_eq!((totals.revoked, totals.expired, totals.live, totals.issues_unanswered), (2, 1, 1, 1));
}

#[test]
fn a_failure_that_is_declared_does_not_fail_the_run() {
    let failing = Story::good().op(1, Operation::Revoke, |record| {
        record.outcome = refused_with(FailureSource::Vault, "400", "cannot be dropped (SQLSTATE 2BP01)");
    });
    for (role, evidence) in [(Some(ROLE), Some("2BP01")), (None, None), (None, Some("400"))] {
        let judged = failing.clone().asking(&["REV-1"]).declared("REV-1", role, evidence).judged().verdicts;
        assert_eq!(judged.checks[0].verdict, Verdict::Fail);
        assert_eq!(judged.checks[0].known_issue.as_ref().map(|known| &known.origin), Some(&line(70)));
        assert_eq!(judged.checks[1].verdict, Verdict::Pass, "{:#?}", judged.checks[1]);
        assert_eq!(judged.verdict, Verdict::Pass);
    }
    for (role, evidence) in [(Some("another-role"), None), (Some(ROLE), Some("42501"))] {
        let story = failing.clone().asking(&["REV-1"]).declared("REV-1", role, evidence);
        assert_eq!(story.judgment("REV-1").known_issue, None);
        assert_eq!(story.judged().verdicts.verdict, Verdict::Fail);
        // What fails as nobody declared it leaves the declaration without its failure.
        assert_eq!(story.judgment("KNO-1").verdict, if evidence.is_some() { Verdict::Fail } else { Verdict::Unknown });
    }
}

#[test]
fn a_declaration_needs_every_finding_to_match() {
    let both = Story::good().each(|event| {
        if let Event::Operation(record) = event
            && record.op == Operation::Revoke
        {
            let code = if record.lifecycle == 1 { "2BP01" } else { "42501" };
            record.outcome = refused_with(FailureSource::Vault, "400", code);
        }
    });
    let story = both.asking(&["REV-1"]).declared("REV-1", Some(ROLE), Some("2BP01"));
    assert_eq!(story.judgment("REV-1").known_issue, None);
}

#[test]
fn a_declaration_that_no_longer_holds_fails() {
    let gone = Story::good().declared("REV-1", Some(ROLE), Some("2BP01"));
    let findings = gone.fails("KNO-1");
    assert_eq!(findings[0].promised, Some(line(70)));
    assert_snapshot!(findings[0].what, @"REV-1 does not fail as it is declared to (it was always so): take the entry out, or correct its evidence");
    assert_eq!(
        Story::good().asking(&["ISS-1"]).declared("REV-1", None, None).unknown("KNO-1"),
        "REV-1 is declared as known and was not asked"
    );
    let blind = Story::good().without_op(1, Operation::Revoke).without_op(3, Operation::Revoke);
    assert_eq!(
        blind.declared("REV-1", None, None).unknown("KNO-1"),
        "REV-1 is declared as known and could not be judged"
    );
}

#[test]
fn of_several_declarations_the_one_of_the_asks_own_line_is_judged() {
    let failing = Story::good().op(1, Operation::Revoke, |record| {
        record.outcome = refused_with(FailureSource::Vault, "400", "2BP01");
    });
    let mut story = failing.asking(&["REV-1", "EXP-1"]).declared("REV-1", None, None).declared("EXP-1", None, None);
    story.plan.known_issues[1].origin = line(71);
    let verdicts = |first: u32, second: u32| {
        let mut story = story.clone();
        let asks = story.plan.asks.iter_mut().filter(|ask| ask.check == CheckId::of("KNO-1"));
        asks.zip([first, second]).for_each(|(ask, at)| ask.origin = line(at));
        let judged = story.judged().verdicts.checks.into_iter();
        judged.filter(|judgment| judgment.check == CheckId::of("KNO-1")).map(|judgment| judgment.verdict).collect()
    };
    let [pass, fail] = [Verdict::Pass, Verdict::Fail];
    let both: [Vec<Verdict>; 3] = [verdicts(70, 71), verdicts(71, 70), verdicts(98, 99)];
    // The revocation fails as declared, and every lease expires as it should. An ask of no entry's line is of all.
    assert_eq!(both, [vec![pass, fail], vec![fail, pass], vec![fail, fail]]);
}

#[test]
fn a_declaration_for_a_role_matches_an_environments_finding_by_its_lease() {
    let unlogged = |event: &Event| matches!(event, Event::Audit(entry) if entry.request == "r1");
    let story = Story::good().without(unlogged);
    assert!(story.clone().declared("AUD-1", Some(ROLE), None).judgment("AUD-1").known_issue.is_some());
    assert_eq!(story.declared("AUD-1", Some("another-role"), None).judgment("AUD-1").known_issue, None);
}

#[test]
fn thresholds_are_compared_as_they_are_written() {
    let slow = |wait: u64| Story::good().op(1, Operation::Issue, |record| record.intended = Micros(S - wait));
    slow(239 * MS).passes("THR-1");
    let finding = slow(240 * MS).fails("THR-1").remove(0);
    assert_eq!(finding.promised, Some(line(60)));
    assert_snapshot!(finding.what, @"expected issue.response.p99 < 250ms, got 250.000 ms");
    let mut other = Story::good();
    other.plan.thresholds[0].metric = "issue.failed".parse().unwrap();
    other.plan.thresholds[0].limit = 0.25;
    other.plan.asks.iter_mut().find(|ask| ask.check.as_str() == "THR-1").unwrap().subject =
        Subject::Metric("issue.failed".into());
    other.passes("THR-1");
    let failed = |story: &mut Story| {
        story.operation(7, Operation::Issue, 14 * S, 15 * S, refused_with(FailureSource::Vault, "500", "no"));
    };
    assert_snapshot!(other.with(failed).fails("THR-1")[0].what, @"expected issue.failed < 250ms, got 25.00 %");
    let mut none = Story::good();
    none.plan.thresholds[0].metric = "expiry.lag.p99".parse().unwrap();
    none.plan.thresholds[0].limit = 500_000.0;
    none.plan.asks.iter_mut().find(|ask| ask.check.as_str() == "THR-1").unwrap().subject =
        Subject::Metric("expiry.lag.p99".into());
    none.passes("THR-1");
    let none = none.without(|event| matches!(event, Event::Roles(_) | Event::Residue { .. }));
    assert_eq!(
        none.unknown("THR-1"),
        "expiry.lag.p99 has no samples: for more samples, raise `end.expire`, `rate` or `for`"
    );
}

/// The plan's only threshold is on this metric, and THR-1 is asked of it.
fn bounded(metric: &str, comparison: Comparison, limit: f64) -> Story {
    let mut story = Story::good();
    let threshold = &mut story.plan.thresholds[0];
    threshold.metric = metric.parse().unwrap();
    (threshold.comparison, threshold.limit) = (comparison, limit);
    story.plan.asks.iter_mut().find(|ask| ask.check.as_str() == "THR-1").unwrap().subject =
        Subject::Metric(metric.into());
    story
}

#[test]
fn a_threshold_at_its_limit_holds_where_the_limit_is_allowed() {
    use Comparison::{Above, AtLeast, AtMost, Below};
    // Of four issues, one is refused.
    let refused = |story: &mut Story| {
        story.operation(7, Operation::Issue, 14 * S, 15 * S, refused_with(FailureSource::Vault, "500", "no"));
    };
    for (limit, holding) in [(0.26, [Below, AtMost]), (0.25, [AtMost, AtLeast]), (0.24, [Above, AtLeast])] {
        for comparison in [Below, AtMost, Above, AtLeast] {
            let judged = bounded("issue.failed", comparison, limit).with(refused).judgment("THR-1");
            let expected = if holding.contains(&comparison) { Verdict::Pass } else { Verdict::Fail };
            assert_eq!(judged.verdict, expected, "{comparison:?} {limit}");
        }
    }
}

#[test]
fn shares_count_what_failed_without_an_answer_and_what_was_dropped() {
    let two_of_five = |story: &mut Story| {
        story.operation(7, Operation::Issue, 14 * S, 15 * S, refused_with(FailureSource::Vault, "500", "no"));
        story.operation(8, Operation::Issue, 14 * S, 15 * S, crate::story::no_answer());
    };
    let failed = bounded("issue.failed", Comparison::Below, 0.1).with(two_of_five);
    assert_snapshot!(failed.fails("THR-1")[0].what, @"expected issue.failed < 250ms, got 40.00 %: 4 of 5 due were answered, 1 had no answer");
    let dropped = bounded("lifecycles.dropped", Comparison::Below, 0.1).with(|story| {
        for lifecycle in [8, 9] {
            let dropped = Dropped {
                lifecycle,
                role: ROLE.into(),
                phase: "steady".into(),
                intended: Micros(S),
                lifecycle_name: None,
            };
            story.add(S, Event::Dropped(dropped));
        }
    });
    assert_snapshot!(dropped.fails("THR-1")[0].what, @"expected lifecycles.dropped < 250ms, got 40.00 %");
    assert_eq!(dropped.judgment("THR-1").samples, 5);
}

/// `answered` issues that take 1.622 s, `unanswered` that have no answer, `dropped` that were never sent.
fn saturated(story: &mut Story, answered: u64, unanswered: u64, dropped: u64) {
    for number in 0..answered {
        let slow = refused_with(FailureSource::Vault, "500", "slow");
        story.operation(100 + number, Operation::Issue, 12 * S, 12 * S + 1_622 * MS, slow);
    }
    for number in 0..unanswered {
        story.operation(10_000 + number, Operation::Issue, 12 * S, 22 * S + 3 * MS, crate::story::no_answer());
    }
    for lifecycle in 20_000..20_000 + dropped {
        let (role, phase) = (ROLE.into(), "steady".into());
        story.add(
            13 * S,
            Event::Dropped(Dropped { lifecycle, role, phase, intended: Micros(13 * S), lifecycle_name: None }),
        );
    }
}

#[test]
fn a_quantile_over_everything_that_was_due_is_no_less_than_the_time_out_where_it_has_no_answer() {
    // 35 of 150 answered, 70 without an answer after 10 s, 45 dropped: a tenth of a run at 50/s.
    let with = |metric: &str, comparison, limit: u64| {
        let mut story = bounded(metric, comparison, limit as f64).with(|story| saturated(story, 32, 70, 45));
        story.plan.thresholds[0].text = "< as said".into();
        story
    };
    let below = |metric, seconds: u64| with(metric, Comparison::Below, seconds * S);
    assert_snapshot!(below("issue.response.p50", 9).fails("THR-1")[0].what, @"expected issue.response.p50 < as said, got > 10 s: 35 of 150 due were answered, 70 had no answer, 45 were dropped, 32 of 150 failed");
    // What nobody waited for cannot be reported.
    assert_snapshot!(below("issue.response.p50", 30).unknown("THR-1"), @"issue.response.p50 is > 10 s: 35 of 150 due were answered, 70 had no answer, 45 were dropped, 32 of 150 failed; whether it is < as said is unknown, because no request waited longer: raise `timeout` in [client] above the limit");
    with("issue.response.p50", Comparison::AtMost, 10 * S).fails("THR-1");
    with("issue.response.p50", Comparison::Above, 9 * S).passes("THR-1");
    with("issue.response.p50", Comparison::AtLeast, 10 * S).passes("THR-1");
    assert!(with("issue.response.p50", Comparison::Above, 30 * S).unknown("THR-1").contains("> 10 s"));
    // The dropped were never with a server: of the 105 others a third was answered.
    below("issue.service.p50", 9).fails("THR-1");
    let measured = below("issue.service.p50", 9).judgment("THR-1").measured.unwrap();
    assert_eq!((measured.count, measured.censored, measured.p50), (105, 70, 10_003 * MS));
    assert_eq!(measured.at_least, leaseproof_domain::Quantity::ALL);
}

#[test]
fn an_unanswered_request_counts_as_failed_and_as_unanswered_of_those_that_were_due() {
    for (metric, refused, holds) in
        [("issue.failed", 147, 1.0), ("issue.unanswered", 115, 0.766), ("renew.unanswered", 0, 0.0)]
    {
        let story = bounded(metric, Comparison::AtMost, holds + 0.001).with(|story| saturated(story, 32, 70, 45));
        let figures = story.judged().verdicts.operations;
        let issue = &figures[0];
        assert_eq!((issue.due, issue.ok, issue.failed, issue.indeterminate, issue.dropped), (150, 3, 32, 70, 45));
        story.passes("THR-1");
        let tighter = bounded(metric, Comparison::Below, f64::from(refused) / 150.0 - 0.001);
        if refused > 0 {
            tighter.with(|story| saturated(story, 32, 70, 45)).fails("THR-1");
        }
    }
}

fn lifecycle_of(name: &str, timeout: Option<u64>) -> leaseproof_scenario::LifecyclePlan {
    leaseproof_scenario::LifecyclePlan {
        name: name.into(),
        role: ROLE.into(),
        lease: None,
        query: String::new(),
        query_origin: None,
        renew: None,
        hold_session: None,
        timeout: timeout.map(leaseproof_domain::Ttl::from_millis),
        revoke: 1.0,
        origin: line(40),
    }
}

#[test]
fn a_client_that_goes_away_early_bounds_its_own_issues_only() {
    let mut story = bounded("issue.response.p50", Comparison::Below, (9 * S) as f64);
    story.plan.lifecycles = vec![lifecycle_of("hasty", Some(300)), lifecycle_of("patient", None)];
    let of = |story: Story, name: &str| {
        let name = name.to_owned();
        story.with(|story| saturated(story, 0, 0, 9)).each(move |event| {
            if let Event::Dropped(dropped) = event {
                dropped.lifecycle_name = Some(name.clone());
            }
        })
    };
    assert!(of(story.clone(), "hasty").unknown("THR-1").contains("> 300 ms"));
    assert!(of(story.clone(), "patient").fails("THR-1")[0].what.contains("> 10 s"));
    // A history that does not tell whose they were: at least what the hastier one waits.
    assert!(story.with(|story| saturated(story, 0, 0, 9)).unknown("THR-1").contains("> 300 ms"));
}

#[test]
fn of_several_thresholds_the_one_of_the_asks_own_line_is_judged_and_else_those_of_its_metric() {
    // Every issue takes 10 ms.
    let mut story = bounded("issue.response.max", Comparison::Below, 5.0 * MS as f64);
    let mut other = story.plan.thresholds[0].clone();
    (other.comparison, other.origin) = (Comparison::Above, line(61));
    story.plan.thresholds.push(other);
    let asked_at = |mut story: Story, at| {
        story.plan.asks.iter_mut().find(|ask| ask.check.as_str() == "THR-1").unwrap().origin = line(at);
        story
    };
    asked_at(story.clone(), 60).fails("THR-1");
    asked_at(story.clone(), 61).passes("THR-1");
    asked_at(story.clone(), 99).fails("THR-1");
    story.plan.thresholds[0].metric = "revoke.response.max".parse().unwrap();
    asked_at(story, 99).passes("THR-1");
}

#[test]
fn what_keeps_a_longer_time_from_being_known_is_named() {
    // A role that is still there when the run ends, and a client that goes away before the answer.
    let mut lag = bounded("expiry.lag.max", Comparison::Below, (600 * S) as f64);
    lag = lag
        .without(|event| matches!(event, Event::Residue { .. }))
        .without(|event| matches!(event, Event::Roles(observation) if !observation.gone.is_empty()))
        .with(|story| story.residue(20 * S, false, vec![seen(2, None)], vec![2]));
    assert_snapshot!(lag.unknown("THR-1"));
    let mut hasty =
        bounded("issue.response.p50", Comparison::Below, (9 * S) as f64).with(|story| saturated(story, 0, 9, 0));
    hasty = hasty.each(|event| {
        if let Event::Operation(record) = event
            && record.lifecycle >= 10_000
        {
            (record.end, record.lifecycle_name) = (Micros(record.start.0 + 300 * MS), Some("hasty".into()));
        }
    });
    hasty.plan.lifecycles = vec![lifecycle_of("hasty", Some(300))];
    assert_snapshot!(hasty.unknown("THR-1"));
}

#[test]
fn more_load_is_no_advice_where_no_request_of_that_kind_succeeds() {
    let renewals = |outcome: leaseproof_domain::Outcome| {
        Story::good().each(move |event| {
            if let Event::Operation(record) = event
                && record.op == Operation::Renew
            {
                record.outcome = outcome.clone();
            }
        })
    };
    let silent = renewals(crate::story::no_answer());
    assert_snapshot!(silent.unknown("INV-7"));
    let denied = renewals(refused_with(FailureSource::Vault, "403", "permission denied"));
    assert_snapshot!(denied.unknown("INV-7"));
    // A lease that no renewal shortened does not end in the run.
    let mut unshortened =
        denied.without(|event| matches!(event, Event::Roles(observation) if !observation.gone.is_empty()));
    unshortened.plan.lifecycles = vec![leaseproof_scenario::LifecyclePlan {
        lease: Some(leaseproof_domain::Ttl::from_secs(3)),
        ..lifecycle_of("app", None)
    }];
    assert!(unshortened.unknown("EXP-1").contains("succeeded"), "{}", unshortened.unknown("EXP-1"));
    // Where nobody renews, more would help.
    assert!(
        Story::good()
            .without(|event| matches!(event, Event::Operation(record) if record.op == Operation::Renew))
            .unknown("INV-7")
            .contains("raise `renew.share`")
    );
}

#[test]
fn what_was_measured_is_reported_where_something_was_and_of_how_many() {
    for (id, expected) in [("INV-1", 3), ("EXP-1", 1), ("THR-1", 66)] {
        let nothing = Story::empty().judgment(id);
        assert_eq!((nothing.measured, nothing.measured_of), (None, None), "{id}");
        // Beside three credentials, 40 issues had no answer and 23 arrivals were dropped.
        let story = Story::good().with(|story| saturated(story, 0, 40, 23));
        let judgment = story.judgment(id);
        let count = if id == "THR-1" { 66 } else { expected };
        assert_eq!(judgment.measured.map(|measured| measured.count), Some(count), "{id}");
        let arrivals = ArrivalCounts { due: 66, answered: 3, unanswered: 40, dropped: 23 };
        assert_eq!(judgment.measured_of, Some(MeasuredOf { expected, arrivals: Some(arrivals) }), "{id}");
    }
    // The lag of credentials that were left to expire: one.
    let lag = bounded("expiry.lag.max", Comparison::Below, (600 * S) as f64).judgment("THR-1");
    assert_eq!(lag.measured_of.map(|of| of.expected), Some(1));
}

#[test]
fn a_threshold_names_the_lifecycles_that_cross_it() {
    let named = |metric: &str, comparison, limit: f64| {
        let story = bounded(metric, comparison, limit).with(|story| {
            saturated(story, 2, 2, 3);
            // Quick enough.
            story.operation(
                50,
                Operation::Issue,
                12 * S,
                12 * S + 5 * MS,
                refused_with(FailureSource::Vault, "500", "no"),
            );
        });
        story.fails("THR-1")[0].lifecycles.clone()
    };
    let second = S as f64;
    assert_eq!(named("issue.response.max", Comparison::Below, second), [100, 101, 10_000, 10_001]);
    assert_eq!(named("issue.service.max", Comparison::AtMost, second), [100, 101, 10_000, 10_001]);
    assert_eq!(named("issue.failed", Comparison::Below, 0.1), [50, 100, 101, 10_000, 10_001]);
    assert_eq!(named("issue.unanswered", Comparison::Below, 0.1), [10_000, 10_001]);
    // What has an answer too soon crosses a lower limit.
    assert!(named("issue.response.p50", Comparison::Above, 60.0 * second).contains(&50));
    assert!(named("lifecycles.dropped", Comparison::Below, 0.01).is_empty());
    let lag = bounded("expiry.lag.max", Comparison::Below, 1.0).fails("THR-1");
    assert_eq!(lag[0].lifecycles, [2]);
    let elsewhere = bounded("issue.response.max", Comparison::Below, 1.0).with(|story| {
        story.plan.thresholds[0].role = Some(ROLE.into());
        let of_other = story.operation(70, Operation::Issue, 12 * S, 13 * S, crate::story::no_answer());
        of_other.role = "other".into();
    });
    assert!(!elsewhere.fails("THR-1")[0].lifecycles.contains(&70));
}

#[test]
fn the_ends_of_lifecycles_are_those_that_the_totals_count() {
    // The revocation of lifecycle 1 has no answer, and its role is gone after it.
    let story = Story::good().op(1, Operation::Revoke, |record| record.outcome = crate::story::no_answer());
    let ends = leaseproof_checker::credential_ends(&story.plan, story.events().into_iter());
    assert_eq!((ends[&1], ends[&2]), (CredentialEnd::Revoked, CredentialEnd::Expired));
    let mut counted = Totals::default();
    ends.values().for_each(|end| counted.count(*end));
    let totals = &story.judged().verdicts.totals;
    let figures = |totals: &Totals| [totals.issued, totals.revoked, totals.expired, totals.live, totals.indeterminate];
    assert_eq!(figures(&counted), figures(totals));
}

#[test]
fn a_lifecycle_that_has_ended_takes_late_records_in_for_thirty_seconds() {
    // Lifecycle 2's role is gone when its last login is refused; what was written down before that ended at 10.601 s. What
    // is written down long after it tells of a refusal at 9 s, while the lease stood.
    let late = |last: &dyn Fn(&mut OperationRecord), now: u64| {
        let span = Span { intended: Micros(9 * S), start: Micros(9 * S), end: Micros(9 * S + MS) };
        let refusal = refused_with(FailureSource::Postgres, "28P01", "no");
        let record = OperationRecord::new(2, ROLE, "steady", Operation::Relogin, span, refusal);
        Story::good().op(2, Operation::DeadLogin, last).with(|story| {
            story.clock(now, "vault", 0);
            story.add(now, Event::Operation(record));
        })
    };
    late(&|_| {}, 40_601 * MS).fails("INV-5");
    late(&|_| {}, 40_601 * MS + 1).passes("INV-5");
    // Only a refusal is the last that is heard of a lifecycle.
    late(&|record| record.outcome = crate::story::no_answer(), 60 * S).fails("INV-5");
    // What is refused while the role stands ends no lifecycle.
    let stands = Story::empty().with(|story| {
        story.begins(1, S, 3606);
        let refusal = refused_with(FailureSource::Vault, "400", "no");
        story.operation(1, Operation::Renew, 2 * S, 3 * S, refusal);
        let refusal = refused_with(FailureSource::Postgres, "28P01", "no");
        story.operation(1, Operation::Relogin, 60 * S, 61 * S, refusal.clone());
        story.operation(1, Operation::Relogin, 62 * S, 63 * S, refusal);
    });
    assert_eq!(stands.fails("INV-5").len(), 2);
}

#[test]
fn each_observers_first_gap_is_reported_and_after_the_last_observation_only_the_logs() {
    let gap = |observer, why: &str| {
        Event::WatchGap(WatchGap {
            cluster: String::new(),
            observer,
            from: Micros(S),
            to: Micros(2 * S),
            why: why.into(),
        })
    };
    let story = Story::good().with(|story| {
        story.add(2 * S, gap(Observer::RoleRead, "timed out"));
        story.add(3 * S, gap(Observer::Roles, "connection lost"));
        story.add(4 * S, gap(Observer::Roles, "lost again"));
        story.add(22 * S, gap(Observer::Audit, "no such file"));
        story.add(23 * S, gap(Observer::Irrevocable, "sealed"));
    });
    assert!(story.unknown("ISS-1").ends_with("timed out"));
    assert!(story.unknown("EXP-1").ends_with("connection lost"));
    assert!(story.unknown("AUD-1").ends_with("no such file"));
    story.passes("INV-8");
}
