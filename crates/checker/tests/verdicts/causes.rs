//! What is said of the causes of a failed run.

use leaseproof_domain::{
    Event, FailedRevocation, FailureSource, GrantedTo, LeaseId, LoggedNote, Micros, Operation, Outcome, Privilege,
    ScenarioWarning, ServerNote, SetupRecord, Severity, Subject, Why,
};
use leaseproof_scenario::{EnvironmentKind, LifecyclePlan, Setting, SettingValue, SetupAction, SetupStep, Warnings};

use crate::story::{ROLE, S, Story, allowed, direct, grant, irrevocable, lease, line, refused_with, seen, table};

/// `LOG-1 [role app-role: 14] also INV-5`.
fn reported(story: &Story) -> Vec<String> {
    let cause = |cause: leaseproof_domain::FailureCause| {
        let about = |about: &leaseproof_domain::CauseSubject| {
            let lines: Vec<String> = about.promised.iter().map(|line| line.line.to_string()).collect();
            let setup = about.setup.as_ref().map(|line| format!(" {} {}", line.key, line.origin.line));
            format!("{}: {}{}", about.subject, lines.join(","), setup.unwrap_or_default())
        };
        let about: Vec<String> = cause.about.iter().map(about).collect();
        let also: String = cause.also_breaks.iter().map(|also| format!(" also {}", also.check)).collect();
        format!("{} [{}]{also}", cause.check, about.join("; "))
    };
    story.judged().verdicts.causes.into_iter().map(cause).collect()
}

/// The lifecycle that made the history, with a query of its own.
fn with_query(story: Story) -> Story {
    story.with(|story| {
        story.plan.lifecycles = vec![LifecyclePlan {
            name: "reader".into(),
            role: ROLE.into(),
            lease: None,
            query: "SELECT count(*) FROM domains".into(),
            query_origin: Some(line(51)),
            renew: None,
            hold_session: None,
            timeout: None,
            revoke: 0.5,
            origin: line(50),
        }];
    })
}

/// Each login works, and its query is answered so.
fn querying(story: Story, code: &str, words: &str) -> Story {
    let outcome = refused_with(FailureSource::Postgres, code, words);
    with_query(story).each(|event| {
        if let Event::Operation(record) = event
            && matches!(record.op, Operation::Login | Operation::Relogin)
        {
            (record.outcome, record.query_failed) = (outcome.clone(), true);
        }
    })
}

#[test]
fn a_query_that_fails_is_no_refused_login() {
    let story = querying(Story::good(), "42P01", "relation \"domians\" does not exist");
    assert_eq!(reported(&story), ["LOG-1 [role app-role: 51]"]);
    let cause = &story.judged().verdicts.causes[0];
    assert!(
        cause.what.contains(" logged in at ") && cause.what.contains("the query of lifecycle reader failed"),
        "{}",
        cause.what
    );
    story.passes("INV-1");
    // A server that shuts down answers any query so: that the login worked is not known.
    let story = querying(Story::good(), "57P01", "terminating connection due to administrator command");
    assert!(!reported(&story).iter().any(|cause| cause.contains(": 51")), "{:?}", reported(&story));
}

#[test]
fn a_query_that_begins_to_fail_is_reported_too() {
    let story = with_query(Story::good()).each(|event| {
        if let Event::Operation(record) = event
            && record.op == Operation::Relogin
        {
            let words = "permission denied for table domains";
            (record.outcome, record.query_failed) = (refused_with(FailureSource::Postgres, "42501", words), true);
        }
    });
    assert_eq!(reported(&story), ["INV-5 [role app-role: 51]"]);
}

