//! ISS-1, ISS-2, ISS-4, LOG-1, INV-1, INV-5: what a fresh credential is.

use insta::assert_snapshot;
use leaseproof_domain::{
    Event, FailureSource, LeaseId, Micros, Observer, Operation, RoleSeen, UnixMicros, Username, WatchGap,
};
use leaseproof_scenario::{Naming, Promised, UsernamePattern};

use crate::story::{EPOCH, MS, S, Story, UNCERTAINTY, line, no_answer, refused_with, seen, wall};

fn issue(change: impl FnOnce(&mut leaseproof_domain::OperationRecord)) -> Story {
    Story::good().op(1, Operation::Issue, change)
}

fn only(story: &Story, id: &str) -> String {
    let findings = story.fails(id);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings[0].what.clone()
}

#[test]
fn iss_1_the_answer_has_to_be_a_renewable_lease_of_the_right_form() {
    assert_snapshot!(only(&issue(|record| record.renewable = Some(false)), "ISS-1"), @"renewable: expected true, got false");
    assert_snapshot!(only(&issue(|record| record.lease = Some(LeaseId::new("database/creds/app-role/short"))), "ISS-1"), @"lease id: expected database/creds/app-role/<24 characters>, got database/creds/app-role/short");
    let elsewhere = format!("other/creds/app-role/{:A>24}", 1);
    issue(|record| record.lease = Some(LeaseId::new(elsewhere))).fails("ISS-1");
    let refused = refused_with(FailureSource::Vault, "500", "cannot create");
    let story = Story::good().with(|story| {
        story.operation(9, Operation::Issue, 12 * S, 13 * S, refused);
    });
    let findings = story.fails("ISS-1");
    assert_eq!((findings[0].code.as_deref(), findings[0].at), (Some("500"), Some(Micros(12 * S))));
    assert_snapshot!(findings[0].what, @"issuing a credential: expected HTTP 200, got HTTP 500: cannot create");
}

#[test]
fn iss_1_an_issue_without_an_answer_is_not_judged() {
    let story = Story::good().with(|story| {
        story.operation(9, Operation::Issue, 12 * S, 13 * S, no_answer());
    });
    story.passes("ISS-1");
    assert_eq!(story.judgment("ISS-1").samples, Story::good().judgment("ISS-1").samples);
}

#[test]
fn iss_1_the_role_has_to_be_there_after_the_answer() {
    let unread = |event: &Event| matches!(event, Event::RoleRead(read) if read.lifecycle == 1);
    let absent = Story::good().without(unread).with(|story| story.role_read(1, S + 11 * MS, None));
    assert_snapshot!(only(&absent, "ISS-1"), @"the issue was acknowledged, but pg_roles has no v-token-le-app-role-000000000000000000u1-1700000001; each issue must create one role");
    // An observation of all roles tells it as well.
    Story::good().without(unread).passes("ISS-1");
    let gap = WatchGap {
        cluster: String::new(),
        observer: Observer::RoleRead,
        from: Micros(S),
        to: Micros(2 * S),
        why: "timed out".into(),
    };
    assert_eq!(
        Story::good().with(|story| _ = story.add(2 * S, Event::WatchGap(gap))).unknown("ISS-1"),
        "single roles could not be observed all the time: timed out"
    );
}

#[test]
fn iss_2_names_follow_the_template_fit_and_never_repeat() {
    let named = |name: &str| issue(|record| record.username = Some(Username::new(name)));
    assert_snapshot!(only(&named("v-token-le-app-role-short-1700000001"), "ISS-2"), @"v-token-le-app-role-short-1700000001 does not match the engine's template v-<display, 8>-app-role-<20 random>-<unix time>");
    named("v-token-le-another--00000000000000000001-1700000001").fails("ISS-2");
    let longest = format!("v-token-le-app-role-00000000000000000001-{:0>22}", 1);
    assert_eq!(longest.len(), 63);
    named(&longest).passes("ISS-2");
    let long = format!("v-token-le-app-role-00000000000000000001-{:0>24}", 1);
    assert_snapshot!(only(&named(&long), "ISS-2"), @"v-token-le-app-role-00000000000000000001-000000000000000000000001 has 65 bytes; PostgreSQL keeps 63");
    let twice = issue(|record| record.username = Some(crate::story::username(2)));
    assert_snapshot!(only(&twice, "ISS-2"), @"v-token-le-app-role-000000000000000000u2-1700000002 was issued twice; usernames must be unique");
}

