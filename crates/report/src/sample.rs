//! Verdicts made by hand, for the tests of every form that a report has.

use leaseproof_domain::{
    ActionBefore, ActionEnds, ActionFigures, ActionWindow, AlsoBroken, ArrivalCounts, Cause, CauseFault, CauseSeen,
    CauseSubject, CheckId, EndReason, Failure, FailureCause, FailureSource, FaultFigures, Finding, Judgment,
    KnownIssue, LatencySummary, LeaseId, LoadFigures, MeasuredOf, Micros, NotRequested, Observed, ObservedNote,
    Operation, OperationStatistics, Origin, Outcome, RevocationFigures, RoleStatements, RunOutcome, RunVerdicts,
    ScenarioWarning, SelectedBy, ServerNote, SetupLine, Severity, Subject, Totals, UnixMicros, Username,
    VERDICTS_SCHEMA, Validity, Verdict,
};

pub(crate) fn verdicts() -> RunVerdicts {
    RunVerdicts {
        schema: VERDICTS_SCHEMA.into(),
        leaseproof: "0.1.0".into(),
        scenario: "powerdns".into(),
        title: "PowerDNS on standalone PostgreSQL".into(),
        run: "20261122T225801Z-3f2a".into(),
        started: UnixMicros(1_795_388_281_250_000),
        lasted: Micros(65_250_000),
        verdict: Verdict::Fail,
        outcome: RunOutcome::Failed,
        validity: Validity::Valid,
        ended: "completed".into(),
        end: Some(EndReason::Completed),
        cause: None,
        left_behind: None,
        causes: vec![wrong_privileges(), late_login(), undropped()],
        warnings: vec![ScenarioWarning { what: "`{{name}}` is not quoted".into(), origin: origin(51) }],
        checks: vec![passed(), failed(), known(), measured(), unknown()],
        not_requested: not_requested(),
        operations: vec![operation(Operation::Issue, 0, 12_300), operation(Operation::DeadLogin, 320, 3_100)],
        totals: Totals {
            arrivals: 320,
            late: 2,
            timed: 1_290,
            issued: 321,
            revoked: 193,
            expired: 126,
            live: 1,
            indeterminate: 1,
            ..Totals::default()
        },
        observed: Observed {
            most_leases: 61,
            held_sessions: [("went on".to_owned(), 30), ("refused with 57P01".to_owned(), 1)].into(),
            refused_logins: [("Role … does not exist.".to_owned(), 315)].into(),
            leases_without_role: 1,
            gauges: [("vault.expire.num_leases".to_owned(), 96)].into(),
            gauges_missing: None,
            dns: None,
            orphans_before: vec![],
            more_orphans_before: 0,
            undecided_before: vec![],
            groups: vec![],
            load: vec![LoadFigures {
                phase: "steady".to_owned(),
                from: Micros(10_000_000),
                to: Micros(40_000_000),
                offered_per_second: 8.0,
                completed_per_second: 7.98,
                backlog_growth_low: -0.05,
                backlog_growth_high: 0.04,
                backlog_first: 1.0,
                backlog_last: 1.0,
                ..LoadFigures::default()
            }],
            revocation: Some(RevocationFigures {
                roles: 268,
                leases: 268,
                took: 21_300_000,
                roles_per_second: 12.58,
                ..RevocationFigures::default()
            }),
            left_out: [("AUD-1".to_owned(), "Vault's audit log is not on this machine".to_owned())].into(),
            notes: vec![ObservedNote {
                of: "write database/roles/powerdns-role".to_owned(),
                origin: Some(origin(40)),
                note: ServerNote::vault("Endpoint ignored these unrecognized parameters: [defualt_ttl]"),
            }],
        },
        faults: vec![FaultFigures {
            fault: 1,
            what: "failover on postgres.target".to_owned(),
            begun: Some(Micros(10_000_000)),
            steps: vec![
                (41_000, "postgres.target.1 is killed".to_owned()),
                (1_120_000, "postgres.target.2 is promoted".to_owned()),
                (2_431_000, "postgres.target.1 is a standby of the new primary".to_owned()),
            ],
            last_error: Some(1_604_000),
            recovered: Some(1_712_000),
            errors: vec![(Operation::Issue, "500".to_owned(), 9), (Operation::Login, "no answer".to_owned(), 4)],
        }],
        actions: actions(),
        errors_outside: vec![(Operation::Renew, "400".to_owned(), 1)],
    }
}