#[test]
fn a_query_that_needs_a_missing_privilege_is_of_that_privilege_s_cause() {
    let without = |privilege| {
        Story::good().each(move |event| {
            if let Event::PrivilegeSet { set, .. } = event {
                set.held.remove(&direct(privilege, table("domains")));
            }
        })
    };
    let denied = |story| querying(story, "42501", "permission denied for table domains");
    let causes = reported(&denied(without(Privilege::Select)));
    assert!(causes.contains(&"GRA-1 [role app-role: 34] also LOG-1 also PRB-2".to_owned()), "{causes:?}");
    // Another table's is no reason.
    let other = querying(without(Privilege::Select), "42501", "permission denied for table records");
    assert!(reported(&other).contains(&"LOG-1 [role app-role: 51]".to_owned()), "{:?}", reported(&other));
}

#[test]
fn one_privilege_too_many_is_one_cause() {
    let story = Story::good().each(|event| match event {
        Event::PrivilegeSet { set, .. } => {
            let why = Why::Member(vec!["staff".into()]);
            set.held.insert(GrantedTo { grant: grant(Privilege::Update, table("domains")), why });
        }
        Event::Probe(probe) if probe.grant == grant(Privilege::Update, table("domains")) => {
            probe.outcome = allowed();
        }
        _ => {}
    });
    assert_eq!(reported(&story), ["GRA-1 [role app-role: 33] also PRB-1"]);
}

#[test]
fn a_wrong_maximum_ttl_is_one_cause() {
    let story = Story::good().with(|story| {
        story.plan.roles[0].max_ttl.as_mut().unwrap().value = leaseproof_domain::Ttl::from_secs(2000);
    });
    let story = story.op(1, Operation::Renew, |record| {
        record.increment_seconds = Some(9000);
        record.lease_seconds = Some(9000);
    });
    let causes = reported(&story);
    assert!(causes[0].starts_with("TTL-7 [role app-role: 32] also TTL-2"), "{causes:?}");
}

#[test]
fn a_wrong_default_ttl_and_a_wrong_maximum_are_two_causes() {
    let mut story = Story::good();
    let promise = &mut story.plan.roles[0];
    promise.default_ttl.as_mut().unwrap().value = leaseproof_domain::Ttl::from_secs(1800);
    promise.max_ttl.as_mut().unwrap().value = leaseproof_domain::Ttl::from_secs(2000);
    let story = story.op(1, Operation::Renew, |record| {
        (record.increment_seconds, record.lease_seconds) = (Some(9000), Some(9000));
    });
    let causes = reported(&story);
    let of =
        |line: &str| causes.iter().find(|cause| cause.starts_with(&format!("TTL-7 [role app-role: {line}]"))).unwrap();
    assert!(!of("31").contains("TTL-2") && !of("31").contains("INV-7"), "{causes:?}");
    assert!(of("32").contains("TTL-2"), "{causes:?}");
}

fn step(path: &str, key: &str, value: &str, at: u32) -> SetupStep {
    let text = |text: &str| SettingValue::Text(Setting::Text(text.into()));
    let mut data = std::collections::BTreeMap::from([(key.to_owned(), text(value))]);
    data.insert("db_name".into(), text("app"));
    SetupStep {
        name: None,
        action: SetupAction::Write { path: path.into(), data },
        warnings: Warnings::Report,
        expect: None,
        origin: line(at),
        keys: [(key.to_owned(), line(at + 1))].into(),
    }
}

/// Every issue of the role fails, and a second role's too.
fn no_issue() -> Story {
    let words = |role: &str| format!("1 error occurred: role \"{role}_readers\" does not exist (SQLSTATE 42704)");
    let mut story = Story::empty();
    story.plan.roles.push(leaseproof_scenario::RolePromise {
        name: "other".into(),
        origin: line(40),
        ..story.plan.roles[0].clone()
    });
    story.plan.asks.retain(|ask| ask.check.as_str() != "AUD-1");
    let asks = story.plan.asks.clone();
    for ask in asks.into_iter().filter(|ask| matches!(ask.subject, Subject::Role(_))) {
        story.plan.asks.push(leaseproof_scenario::Ask {
            subject: Subject::Role("other".into()),
            origin: line(41),
            ..ask
        });
    }
    for (lifecycle, role) in [(1, ROLE), (2, "other"), (3, ROLE), (4, "other")] {
        let at = lifecycle * S;
        let outcome = refused_with(FailureSource::Vault, "500", &words(role));
        let record = story.operation(lifecycle, Operation::Issue, at, at + 1000, outcome);
        (record.role, record.lease, record.username, record.oid) = (role.to_owned(), None, None, None);
    }
    story.plan.setup = vec![
        step("database/roles/app-role", "creation_statements", "CREATE ROLE …", 70),
        step("database/roles/other", "creation_statements", "CREATE ROLE …", 80),
        step("database/roles/other", "default_ttl", "1h", 90),
    ];
    story
}

