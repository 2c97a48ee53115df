//! What is told beside the verdicts and judged by none.

use leaseproof_domain::{
    AuthFailure, Event, MetricReading, Micros, Observed, Operation, Outcome, RoleSeen, UnixMicros, Username,
};

use crate::story::{S, Story, seen, username};

fn observed(story: &Story) -> Observed {
    story.judged().verdicts.observed
}

#[test]
fn kept_sessions_and_refused_logins_are_counted_by_what_became_of_them() {
    let story = Story::good().with(|story| {
        story.kept(2, 12 * S, Outcome::Ok, true);
        story.kept(3, 12 * S, Outcome::Ok, true);
        for line in 1..=3 {
            let reason = Some(format!("Role \"{}\" does not exist.", username(1)));
            let source = "postgres.target".to_owned();
            story.add(
                12 * S,
                Event::AuthFailure(AuthFailure { at: Micros(12 * S), source, line, username: username(1), reason }),
            );
        }
    });
    let observed = observed(&story);
    assert_eq!(observed.kept_sessions, [("rejected with 42501".to_owned(), 1), ("stayed open".to_owned(), 2)].into());
    assert_eq!(observed.refused_logins, [("Role … does not exist.".to_owned(), 3)].into());
}

#[test]
fn of_each_gauge_the_largest_value_is_kept() {
    let story = Story::good().with(|story| {
        for (at, value) in [(12 * S, 3.0), (13 * S, 7.6), (14 * S, 5.0)] {
            let gauges = [("vault.expire.num_leases".to_owned(), value)].into();
            story.add(at, Event::Metrics(MetricReading { from: Micros(at), to: Micros(at), gauges }));
        }
    });
    assert_eq!(observed(&story).gauges, [("vault.expire.num_leases".to_owned(), 8)].into());
}

#[test]
fn a_lease_without_a_role_is_one_that_is_not_ending_or_cannot_be_paired() {
    // Life 4 is issued for an hour at 3 s; what is left is looked at from 20 s on.
    let left = |roles: &[RoleSeen], leases: &[u64], revoked: Option<u64>| {
        let story = Story::good().without(|event| matches!(event, Event::Residue { .. })).with(|story| {
            story.begins(4, 3 * S, 3608);
            if let Some(at) = revoked {
                story.operation(4, Operation::Revoke, at - S, at, Outcome::Ok);
            }
            story.residue(20 * S, false, roles.to_vec(), leases.to_vec());
        });
        observed(&story).leases_without_role
    };
    let stranger = || RoleSeen {
        oid: 900,
        name: Username::new("v-stranger"),
        valid_until: Some(UnixMicros(0)),
        login: true,
        password: None,
    };
    assert_eq!(left(&[seen(4, None)], &[4], None), 0);
    assert_eq!(left(&[], &[4], None), 1);
    assert_eq!((left(&[], &[4], Some(20 * S)), left(&[], &[4], Some(20 * S - 1))), (0, 1));
    // Leases and roles that no answer told of are pairs, as far as there are as many.
    assert_eq!((left(&[stranger()], &[77], None), left(&[stranger()], &[77, 78], None)), (0, 1));
    assert_eq!(left(&[], &[4, 77, 78], None), 3);
}