fn actions() -> Vec<ActionFigures> {
    let action = |action, what: &str, at| ActionFigures {
        action,
        what: what.into(),
        origin: origin(119 + action),
        begun: Some(Micros(at)),
        took: Some(31_000),
        outcome: Some(Outcome::Ok),
        expected: true,
        window: None,
        ends: None,
    };
    let refused = Outcome::Failed(Failure { source: FailureSource::Vault, code: "400".into(), message: "no".into() });
    vec![
        action(1, "grant by hand: sql grant.sql on postgres.target, database powerdns", 3_000_000),
        ActionFigures {
            window: Some(ActionWindow {
                affects: vec!["issue".into(), "revoke".into()],
                until: Some(6_031_000),
                last_error: Some(4_800_000),
                recovered: Some(5_200_000),
                errors: vec![(Operation::Issue, "500".to_owned(), 12)],
            }),
            ..action(2, "a wrong password: write database/config/powerdns", 12_000_000)
        },
        ActionFigures {
            outcome: Some(refused),
            expected: false,
            ends: Some(ActionEnds { roles: vec!["powerdns-role".into()], credentials: 21 }),
            ..action(3, "unmount: disable database", 20_000_000)
        },
        ActionFigures {
            begun: None,
            took: None,
            outcome: None,
            expected: false,
            ..action(4, "too late: delete database/roles/powerdns-role", 0)
        },
    ]
}

fn origin(line: u32) -> Origin {
    Origin { file: "scenarios/powerdns/scenario.toml".into(), line, column: 1 }
}

fn judgment(check: &str, verdict: Verdict, samples: u64) -> Judgment {
    let check = CheckId::of(check);
    Judgment {
        check,
        title: check.info().title.into(),
        subject: Subject::Role("powerdns-role".into()),
        verdict,
        samples,
        coverage: None,
        reason: None,
        undecided_by: None,
        not_run: false,
        findings: Vec::new(),
        more_findings: 0,
        promised: Some(origin(78)),
        rests_on_timing: check.info().timing.rests(),
        known_issue: None,
        measured: None,
        measured_of: None,
        notes: Vec::new(),
    }
}

fn passed() -> Judgment {
    let note = "not tested, promised: TRIGGER ON TABLE public.domains: CREATE TRIGGER locks the table\nagainst writes";
    Judgment { notes: vec![note.to_owned()], ..judgment("PRB-1", Verdict::Pass, 321) }
}

fn failed() -> Judgment {
    let finding = |what: &str, privilege: &str| Finding {
        cluster: None,
        what: what.into(),
        lease: Some(LeaseId::new("database/creds/powerdns-role/Ab3dEf6hIj9kLm2nOp5qRs8t")),
        username: Some(Username::new("v-leasepro-powerdns-x1y2z3x1y2z3x1y2z3x1-1795388284")),
        oid: Some(16_433),
        privilege: Some(privilege.into()),
        at: Some(Micros(3_204_118)),
        lifecycles: Vec::new(),
        code: None,
        promised: Some(origin(83)),
        statements: Some(RoleStatements {
            role: "powerdns-role".into(),
            key: "creation_statements".into(),
            origin: Some(origin(63)),
        }),
    };
    Judgment {
        findings: vec![
            finding("SELECT ON TABLE public.tsigkeys is promised and not held", "SELECT ON TABLE public.tsigkeys"),
            finding(
                "TRUNCATE ON TABLE public.domains is held (granted directly) and not promised",
                "TRUNCATE ON TABLE public.domains",
            ),
        ],
        more_findings: 640,
        ..judgment("GRA-1", Verdict::Fail, 321)
    }
}

fn known() -> Judgment {
    Judgment {
        findings: vec![Finding {
            what: "the revocation was answered with a failure: role cannot be dropped".into(),
            code: Some("2BP01".into()),
            at: Some(Micros(9_000_000)),
            ..Finding::default()
        }],
        known_issue: Some(KnownIssue {
            because: "ALTER DEFAULT PRIVILEGES leaves an entry that DROP ROLE refuses".into(),
            origin: origin(120),
        }),
        ..judgment("REV-1", Verdict::Fail, 193)
    }
}