#[test]
fn a_cause_names_its_role_and_its_lines() {
    let story = no_issue();
    assert_eq!(
        reported(&story),
        ["ISS-1 [role app-role: 99 creation_statements 71]", "ISS-1 [role other: 41 creation_statements 81]"]
    );
    // In the same words it is one cause of both.
    let same = no_issue().each(|event| {
        if let Event::Operation(record) = event {
            record.outcome = refused_with(FailureSource::Vault, "500", "no connection");
        }
    });
    assert_eq!(
        reported(&same),
        ["ISS-1 [role app-role: 99 creation_statements 71; role other: 41 creation_statements 81]"]
    );
    let denied = no_issue().each(|event| {
        if let Event::Operation(record) = event {
            record.outcome = refused_with(FailureSource::Vault, "403", "permission denied");
        }
    });
    assert_eq!(reported(&denied), ["ISS-1 [role app-role: 99; role other: 41]"]);
}

#[test]
fn where_vault_cannot_log_in_the_cause_names_its_connection() {
    let with = |words: &str| {
        let words = format!("unable to start transaction: failed to connect to `host=h user=u database=d`: {words}");
        let mut story = no_issue().each(|event| {
            if let Event::Operation(record) = event {
                record.outcome = refused_with(FailureSource::Vault, "500", &words);
            }
        });
        let connection = |key: &str, at| step("database/config/app", key, "x", at);
        story.plan.setup.extend([connection("connection_url", 60), connection("password", 64)]);
        reported(&story)
    };
    let both = |line: &str| vec![format!("ISS-1 [role app-role: 99 {line}; role other: 41 {line}]")];
    let refused = "dial error (dial tcp 127.0.0.1:6432: connect: connection refused)";
    assert_eq!(with(refused), both("connection_url 61"));
    assert_eq!(with("failed SASL auth (FATAL: no (SQLSTATE 28P01))"), both("password 65"));
    // Credentials were issued, and one cannot be revoked: what is wrong is not written there.
    let mut story = Story::good().op(1, Operation::Revoke, |record| {
        let words = format!("failed to revoke entry: failed to connect to `host=h`: {refused}");
        record.outcome = refused_with(FailureSource::Vault, "400", &words);
    });
    story.operation(
        7,
        Operation::Issue,
        5 * S,
        5 * S + 1,
        refused_with(FailureSource::Vault, "500", &format!("failed to connect to `host=h`: {refused}")),
    );
    story.plan.setup = vec![
        step("database/roles/app-role", "default_ttl", "1h", 90),
        step("database/config/app", "connection_url", "x", 60),
    ];
    assert!(
        reported(&story).iter().any(|cause| cause.starts_with("ISS-1 [role app-role: 99] also REV-1")),
        "{:?}",
        reported(&story)
    );
}

/// A creation that repeats its password in an error does so with another one, or its verifier, each time.
#[test]
fn a_verifier_in_a_message_makes_no_cause_of_its_own() {
    let mut number = 0;
    let story = no_issue().each(|event| {
        if let Event::Operation(record) = event {
            number += 1;
            let words = format!("ERROR: x SCRAM-SHA-256$4096:a{number}+/b==$c{number}d/=:{number}e+= (SQLSTATE P0001)");
            record.outcome = refused_with(FailureSource::Vault, "500", &words);
        }
    });
    assert_eq!(reported(&story).len(), 1, "{:?}", reported(&story));
}