#[test]
fn iss_2_a_promised_pattern_has_to_match_the_whole_name() {
    let mut story = Story::good();
    let mut promise = |pattern: &str| {
        story.plan.roles[0].username = Some(Promised { value: pattern.into(), origin: line(36) });
        story.clone()
    };
    promise("v-token-.*").passes("ISS-2");
    let findings = promise("v-token").fails("ISS-2");
    assert_eq!(findings[0].promised, Some(line(36)));
    assert_eq!(promise("(").unknown("ISS-2"), "the username pattern of app-role cannot be read");
}

#[test]
fn iss_2_the_pattern_follows_from_the_connections_template() {
    let by = |naming: &Naming, name: &str| {
        let mut story = Story::good().each(|event| {
            if let Event::Operation(record) = event
                && record.op == Operation::Issue
            {
                record.username = Some(Username::new(format!("{name}{}", record.lifecycle)));
            }
        });
        story.plan.roles[0].naming = naming.clone();
        story
    };
    let pattern = UsernamePattern { names: "app-[0-9]{3}".into(), roles: String::new(), notes: vec!["so".into()] };
    let template = Promised { value: "app-{{random 3}}".to_owned(), origin: line(44) };
    let naming = Naming::Template { template, pattern };
    by(&naming, "app-00").passes("ISS-2");
    assert_eq!(by(&naming, "app-00").judgment("ISS-2").notes, ["usernames of app-role: so"]);
    let findings = by(&naming, "app-x").fails("ISS-2");
    assert_eq!((findings.len(), findings[0].promised.clone()), (3, Some(line(44))));
    assert_snapshot!(findings[0].what, @"app-x1 does not match the connection's username_template app-{{random 3}}");
    let unknown = by(&Naming::Unknown { why: "a script writes it".into() }, "any");
    unknown.passes("ISS-2");
    assert_snapshot!(unknown.judgment("ISS-2").notes[0], @"usernames of app-role are not compared with a template, because a script writes it: add their pattern as `username` to [role.app-role]");
}

#[test]
fn iss_2_a_username_that_is_taken_already_is_one_that_repeats() {
    let refused = |message: &str| {
        Story::good().with(|story| {
            for lifecycle in [10, 11] {
                let outcome = refused_with(FailureSource::Vault, "500", message);
                story.operation(lifecycle, Operation::Issue, lifecycle * S, lifecycle * S + MS, outcome);
            }
        })
    };
    let name = crate::story::username(1);
    let taken = refused(&format!("1 error occurred: * ERROR: role \"{name}\" already exists (SQLSTATE 42710)"));
    assert_snapshot!(only(&taken, "ISS-2"), @"an issue was rejected because its username v-token-le-app-role-000000000000000000u1-1700000001 exists already (and 1 more issue); usernames must be unique");
    // A group that the statements create without asking whether it is there is no username.
    refused("ERROR: role \"app_readers\" already exists (SQLSTATE 42710)").passes("ISS-2");
}

/// Lifecycle 1's fresh role with a VALID UNTIL that many microseconds after the run's epoch.
fn fresh(micros: i64) -> Story {
    Story::good().each(|event| {
        if let Event::RoleRead(read) = event
            && read.lifecycle == 1
            && read.from.0 == S + 11 * MS
            && let Some(role) = &mut read.role
        {
            role.valid_until = Some(UnixMicros(EPOCH + micros));
        }
    })
}

#[test]
fn iss_4_valid_until_is_bounded_to_the_microsecond() {
    // The issue was with Vault from 1.000 s to 1.010 s; the TTL is 3600 s.
    let (sent, answered, slack) = (S as i64, (S + 10 * MS) as i64, UNCERTAINTY as i64);
    let (low, high) = (sent + 3604 * S as i64 - slack, answered + 3606 * S as i64 + slack);
    fresh(low).passes("ISS-4");
    fresh(high).passes("ISS-4");
    fresh(high + 1).fails("ISS-4");
    assert_snapshot!(only(&fresh(low - 1), "ISS-4"), @"VALID UNTIL is 3603.980 s after the issue was sent; with a TTL of 3600 s, expected 3604 to 3606 s after Vault received it");
}

