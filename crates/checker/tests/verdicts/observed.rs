//! What is reported beside the verdicts and judged by none.

use std::collections::BTreeMap;

use leaseproof_domain::{
    AuthFailure, Event, MetricReading, Micros, Observed, Observer, Operation, Outcome, RoleSeen, UnixMicros, Username,
    WatchGap,
};

use crate::story::{S, Story, seen, username};

fn observed(story: &Story) -> Observed {
    story.judged().verdicts.observed
}

#[test]
fn held_sessions_and_refused_logins_are_counted_by_what_became_of_them() {
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
    assert_eq!(observed.held_sessions, [("rejected with 42501".to_owned(), 1), ("stayed open".to_owned(), 2)].into());
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
fn gauges_that_could_not_be_read_are_missing_with_the_reason_and_make_nothing_invalid() {
    let gap = |at: u64, why: &str| {
        let (from, to) = (Micros(at), Micros(at + S));
        Event::WatchGap(WatchGap { cluster: String::new(), observer: Observer::Metrics, from, to, why: why.to_owned() })
    };
    let never = Story::good().with(|story| {
        story.add(12 * S, gap(11 * S, "Vault answered HTTP 403: permission denied"));
        story.add(13 * S, gap(12 * S, "another reason"));
    });
    let judged = never.judged().verdicts;
    assert_eq!(judged.observed.gauges_missing.as_deref(), Some("Vault answered HTTP 403: permission denied"));
    assert_eq!(judged.verdict, Story::good().judged().verdicts.verdict);
    let gauges: BTreeMap<String, f64> = [("vault.expire.num_leases".to_owned(), 3.0)].into();
    let read = |at| Event::Metrics(MetricReading { from: Micros(at), to: Micros(at), gauges: gauges.clone() });
    for order in [[0, 1], [1, 0]] {
        let sometimes = Story::good().with(|story| {
            for (second, which) in order.into_iter().enumerate() {
                let at = 12 * S + u64::try_from(second).unwrap_or_default() * S;
                story.add(at, if which == 0 { gap(at, "Vault is down") } else { read(at) });
            }
        });
        assert_eq!(observed(&sometimes).gauges_missing, None);
    }
}

#[test]
fn a_lease_without_a_role_is_one_that_is_not_ending_or_cannot_be_paired() {
    // Lifecycle 4 is issued for an hour at 3 s; what is left is observed from 20 s on.
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
        cluster: String::new(),
        oid: 900,
        name: Username::new("v-stranger"),
        valid_until: Some(UnixMicros(0)),
        login: true,
        password: None,
    };
    assert_eq!(left(&[seen(4, None)], &[4], None), 0);
    assert_eq!(left(&[], &[4], None), 1);
    assert_eq!((left(&[], &[4], Some(20 * S)), left(&[], &[4], Some(20 * S - 1))), (0, 1));
    // Leases and roles that no answer named are pairs, as far as there are as many.
    assert_eq!((left(&[stranger()], &[77], None), left(&[stranger()], &[77, 78], None)), (0, 1));
    assert_eq!(left(&[], &[4, 77, 78], None), 3);
}