/// SQLSTATE 57014 alone does not say which limit it was.
#[test]
fn a_statement_that_took_too_long_names_the_setting() {
    let with = |words: &str, more: Vec<SetupStep>| {
        let mut story = no_issue().each(|event| {
            if let Event::Operation(record) = event {
                record.outcome = refused_with(FailureSource::Vault, "500", words);
            }
        });
        story.plan.setup.extend(more);
        reported(&story)
    };
    let both = |line: &str, other: &str| vec![format!("ISS-1 [role app-role: 99 {line}; role other: 41 {other}]")];
    let timeout = "ERROR: canceling statement due to statement timeout (SQLSTATE 57014)";
    let sql = |text: &str| SetupStep {
        action: SetupAction::Sql {
            text: text.to_owned(),
            file: None,
            on: "target".to_owned(),
            database: "postgres".to_owned(),
            user: None,
            password: None,
        },
        ..step("x", "y", "z", 50)
    };
    let altered = sql("ALTER ROLE vaultuser SET Statement_Timeout = '200ms'");
    let url = step("database/config/app", "connection_url", "postgresql://h/d?statement_timeout=200", 60);
    let creation = both("creation_statements 71", "creation_statements 81");
    assert_eq!(with(timeout, vec![]), creation);
    assert_eq!(with(timeout, vec![altered.clone()]), both("statement_timeout 50", "statement_timeout 50"));
    assert_eq!(with(timeout, vec![altered.clone(), url]), both("statement_timeout 61", "statement_timeout 61"));
    let asked = "ERROR: canceling statement due to user request (SQLSTATE 57014)";
    assert_eq!(with(asked, vec![altered]), creation);
}

#[test]
fn what_lacks_samples_says_for_which_cause() {
    let verdicts = no_issue().judged().verdicts;
    let of = |subject: &Subject| {
        let own = verdicts.checks.iter().filter(|check| check.subject == *subject && check.reason.is_some());
        own.map(|check| (check.check.as_str(), check.undecided_by)).collect::<Vec<_>>()
    };
    for (role, cause) in [(ROLE, 1), ("other", 2)] {
        let undecided = of(&Subject::Role(role.into()));
        assert!(undecided.len() > 10 && undecided.iter().all(|(_, by)| *by == Some(cause)), "{undecided:?}");
    }
    assert!(of(&Subject::Environment).contains(&("INV-10", Some(1))), "{:?}", of(&Subject::Environment));
    // Where nothing failed, nothing is the reason.
    let nothing = Story::empty().judged().verdicts;
    assert!(nothing.checks.iter().all(|check| check.undecided_by.is_none()));
}

#[test]
fn a_cause_has_the_warnings_about_its_lines_and_roles() {
    let mut story = no_issue();
    let warning = |what: &str, at| ScenarioWarning { what: what.into(), origin: line(at) };
    story.plan.warnings = vec![
        warning("a Vault role of Vault 1.21 has no parameter `defualt_ttl`", 81),
        warning("connection `app` does not allow role `app-role`", 60),
        warning("something else", 61),
    ];
    let verdicts = story.judged().verdicts;
    let warnings = |place: usize| {
        let lines = verdicts.causes[place].warnings.iter().map(|warning| warning.origin.line);
        lines.collect::<Vec<_>>()
    };
    assert_eq!((warnings(0), warnings(1)), (vec![60], vec![81]));
    assert_eq!(verdicts.warnings.len(), 3);
}

#[test]
fn a_cause_has_the_detail_of_the_server_s_log() {
    let words = "role \"v-1\" cannot be dropped because some objects depend on it";
    let story = Story::good()
        .op(1, Operation::Revoke, |record| {
            record.outcome = refused_with(FailureSource::Vault, "400", &format!("ERROR: {words} (SQLSTATE 2BP01)"));
        })
        .with(|story| {
            let details = vec!["DETAIL: privileges for table domains".to_owned()];
            let note = ServerNote { details, ..ServerNote::postgres(Severity::Error, words) };
            story.add(
                5 * S,
                Event::LoggedNote(LoggedNote { at: Micros(5 * S), server: "postgres.target".into(), note }),
            );
        });
    let causes = story.judged().verdicts.causes;
    let cause = causes.iter().find(|cause| cause.check.as_str() == "REV-1").unwrap();
    assert!(cause.what.ends_with("; DETAIL: privileges for table domains"), "{}", cause.what);
    assert!(cause.example.what.contains("DETAIL"), "{}", cause.example.what);
}

