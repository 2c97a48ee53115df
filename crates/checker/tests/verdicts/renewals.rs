//! TTL-2, TTL-7, INV-4, INV-7: what a lease is renewed to, and that PostgreSQL follows.

use insta::assert_snapshot;
use leaseproof_domain::{Event, FailureSource, Micros, Operation, RoleSeen, UnixMicros};

use crate::story::{EPOCH, MS, S, Story, UNCERTAINTY, line, no_answer, refused_with, seen, wall};

fn granted(lifecycle: u64, seconds: u64) -> Story {
    Story::good().op(lifecycle, Operation::Renew, |record| record.lease_seconds = Some(seconds))
}

#[test]
fn ttl_2_a_renewal_grants_its_increment() {
    assert_snapshot!(granted(1, 9).fails("TTL-2")[0].what, @"a renewal by 8 s: expected 8 s, got 9 s");
    granted(1, 7).fails("TTL-2");
    // A promised maximum is not the renewal's to shorten.
    granted(3, 90_000).fails("TTL-2");
    granted(3, 3_600).fails("TTL-2");
}

#[test]
fn ttl_2_where_it_is_in_doubt_what_was_left_a_second_less_may_be_granted() {
    // Between 86,399.47 s and 86,400.49 s were left of a day.
    let granted =
        |seconds: u64| granted(3, seconds).op(3, Operation::Renew, |record| record.increment_seconds = Some(86_400));
    for (seconds, found) in [(86_398, true), (86_399, false), (86_400, false), (86_401, true)] {
        assert_eq!(finds_a_grant(&granted(seconds)), found, "{seconds}");
    }
}

#[test]
fn ttl_2_a_cap_that_nobody_promised_has_to_be_reported_by_vault() {
    let unpromised = |warnings: &[&str]| {
        let mut story = granted(3, 86_400).op(3, Operation::Renew, |record| {
            record.warnings = warnings.iter().map(|text| (*text).to_owned()).collect();
        });
        story.plan.roles[0].max_ttl = None;
        story
    };
    unpromised(&["TTL of \"25h\" exceeded the effective max_ttl"]).passes("TTL-2");
    unpromised(&[]).fails("TTL-2");
    // A warning with all that was asked for does no harm, and excuses no more than that.
    let warned =
        |seconds: u64| unpromised(&["so"]).op(3, Operation::Renew, |record| record.lease_seconds = Some(seconds));
    assert!(!finds_a_grant(&warned(90_000)) && finds_a_grant(&warned(90_001)));
}

/// Whether TTL-2 finds fault with what a renewal granted, and not only with VALID UNTIL.
fn finds_a_grant(story: &Story) -> bool {
    story.judgment("TTL-2").findings.iter().any(|finding| finding.what.starts_with("a renewal by"))
}

#[test]
fn ttl_2_a_refused_renewal_of_a_standing_lease_fails() {
    let refused = |story: Story, lifecycle| {
        story.op(lifecycle, Operation::Renew, |record| {
            record.outcome = refused_with(FailureSource::Vault, "400", "failed to renew entry");
            record.lease_seconds = None;
        })
    };
    let findings = refused(Story::good(), 1).fails("TTL-2");
    assert_eq!(findings[0].code.as_deref(), Some("400"));
    assert_snapshot!(findings[0].what, @"a renewal of a lease in force: expected success, got HTTP 400: failed to renew entry");
    // Near the maximum there may be nothing left to grant.
    let mut short = refused(Story::good(), 1);
    short.plan.roles[0].max_ttl.as_mut().unwrap().value = leaseproof_domain::Ttl::from_secs(1);
    assert!(short.fails("TTL-2").iter().all(|finding| finding.code.is_none()));
}

/// The first reading of lifecycle 1 after its renewal of 8 s, which was with Vault from 1.030 s to 1.040 s.
fn renewed_until(micros: i64) -> Story {
    Story::good().each(|event| {
        if let Event::RoleRead(read) = event
            && read.lifecycle == 1
            && read.from.0 == 1_041 * MS
            && let Some(role) = &mut read.role
        {
            role.valid_until = Some(UnixMicros(EPOCH + micros));
        }
    })
}

#[test]
fn ttl_2_valid_until_moves_with_it_to_the_microsecond() {
    let slack = UNCERTAINTY as i64;
    let low = (1_030 * MS + 12 * S) as i64 - slack;
    let high = (1_040 * MS + 14 * S) as i64 + slack;
    renewed_until(low).passes("TTL-2");
    renewed_until(high).passes("TTL-2");
    renewed_until(high + 1).fails("TTL-2");
    assert_snapshot!(renewed_until(low - 1).fails("TTL-2")[0].what, @"VALID UNTIL is 11.980 s after a renewal of 8 s was sent; expected 12 to 14 s after Vault received it");
    // It stayed where the issue had put it.
    renewed_until(3606 * S as i64).fails("TTL-2");
}