#[test]
fn iss_4_a_later_reading_of_the_clock_can_only_excuse() {
    let late = (S + 10 * MS) as i64 + 3606 * S as i64 + UNCERTAINTY as i64 + 1;
    fresh(late).with(|story| story.clock(28 * S, "vault", 1)).passes("ISS-4");
    fresh(late).with(|story| story.clock(28 * S, "vault", -1)).fails("ISS-4");
    fresh(late).with(|story| story.clock(28 * S, "postgres.target", 5 * S as i64)).fails("ISS-4");
}

#[test]
fn iss_4_a_null_is_a_failure_and_an_unread_clock_unknown() {
    let null = Story::good().each(|event| {
        if let Event::RoleRead(read) = event {
            read.role = read.role.take().map(|role| RoleSeen { valid_until: None, ..role });
        }
    });
    assert_eq!(null.fails("ISS-4").len(), 3);
    assert_snapshot!(null.fails("ISS-4")[0].what, @"v-token-le-app-role-000000000000000000u1-1700000001 has no VALID UNTIL, or infinity; expected the time of the issue plus the TTL plus 5 s");
    let unread = |event: &Event| matches!(event, Event::Clock(reading) if reading.server == "vault");
    assert_eq!(Story::good().without(unread).unknown("ISS-4"), "the clock of vault was not measured before");
    let unlooked = |event: &Event| matches!(event, Event::RoleRead(_));
    assert_eq!(
        Story::good().without(unlooked).unknown("ISS-4"),
        "no new role was observed before it was renewed or revoked: for more samples, raise `rate` or `for`"
    );
}

#[test]
fn iss_4_a_reading_into_a_renewal_may_show_either() {
    // The renewal of lifecycle 1 begins while its role is observed.
    let into = |story: Story| story.op(1, Operation::Renew, |record| record.start = Micros(S + 12 * MS));
    into(fresh(14 * S as i64)).passes("ISS-4");
    assert_eq!(into(fresh(14 * S as i64)).judgment("ISS-4").samples, 2);
    assert_eq!(into(Story::good()).judgment("ISS-4").samples, 3);
}

#[test]
fn iss_4_a_reading_that_begins_with_the_renewals_answer_still_counts() {
    // Lifecycle 1 is renewed between 1.030 s and 1.040 s, and nobody read its role before.
    let samples = |from: u64| {
        Story::good()
            .without(|event| matches!(event, Event::RoleRead(read) if read.lifecycle == 1))
            .with(|story| story.role_read(1, from, Some(seen(1, wall(3606)))))
            .judgment("ISS-4")
            .samples
    };
    assert_eq!((samples(1_040 * MS), samples(1_040 * MS + 1)), (3, 2));
}

fn denied(code: &str) -> leaseproof_domain::Outcome {
    refused_with(FailureSource::Postgres, code, "no entry")
}

/// Lifecycle 1's first login is refused at its first try and lets in, or does not, that much after the answer.
fn login_after(wait: u64, works: bool) -> Story {
    Story::good().op(1, Operation::Login, |record| record.outcome = denied("28000")).with(|story| {
        let start = S + 10 * MS + wait;
        let outcome = if works { leaseproof_domain::Outcome::Ok } else { denied("28P01") };
        let login = story.operation(1, Operation::Login, start, start + MS, outcome);
        login.endpoint = Some("127.0.0.1:5432/powerdns".into());
    })
}