/// The role of lifecycle 2, whose lease ends at 10.04 s, still exists, and Vault still lists its lease.
fn never_revoked() -> Story {
    let ends = |event: &Event| match event {
        Event::Roles(observation) => observation.from.0 >= 10 * S,
        Event::Leases(observation) => observation.from.0 >= 10 * S,
        Event::Residue { .. } => true,
        _ => false,
    };
    Story::good().without(ends).without_op(2, Operation::DeadLogin).with(|story| {
        story.observation(21 * S, vec![], vec![]);
        story.residue(22 * S, false, vec![seen(2, None)], vec![2]);
        story.residue(23 * S, true, vec![seen(2, None)], vec![2]);
    })
}

fn not_revoked(story: &mut Story, at: u64, lease: LeaseId, why: &str) {
    let failed = FailedRevocation { at: Micros(at), source: "vault".into(), lease, why: why.into(), attempts: Some(1) };
    story.add(at, Event::FailedRevocation(failed));
}

const DEPENDS: &str = "ERROR: role \"v-2\" cannot be dropped because some objects depend on it (SQLSTATE 2BP01)";

#[test]
fn what_vault_could_not_revoke_has_vault_s_reason_from_its_log() {
    let without = never_revoked();
    assert!(!without.fails("EXP-1")[0].what.contains("Vault"), "{without:?}", without = without.fails("EXP-1"));
    // The last answer of PostgreSQL stands, and not that it was away later.
    let story = never_revoked().with(|story| {
        not_revoked(story, 11 * S, lease(2), "failed to connect to `host=h`: dial error: connection refused");
        not_revoked(story, 12 * S, lease(2), DEPENDS);
        not_revoked(story, 25 * S, lease(2), "failed to connect to `host=h`: dial error: connection refused");
    });
    for check in ["EXP-1", "RUN-2"] {
        let what = &story.fails(check)[0].what;
        assert!(what.ends_with(&format!(": Vault could not revoke its lease: {DEPENDS}")), "{check}: {what}");
    }
    assert_eq!(reported(&story), ["EXP-1 [role app-role: 15] also RUN-2"]);
    // Where a revocation that a client requested fails for the same reason, all is one cause.
    let requested = story.op(1, Operation::Revoke, |record| {
        record.outcome = refused_with(FailureSource::Vault, "400", DEPENDS);
    });
    let causes = reported(&requested);
    assert!(
        causes.iter().any(|cause| cause.starts_with("REV-1 ") && cause.contains("also EXP-1 also RUN-2")),
        "{causes:?}"
    );
    assert!(!causes.iter().any(|cause| cause.starts_with("EXP-1")), "{causes:?}");
}

#[test]
fn what_vault_could_not_revoke_for_want_of_a_connection_is_of_that_cause() {
    let refused = "failed to connect to `host=h`: dial error (dial tcp 127.0.0.1:5432: connect: connection refused)";
    let story = never_revoked().with(|story| not_revoked(story, 11 * S, lease(2), refused));
    let causes = story.judged().verdicts.causes;
    assert_eq!(causes.len(), 1, "{causes:#?}");
    assert_eq!(causes[0].what, "PostgreSQL at 127.0.0.1:5432 refuses connections: no process listens there");
}

#[test]
fn a_lease_that_vault_gave_up_has_its_reason_too() {
    let given_up = |story: &mut Story| {
        story.add(15 * S, Event::Irrevocable(irrevocable(15 * S, vec![(lease(2), DEPENDS.into())])));
    };
    let story = never_revoked().with(given_up);
    assert!(story.fails("EXP-1")[0].what.ends_with(DEPENDS), "{:?}", story.fails("EXP-1"));
}