#[test]
fn ttl_2_needs_a_observation_after_the_renewal() {
    let unread = |event: &Event| matches!(event, Event::RoleRead(_) | Event::Roles(_));
    assert_eq!(
        Story::good().without(unread).unknown("TTL-2"),
        "no renewal was acknowledged and followed by an observation of its role: for more samples, raise `renew.share`, `rate` or `for`"
    );
    let unclocked = |event: &Event| matches!(event, Event::Clock(_));
    assert_eq!(Story::good().without(unclocked).unknown("TTL-2"), "the clock of vault was not measured before");
}

#[test]
fn ttl_2_judges_a_observation_wholly_after_the_renewal_and_before_what_touches_the_role_next() {
    // Lifecycle 1's renewal is answered at 1.040 s, and its revocation sent at 4 s; an observation takes a millisecond.
    let samples = |story: &Story, from: u64| {
        let read = |event: &Event| {
            matches!(event, Event::RoleRead(read) if read.lifecycle == 1) || matches!(event, Event::Roles(_))
        };
        let story = story.clone().without(read).with(|story| story.role_read(1, from, Some(seen(1, wall(14)))));
        story.judgment("TTL-2").samples
    };
    let good = Story::good();
    assert_eq!([1_040 * MS, 1_040 * MS + 1].map(|from| samples(&good, from)), [2, 3]);
    assert_eq!([4 * S - MS - 1, 4 * S - MS].map(|from| samples(&good, from)), [3, 2]);
    // Another renewal is sent at 2 s, and the role is not observed after it.
    let again = Story::good().with(|story| story.renewed(1, 2 * S, 8, 8, 15));
    assert_eq!([2 * S - MS - 1, 2 * S - MS].map(|from| samples(&again, from)), [3, 2]);
}

#[test]
fn ttl_7_counts_each_issue_and_each_renewal_that_asked_for_more_than_the_maximum() {
    assert_eq!(Story::good().judgment("TTL-7").samples, 3 + 1);
}

#[test]
fn ttl_7_the_default_is_the_promised_one() {
    let story = Story::good().op(1, Operation::Issue, |record| record.lease_seconds = Some(7200));
    let findings = story.fails("TTL-7");
    assert_eq!((findings.len(), &findings[0].promised), (1, &Some(line(31))));
    assert_snapshot!(findings[0].what, @"the lease of the issue: expected 3600 s, the promised default TTL of 1h, got 7200 s");
}

#[test]
fn ttl_7_the_time_that_vault_needs_to_store_a_lease_may_be_missing_from_it() {
    for (millis, granted, wrong) in [(499, 3599, 1), (500, 3599, 0), (1_500, 3598, 0), (500, 3598, 1), (500, 3601, 1)] {
        let story = Story::good().op(1, Operation::Issue, |record| {
            record.end = Micros(record.start.0 + millis * MS);
            record.lease_seconds = Some(granted);
        });
        let findings = story.judgment("TTL-7").findings;
        assert_eq!(findings.len(), wrong, "{granted} s after {millis} ms: {findings:?}");
    }
}

#[test]
fn ttl_7_the_maximum_caps_a_renewal_that_asks_for_more() {
    for seconds in [86_400, 86_399] {
        granted(3, seconds).passes("TTL-7");
    }
    // Sent 20 ms after the issue was, answered 10 ms later: 86,399.47 s were left at least, before Vault cut the rest.
    granted(3, 86_398).fails("TTL-7");
    let findings = granted(3, 90_000).fails("TTL-7");
    assert_eq!(findings[0].promised, Some(line(32)));
    assert_snapshot!(findings[0].what, @"a renewal by 90000 s: expected at most 86400 s, the rest of the promised maximum TTL of 24h, got 90000 s");
}

#[test]
fn ttl_7_without_a_renewal_past_the_maximum_cannot_say() {
    let untried = Story::good().without_op(3, Operation::Renew);
    assert_eq!(untried.unknown("TTL-7"), "no acknowledged renewal had a larger increment than the promised maximum");
    let mut unpromised = untried;
    unpromised.plan.roles[0].max_ttl = None;
    unpromised.passes("TTL-7");
}

#[test]
fn inv_7_no_renewal_goes_past_the_maximum() {
    granted(3, 86_400).passes("INV-7");
    assert_snapshot!(granted(3, 86_401).fails("INV-7")[0].what, @"a renewal: expected at most 86400 s, the rest of the maximum TTL of 24h, got 86401 s");
    let none = Story::good().each(|event| {
        if let Event::Operation(record) = event
            && record.op == Operation::Renew
        {
            record.outcome = no_answer();
        }
    });
    assert_eq!(
        none.unknown("INV-7"),
        "no renewal was acknowledged: none of 3 renewals succeeded (0 rejected, 3 without an answer)"
    );
}