fn wrong_privileges() -> FailureCause {
    let judgment = failed();
    FailureCause {
        what: "… is promised and not held".into(),
        check: judgment.check,
        count: 642,
        first_at: Some(Micros(3_204_118)),
        privileges: judgment.findings.iter().filter_map(|finding| finding.privilege.clone()).collect(),
        example: judgment.findings[0].clone(),
        also_breaks: vec![AlsoBroken { check: CheckId::of("PRB-1"), count: 321 }],
        known_issue: false,
        about: about(&judgment, 642, &[origin(83)]),
        warnings: vec![ScenarioWarning { what: "`grants` of a table that no step creates".into(), origin: origin(83) }],
        after: vec![ActionBefore {
            action: 1,
            what: "grant by hand: sql grant.sql on postgres.target, database powerdns".into(),
            at: Micros(3_000_000),
            origin: origin(120),
        }],
        seen: Vec::new(),
        faults: Vec::new(),
        times: Vec::new(),
        notes: vec![ObservedNote {
            of: "log of postgres.target".into(),
            origin: None,
            note: ServerNote::postgres(Severity::Warning, "no privileges were granted for \"tsigkeys\""),
        }],
        hint: None,
    }
}

fn about(judgment: &Judgment, count: u64, promised: &[Origin]) -> Vec<CauseSubject> {
    vec![CauseSubject { subject: judgment.subject.clone(), count, promised: promised.to_vec(), setup: None }]
}

fn late_login() -> FailureCause {
    let judgment = measured();
    FailureCause {
        what: judgment.findings[0].what.clone(),
        check: judgment.check,
        count: 1,
        first_at: None,
        privileges: Vec::new(),
        example: judgment.findings[0].clone(),
        also_breaks: Vec::new(),
        known_issue: false,
        about: about(&judgment, 1, &[origin(78)]),
        warnings: Vec::new(),
        after: Vec::new(),
        seen: Vec::new(),
        faults: Vec::new(),
        times: Vec::new(),
        notes: Vec::new(),
        hint: None,
    }
}

fn undropped() -> FailureCause {
    let judgment = known();
    FailureCause {
        what: judgment.findings[0].what.clone(),
        check: judgment.check,
        count: 193,
        first_at: Some(Micros(9_000_000)),
        privileges: Vec::new(),
        example: judgment.findings[0].clone(),
        also_breaks: Vec::new(),
        known_issue: true,
        about: vec![CauseSubject {
            setup: Some(SetupLine { key: "revocation_statements".into(), origin: origin(44) }),
            ..about(&judgment, 193, &[origin(78)]).remove(0)
        }],
        warnings: Vec::new(),
        after: Vec::new(),
        seen: Vec::new(),
        faults: Vec::new(),
        times: Vec::new(),
        notes: Vec::new(),
        hint: Some("Vault's log has the reason: look there for `failed to revoke lease`".into()),
    }
}

/// A PostgreSQL that a fault stopped, as each operation reports it.
pub(crate) fn unreachable() -> FailureCause {
    let seen = |check: &str, what: &str, count, at| CauseSeen {
        check: CheckId::of(check),
        what: what.into(),
        count,
        first_at: Some(Micros(at)),
    };
    let issue = "issuing a credential: expected HTTP 200, got HTTP 500: failed to connect to `host=127.0.0.1 user=vaultuser \
                 database=powerdns`: dial error (dial tcp 127.0.0.1:17040: connect: connection refused)";
    let login = "a login of … before its lease ended: expected success, got SQLSTATE 57P03: the database system is shutting down";
    FailureCause {
        what: "PostgreSQL at 127.0.0.1:17040 refuses connections: no process listens there".into(),
        check: CheckId::of("ISS-1"),
        count: 12,
        first_at: Some(Micros(8_489_000)),
        privileges: Vec::new(),
        example: Finding { what: issue.into(), code: Some("500".into()), ..Finding::default() },
        also_breaks: vec![AlsoBroken { check: CheckId::of("INV-5"), count: 1 }],
        known_issue: false,
        about: vec![CauseSubject {
            subject: Subject::Role("powerdns-role".into()),
            count: 12,
            promised: vec![origin(80)],
            setup: Some(SetupLine { key: "connection_url".into(), origin: origin(41) }),
        }],
        warnings: Vec::new(),
        after: Vec::new(),
        seen: vec![seen("INV-5", login, 1, 8_489_000), seen("ISS-1", issue, 12, 8_981_000)],
        faults: vec![CauseFault {
            fault: 1,
            what: "kill on postgres.target".into(),
            at: Micros(8_400_000),
            origin: origin(130),
            not_expected: vec!["500".into(), "57P03".into()],
        }],
        times: vec![Micros(8_489_000), Micros(31_200_000)],
        notes: Vec::new(),
        hint: None,
    }
}