#[test]
fn a_role_that_no_answer_reported_of_has_the_reason_that_names_it() {
    let stranger = seen(7, None);
    let why = format!("ERROR: role \"{}\" cannot be dropped (SQLSTATE 2BP01)", stranger.name);
    let story = Story::good().with(|story| {
        story.observation(12 * S, vec![stranger.clone()], vec![]);
        not_revoked(story, 13 * S, LeaseId::new("database/creds/app-role/unknown"), &why);
        not_revoked(story, 14 * S, LeaseId::new("database/creds/app-role/other"), "ERROR: no");
    });
    let findings = story.fails("INV-3");
    assert!(findings[0].what.ends_with(&why), "{findings:?}");
}

#[test]
fn where_vault_s_log_is_not_read_the_cause_says_what_to_observation_for() {
    let hint = |story: &Story| story.judged().verdicts.causes[0].hint.clone();
    let mut attached = never_revoked();
    assert_eq!(hint(&attached), None);
    attached.plan.environment = EnvironmentKind::Attached;
    assert!(hint(&attached).unwrap().contains("`failed to revoke lease`"), "{:?}", hint(&attached));
    let known = attached.with(|story| not_revoked(story, 12 * S, lease(2), DEPENDS));
    assert_eq!(hint(&known), None);
}

#[test]
fn a_misspelled_key_of_the_scenario_is_a_warning_of_each_check_that_it_determines() {
    let with = |path: &str, key: &str| {
        let mut story = without_select(Story::good());
        story.plan.setup = vec![step(path, key, "x", 70)];
        let what = format!("it has no parameter `{key}`; did you mean another one?");
        story.plan.warnings = vec![ScenarioWarning { what, origin: line(71) }];
        let cause = story.judged().verdicts.causes.into_iter().find(|cause| cause.check.as_str() == "GRA-1").unwrap();
        cause.warnings.len()
    };
    assert_eq!(with("database/roles/app-role", "creation_statments"), 1);
    assert_eq!(with("database/roles/app-role", "defualt_ttl"), 0);
    assert_eq!(with("database/roles/other", "creation_statments"), 0);
    let mut tuned = Story::good();
    tuned.plan.roles[0].default_ttl.as_mut().unwrap().value = leaseproof_domain::Ttl::from_secs(1800);
    tuned.plan.setup = vec![step("sys/mounts/database/tune", "defualt_lease_ttl", "30m", 70)];
    let what = "a mount's tuning has no parameter `defualt_lease_ttl`".into();
    tuned.plan.warnings = vec![ScenarioWarning { what, origin: line(71) }];
    assert_eq!(tuned.judged().verdicts.causes[0].warnings.len(), 1);
}

/// A warning of PostgreSQL in its log.
fn logged(story: &mut Story, message: &str) {
    let note = ServerNote::postgres(Severity::Warning, message);
    story.add(5 * S, Event::LoggedNote(LoggedNote { at: Micros(5 * S), server: "postgres.target".into(), note }));
}

/// What Vault warns of at a step.
fn warned(story: &mut Story, at: u32, message: &str) {
    let record = SetupRecord {
        step: 1,
        action: "write database/roles/app-role".into(),
        origin: line(at),
        start: Micros(1),
        end: Micros(2),
        outcome: Outcome::Ok,
        expected: true,
        notes: vec![ServerNote::vault(message)],
    };
    story.add(2, Event::Setup(record));
}

/// The warnings of servers that the causes of a check have.
fn notes(story: &Story, check: &str) -> Vec<String> {
    let causes = story.judged().verdicts.causes.into_iter().filter(|cause| cause.check.as_str() == check);
    causes.flat_map(|cause| cause.notes).map(|noted| noted.note.message).collect()
}

fn without_select(story: Story) -> Story {
    story.each(|event| {
        if let Event::PrivilegeSet { set, .. } = event {
            set.held.remove(&direct(Privilege::Select, table("domains")));
        }
    })
}