#[test]
fn a_first_login_has_to_work_within_the_promised_time() {
    for id in ["LOG-1", "INV-1"] {
        login_after(S, true).passes(id);
    }
    assert_snapshot!(only(&login_after(S + 1, true), "LOG-1"), @"v-token-le-app-role-000000000000000000u1-1700000001 could log in at 127.0.0.1:5432/powerdns only 1.000 s after the issue's answer, after 1 rejected login, the last SQLSTATE 28000: no entry");
    assert_snapshot!(only(&login_after(S + 1, true), "INV-1"), @"the first successful login of v-token-le-app-role-000000000000000000u1-1700000001 began 1.000 s after the issue's answer; expected at most 1s");
    assert_eq!(login_after(S + 1, true).fails("LOG-1")[0].promised, Some(line(14)));
    assert_eq!(login_after(S + 1, true).fails("LOG-1")[0].code.as_deref(), Some("28000"));
    // Tries that broke off before the time was over say nothing.
    login_after(S - 1, false).passes("LOG-1");
    assert_eq!(login_after(S - 1, false).judgment("LOG-1").samples, 2);
    assert_snapshot!(only(&login_after(S, false), "LOG-1"), @"v-token-le-app-role-000000000000000000u1-1700000001 could never log in at 127.0.0.1:5432/powerdns, after 2 rejected logins, the last SQLSTATE 28P01: no entry");
    login_after(S, false).passes("INV-1");
    assert_snapshot!(only(&login_after(S + 1, false), "INV-1"), @"v-token-le-app-role-000000000000000000u1-1700000001 was still rejected 1.000 s after the issue's answer; expected at most 1s");
}

/// Lifecycle 1's only first login is sent at once and has no answer after `wait`.
fn login_without_answer(wait: u64) -> Story {
    let mut story = Story::good().op(1, Operation::Login, |record| {
        record.end = Micros(record.start.0 + wait);
        record.outcome = no_answer();
    });
    story.plan.client.timeout = leaseproof_domain::Ttl::from_secs(2);
    story
}

#[test]
fn inv_1_a_login_without_an_answer_is_no_login_that_worked() {
    let timed_out = login_without_answer(2 * S);
    assert_snapshot!(only(&timed_out, "INV-1"), @"no login of v-token-le-app-role-000000000000000000u1-1700000001 was answered in the 2.000 s after the issue's answer; expected at most 1s");
    let measured = timed_out.judgment("INV-1").measured.unwrap();
    assert_eq!((measured.count, measured.censored, measured.max), (3, 1, 2 * S));
    // One that broke off before its time-out may have been followed by another one.
    login_without_answer(S + 500 * MS).passes("INV-1");
}

#[test]
fn every_endpoint_has_to_let_the_credential_in() {
    let second = |outcome| {
        Story::good().with(|story| {
            let login = story.operation(1, Operation::Login, S + 10 * MS + S, S + 12 * MS + S, outcome);
            login.endpoint = Some("127.0.0.1:5433/powerdns".into());
            for (lifecycle, issued) in [(2, 2_010 * MS), (3, 1_210 * MS)] {
                let login =
                    story.operation(lifecycle, Operation::Login, issued, issued + MS, leaseproof_domain::Outcome::Ok);
                login.endpoint = Some("127.0.0.1:5433/powerdns".into());
            }
        })
    };
    second(leaseproof_domain::Outcome::Ok).passes("LOG-1");
    assert!(only(&second(denied("28P01")), "LOG-1").contains("127.0.0.1:5433/powerdns"));
}

#[test]
fn a_login_that_was_only_late_is_the_generators() {
    let late = Story::good().op(1, Operation::Login, |record| {
        (record.start, record.end) = (Micros(2 * S + 11 * MS), Micros(2 * S + 12 * MS));
    });
    late.passes("LOG-1");
    assert!(late.judgment("INV-1").rests_on_timing);
    late.fails("INV-1");
}

#[test]
fn logins_without_an_answer_are_no_samples() {
    let silent = Story::good().each(|event| {
        if let Event::Operation(record) = event
            && matches!(record.op, Operation::Login | Operation::Relogin)
        {
            record.outcome = no_answer();
        }
    });
    assert_eq!(
        silent.unknown("LOG-1"),
        "no login of a new credential was answered: for more samples, raise `rate` or `for`"
    );
    assert_eq!(
        silent.unknown("INV-1"),
        "no login of a new credential was answered: for more samples, raise `rate` or `for`"
    );
    assert_eq!(
        silent.unknown("INV-5"),
        "no login was answered before its lease ended: for more samples, raise `rate` or `for`"
    );
}