/// Lifecycle 2 after its renewal shows a VALID UNTIL at that moment; its lease ends between 10.030 s and 10.040 s.
fn ends_at(micros: i64) -> Story {
    Story::good().each(|event| {
        let change = |role: &mut RoleSeen| role.valid_until = Some(UnixMicros(EPOCH + micros));
        match event {
            Event::RoleRead(read) if read.lifecycle == 2 && read.from.0 > 2_040 * MS => {
                read.role.iter_mut().for_each(change);
            }
            Event::Roles(observation) if observation.from.0 == 2_500 * MS => {
                observation.appeared.iter_mut().for_each(change)
            }
            _ => {}
        }
    })
}

#[test]
fn inv_4_valid_until_lies_between_the_lease_and_five_seconds_more() {
    let slack = UNCERTAINTY as i64;
    let (low, high) = (10_030 * MS as i64 - slack, 15_040 * MS as i64 + slack);
    ends_at(low).passes("INV-4");
    ends_at(high).passes("INV-4");
    assert_eq!(ends_at(low - 1).fails("INV-4").len(), 1, "two observations showed the same");
    assert_snapshot!(ends_at(low - 1).fails("INV-4")[0].what, @"VALID UNTIL is 0.025 s before the lease's end; it must not be before it");
    assert_snapshot!(ends_at(high + 1).fails("INV-4")[0].what, @"VALID UNTIL is 5.025 s after the lease's end; at most 5 s are allowed");
}

#[test]
fn inv_4_is_judged_on_postgresqls_clock() {
    // PostgreSQL's clock is 5 s ahead of Vault's: credentials die before their leases.
    let ahead = Story::good().without(|event| matches!(event, Event::Clock(_))).with(|story| {
        story.clock(0, "vault", 0);
        story.clock(0, "postgres.target", 5 * S as i64);
    });
    ahead.passes("ISS-4");
    ahead.fails("INV-4");
    let unread = |event: &Event| matches!(event, Event::Clock(reading) if reading.server == "postgres.target");
    assert_eq!(Story::good().without(unread).unknown("INV-4"), "the clock of postgres.target was not measured before");
}

#[test]
fn inv_4_a_reading_while_a_renewal_is_under_way_may_show_either() {
    let into = |at: u64| {
        Story::good().op(2, Operation::Renew, |record| {
            (record.start, record.end) = (Micros(at), Micros(2_040 * MS));
        })
    };
    // The renewal began before the fresh role was observed, and its answer came after: both ends are right.
    into(2_011 * MS).passes("INV-4");
}

#[test]
fn inv_4_a_reading_that_touches_a_renewal_may_show_either_end() {
    // Lifecycle 2 is issued for an hour and renewed for 8 s between 2.030 s and 2.040 s; an observation takes a millisecond.
    let read = |from: u64, until: u64| Story::good().with(|story| story.role_read(2, from, Some(seen(2, wall(until)))));
    read(2_029 * MS - 1, 15).fails("INV-4");
    read(2_029 * MS, 15).passes("INV-4");
    read(2_040 * MS, 3607).passes("INV-4");
    read(2_040 * MS + 1, 3607).fails("INV-4");
}

#[test]
fn inv_4_after_a_renewal_without_an_answer_nothing_is_known() {
    let lost = |outcome| ends_at(100).op(2, Operation::Renew, |record| record.outcome = outcome);
    lost(no_answer()).passes("INV-4");
    lost(refused_with(FailureSource::Vault, "400", "no")).passes("INV-4");
    ends_at(100).fails("INV-4");
}

#[test]
fn inv_4_a_null_never_ends() {
    let null = Story::good().each(|event| {
        if let Event::Roles(observation) = event {
            observation.appeared.iter_mut().for_each(|role| role.valid_until = None);
        }
    });
    assert_eq!(null.fails("INV-4").len(), 2);
}

#[test]
fn inv_4_a_observation_into_the_revocation_shows_nothing() {
    // Lifecycle 1's revocation is sent at 4 s, and an observation takes a millisecond.
    let late = |from: u64| Story::good().with(|story| story.role_read(1, from, Some(seen(1, wall(100)))));
    late(4 * S - MS).passes("INV-4");
    late(4 * S - MS - 1).fails("INV-4");
}

#[test]
fn inv_4_a_refused_renewal_excuses_from_its_beginning_on() {
    // The role is observed from 3.000 s to 3.001 s.
    let refused = |start: u64| {
        Story::good().with(|story| {
            story.role_read(1, 3 * S, Some(seen(1, wall(100))));
            let failed = refused_with(FailureSource::Vault, "400", "no");
            story.operation(1, Operation::Renew, start, start + 10 * MS, failed);
        })
    };
    refused(3_001 * MS).passes("INV-4");
    refused(3_001 * MS + 1).fails("INV-4");
}