/// A run of which only what is declared as known failed.
pub(crate) fn known_issues_only() -> RunVerdicts {
    let mut verdicts = verdicts();
    verdicts.checks.retain(|judgment| judgment.verdict == Verdict::Pass || judgment.known_issue.is_some());
    verdicts.causes.retain(|cause| cause.known_issue);
    (verdicts.verdict, verdicts.outcome) = (Verdict::Pass, RunOutcome::KnownIssuesOnly);
    verdicts
}

/// A run whose checks all passed.
pub(crate) fn all_passed() -> RunVerdicts {
    let mut verdicts = known_issues_only();
    verdicts.checks.retain(|judgment| judgment.verdict == Verdict::Pass);
    verdicts.causes.clear();
    verdicts.outcome = RunOutcome::Passed;
    verdicts
}

/// A run that ended before its first operation.
pub(crate) fn ended_early(end: EndReason, outcome: RunOutcome, cause: Cause) -> RunVerdicts {
    let mut verdicts = verdicts();
    for judgment in &mut verdicts.checks {
        let Judgment { check, subject, title, promised, rests_on_timing, .. } = judgment.clone();
        *judgment = Judgment {
            check,
            subject,
            title,
            promised,
            rests_on_timing,
            not_run: true,
            reason: Some(format!("not run: {}", cause.what)),
            ..self::judgment(check.as_str(), Verdict::Unknown, 0)
        };
    }
    verdicts.verdict = if outcome == RunOutcome::SetupRejected { Verdict::Fail } else { Verdict::Unknown };
    verdicts.ended = "a setup step was rejected".into();
    verdicts.lasted = Micros(4_100_000);
    (verdicts.end, verdicts.outcome, verdicts.cause) = (Some(end), outcome, Some(cause));
    verdicts.operations.clear();
    verdicts.causes.clear();
    verdicts.faults.clear();
    verdicts.actions.clear();
    verdicts.errors_outside.clear();
    (verdicts.totals, verdicts.observed) = Default::default();
    verdicts
}

/// A run one of whose setup steps was rejected.
pub(crate) fn setup_rejected() -> RunVerdicts {
    let words = "setup step 4 (write database/config/powerdns) was rejected: HTTP 400: error creating database object: \
                 error verifying connection: FATAL: database \"powerdnss\" does not exist (SQLSTATE 3D000)\n\
                 hint: create the database first";
    let cause = Cause { origin: Some(origin(41)), ..Cause::of(words) };
    ended_early(EndReason::SetupFailed, RunOutcome::SetupRejected, cause)
}

fn measured() -> Judgment {
    Judgment {
        subject: Subject::Environment,
        findings: vec![Finding {
            what: "the first login that worked began 1.204 s after the issue's answer, more than 1s".into(),
            ..Finding::default()
        }],
        measured: Some(LatencySummary {
            count: 321,
            p50: 310,
            p90: 500,
            p99: 900,
            p999: 1_204_000,
            max: 1_204_000,
            ..LatencySummary::default()
        }),
        measured_of: Some(MeasuredOf {
            expected: 330,
            arrivals: Some(ArrivalCounts { due: 340, answered: 330, unanswered: 6, dropped: 4 }),
        }),
        ..judgment("INV-1", Verdict::Fail, 321)
    }
}

fn unknown() -> Judgment {
    Judgment { reason: Some("no lease was left to expire".into()), ..judgment("EXP-1", Verdict::Unknown, 0) }
}

fn operation(op: Operation, failed: u64, p50: u64) -> OperationStatistics {
    let summary = |p50: u64| LatencySummary {
        count: 321,
        p50,
        p90: p50 * 2,
        p99: p50 * 4,
        p999: p50 * 8,
        max: p50 * 10,
        ..LatencySummary::default()
    };
    OperationStatistics {
        op,
        due: 321,
        dropped: 0,
        ok: 321 - failed,
        failed,
        indeterminate: 0,
        response: summary(p50),
        service: summary(p50 - 100),
        codes: if failed > 0 { vec![("28P01".into(), failed)] } else { Vec::new() },
    }
}

fn not_requested() -> Vec<NotRequested> {
    let left =
        |check, subject, by, line| NotRequested { check: CheckId::of(check), subject, by, promised: origin(line) };
    let role = |name: &str| Subject::Role(name.into());
    vec![
        left("REV-1", role("powerdns-role"), SelectedBy::Only, 90),
        left("REV-1", role("other"), SelectedBy::Only, 91),
        left("PRB-2", role("powerdns-role"), SelectedBy::Skip, 92),
        left("THR-1", Subject::Metric("renew.failed".into()), SelectedBy::Only, 130),
        left("THR-1", Subject::Metric("issue.response.p99{role=other}".into()), SelectedBy::Only, 131),
    ]
}