#[test]
fn a_missing_privilege_s_cause_has_the_warning_that_it_was_not_granted() {
    let granted = "no privileges were granted for \"domains\"";
    let story = without_select(Story::good()).with(|story| {
        for message in
            [granted, "no privileges were granted for \"records\"", "no privileges could be revoked for \"domains\""]
        {
            logged(story, message);
        }
    });
    assert_eq!(notes(&story, "GRA-1"), [granted]);
    // What is too much was not revoked.
    let extra = Story::good().each(|event| {
        if let Event::PrivilegeSet { set, .. } = event {
            set.held.insert(direct(Privilege::Truncate, table("domains")));
        }
    });
    let extra = extra.with(|story| {
        logged(story, granted);
        logged(story, "not all privileges could be revoked for \"domains\"");
    });
    assert_eq!(notes(&extra, "GRA-1"), ["not all privileges could be revoked for \"domains\""]);
    let denied =
        querying(Story::good(), "42501", "permission denied for table domains").with(|story| logged(story, granted));
    assert_eq!(notes(&denied, "LOG-1"), [granted]);
}

#[test]
fn a_key_that_vault_ignored_is_a_warning_of_what_it_determines() {
    let ignored = |key: &str| format!("Endpoint ignored these unrecognized parameters: [{key}]");
    let mut story = Story::good();
    story.plan.roles[0].default_ttl.as_mut().unwrap().value = leaseproof_domain::Ttl::from_secs(1800);
    story.plan.setup = vec![step("database/roles/app-role", "defualt_ttl", "30m", 70)];
    let with = |key: &str, at: u32| story.clone().with(|story| warned(story, at, &ignored(key)));
    assert_eq!(notes(&with("defualt_ttl", 70), "TTL-7"), [ignored("defualt_ttl")]);
    // A parameter that only another edition has.
    assert_eq!(notes(&with("rotation_window", 70), "TTL-7"), [ignored("rotation_window")]);
    assert_eq!(notes(&with("revocation_statement", 70), "TTL-7"), Vec::<String>::new());
    assert_eq!(notes(&with("defualt_ttl", 90), "TTL-7"), Vec::<String>::new());
    // The scenario's own warning says it better.
    let mut warned_of = with("defualt_ttl", 70);
    let what = "a Vault role of Vault 1.21 has no parameter `defualt_ttl`".into();
    warned_of.plan.warnings = vec![ScenarioWarning { what, origin: line(71) }];
    assert_eq!(notes(&warned_of, "TTL-7"), Vec::<String>::new());
    // What Vault says of the step's other keys explains nothing.
    let other = story.clone().with(|story| warned(story, 70, "Password found in connection_url, use a templated url"));
    assert_eq!(notes(&other, "TTL-7"), Vec::<String>::new());
    // A script is of the role that its text names.
    let mut script = with("defualt_ttl", 70);
    let SetupStep { action, .. } = &mut script.plan.setup[0];
    let text = |role: &str| format!("vault write database/roles/{role} defualt_ttl=30m");
    *action = SetupAction::Script { file: None, text: text(ROLE) };
    assert_eq!(notes(&script, "TTL-7"), [ignored("defualt_ttl")]);
    script.plan.setup[0].action = SetupAction::Script { file: None, text: text("other") };
    assert_eq!(notes(&script, "TTL-7"), Vec::<String>::new());
}

#[test]
fn a_wrong_privilege_names_the_statements_that_determine_it() {
    let mut story = without_select(Story::good());
    let statements = |story: &Story| story.fails("GRA-1")[0].statements.as_ref().map(ToString::to_string);
    // Nothing is known of the role's steps.
    assert_eq!(statements(&story).unwrap(), "creation_statements of Vault role app-role");
    story.plan.setup = vec![step("database/roles/app-role", "creation_statements", "CREATE ROLE …", 70)];
    assert_eq!(statements(&story).unwrap(), "creation_statements of Vault role app-role at scenario.toml:71:1");
    assert!(reported(&story).iter().any(|cause| cause.starts_with("GRA-1 [role app-role: 34 creation_statements 71]")));
    // What PUBLIC has is granted elsewhere.
    let public = Story::good().each(|event| {
        if let Event::PrivilegeSet { set, .. } = event {
            let grant = grant(Privilege::Truncate, table("domains"));
            set.held.insert(GrantedTo { grant, why: Why::Public });
        }
    });
    assert_eq!(statements(&public), None);
}