#[test]
fn inv_1_measures_from_the_answer_to_the_login() {
    let measured = login_after(S, true).judgment("INV-1").measured.unwrap();
    assert_eq!((measured.count, measured.max), (3, S));
}

/// Lifecycle 2's later login, refused, ending at a moment; its lease ends between 10.030 s and 10.040 s.
fn relogin_at(end: u64) -> Story {
    Story::good().op(2, Operation::Relogin, |record| {
        (record.start, record.end) = (Micros(end - MS), Micros(end));
        record.outcome = denied("28P01");
    })
}

#[test]
fn inv_5_a_login_is_not_refused_before_the_lease_ends() {
    assert_snapshot!(only(&relogin_at(10_030 * MS - 1), "INV-5"), @"a login of v-token-le-app-role-000000000000000000u2-1700000002 before its lease ended: expected success, got SQLSTATE 28P01: no entry");
    relogin_at(10_030 * MS).passes("INV-5");
}

#[test]
fn inv_5_a_refusal_during_a_revocation_or_after_a_lost_renewal_is_not_judged() {
    let refused = |end: u64| {
        Story::good().op(1, Operation::Relogin, |record| {
            (record.start, record.end) = (Micros(end - MS), Micros(end));
            record.outcome = denied("28P01");
        })
    };
    refused(4 * S - 1).fails("INV-5");
    refused(4 * S).passes("INV-5");
    // Sent at 2.03 s for 8 s: the lease stands until then at least, and an hour where it was not granted.
    let unknown_end = |at, outcome| relogin_at(at).op(2, Operation::Renew, |record| record.outcome = outcome);
    unknown_end(10_030 * MS, no_answer()).passes("INV-5");
    unknown_end(10_030 * MS - 1, no_answer()).fails("INV-5");
    unknown_end(10_030 * MS, refused_with(FailureSource::Vault, "400", "no")).fails("INV-5");
}

#[test]
fn inv_5_notes_how_many_credentials_were_renewed_across_an_end() {
    // Each credential is renewed for 8 s at 4 s, and again by an answer that comes when those may be over.
    let notes = |answered: &[u64]| {
        let story = Story::good().with(|story| {
            for (lifecycle, answered) in (10..).zip(answered) {
                story.begins(lifecycle, 3 * S, 3608);
                story.renewed(lifecycle, 4 * S, 8, 8, 17);
                story.renewed(lifecycle, answered - 10 * MS, 8, 8, 25);
            }
        });
        story.judgment("INV-5").notes
    };
    assert!(notes(&[12 * S - 1]).is_empty());
    assert_snapshot!(notes(&[12 * S]).join("\n"), @"1 credential renewed too close to expiry; later logins are not judged");
    assert_snapshot!(notes(&[12 * S, 12 * S + 1]).join("\n"), @"2 credentials renewed too close to expiry; later logins are not judged");
}

#[test]
fn inv_5_leaves_the_first_tries_to_the_promise_of_usability() {
    let first = Story::good().op(1, Operation::Login, |record| record.outcome = denied("28000"));
    first.passes("INV-5");
    login_after(S, false).passes("INV-5");
    login_after(S + 1, false).fails("INV-5");
}

#[test]
fn a_wall_moment_is_read_with_the_servers_offset() {
    // Vault's clock is an hour ahead: what it writes is an hour later, and right.
    let hour = 3600;
    let ahead = Story::good().without(|event| matches!(event, Event::Clock(_))).with(|story| {
        for server in ["vault", "postgres.target"] {
            story.clock(0, server, (hour * S) as i64);
        }
    });
    ahead.fails("ISS-4");
    let right = ahead.each(|event| {
        let later = |role: &mut RoleSeen| {
            role.valid_until = role.valid_until.map(|at| UnixMicros(at.0 + (hour * S) as i64));
        };
        match event {
            Event::RoleRead(read) => read.role.iter_mut().for_each(later),
            Event::Roles(observation) => observation.appeared.iter_mut().for_each(later),
            _ => {}
        }
    });
    for id in ["ISS-4", "TTL-2", "INV-4"] {
        right.passes(id);
    }
}