#[test]
fn what_a_renewal_changed_names_the_renewal_s_statements() {
    let mut story = Story::good().with(|story| {
        let mut set = crate::story::privileges();
        set.held.insert(direct(Privilege::Truncate, table("domains")));
        story.add(1, Event::PrivilegeSet { id: 7, set });
        // Lifecycle 2 was renewed at 2.03 s, and read before that and after it.
        story.reading(2, 2_600_000, 7);
    });
    story.plan.setup = vec![
        step("database/roles/app-role", "creation_statements", "CREATE ROLE …", 70),
        step("database/roles/app-role", "renew_statements", "GRANT …", 80),
    ];
    let finding = story.fails("GRA-1").remove(0);
    assert_eq!(
        finding.statements.unwrap().to_string(),
        "renew_statements of Vault role app-role at scenario.toml:81:1"
    );
}

const REFUSED: &str = "failed to connect to `host=h user=vaultuser database=d`: dial error (dial tcp 127.0.0.1:5432: connect: \
                       connection refused)";

/// Issues that end with such an answer, at those seconds.
fn failing(mut story: Story, role: &str, seconds: &[u64], words: &str) -> Story {
    for (lifecycle, at) in (100 * u64::from(role != ROLE) + 50..).zip(seconds) {
        let outcome = refused_with(FailureSource::Vault, "500", words);
        let record = story.operation(lifecycle, Operation::Issue, at * S, at * S + 1000, outcome);
        record.role = role.to_owned();
    }
    story
}

#[test]
fn a_server_that_is_away_twice_says_so() {
    let times =
        |seconds: &[u64]| failing(Story::good(), ROLE, seconds, REFUSED).judged().verdicts.causes[0].times.clone();
    assert_eq!(times(&[5, 28]), [Micros(5 * S), Micros(28 * S)]);
    assert_eq!(times(&[5, 6, 15]), []);
    // What fails between the two has another reason.
    let late = never_revoked();
    let apart = failing(late.clone(), ROLE, &[0, 23], REFUSED);
    assert!(reported(&apart).iter().any(|cause| cause.starts_with("EXP-1")), "{:?}", reported(&apart));
    let meanwhile = failing(late, ROLE, &[8, 12], REFUSED);
    assert!(!reported(&meanwhile).iter().any(|cause| cause.starts_with("EXP-1")), "{:?}", reported(&meanwhile));
}

#[test]
fn failed_issues_of_names_by_a_template_are_one_cause() {
    let mut story = Story::good();
    let said = leaseproof_scenario::Promised { value: "app-[A-Za-z0-9]{8}".to_owned(), origin: line(40) };
    story.plan.roles[0].username = Some(said);
    for (lifecycle, name) in [(50, "app-2IydCrE3"), (51, "app-kNDylSns"), (52, "app-AAAAAAAA")] {
        let message = format!("ERROR: role \"{name}\" does not exist (SQLSTATE 42704)");
        let failed = refused_with(FailureSource::Vault, "500", &message);
        story.operation(lifecycle, Operation::Issue, lifecycle * S / 10, lifecycle * S / 10 + 1_000, failed);
    }
    let all = story.asking(&["ISS-1"]).judged().verdicts.causes;
    let said: Vec<(&str, u64)> = all.iter().map(|cause| (cause.what.as_str(), cause.count)).collect();
    let what =
        "issuing a credential: expected HTTP 200, got HTTP 500: ERROR: role \"…\" does not exist (SQLSTATE 42704)";
    assert_eq!(said, [(what, 3)]);
}
