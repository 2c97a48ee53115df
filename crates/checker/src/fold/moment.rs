use leaseproof_domain::{Event, Micros};

/// The latest moment that an event tells of.
pub(super) fn moment(event: &Event) -> Micros {
    match event {
        Event::Header(_) | Event::PrivilegeSet { .. } | Event::Audit(_) | Event::LogRead { .. } => Micros(0),
        Event::Sessions(observation) => observation.to,
        Event::Dependencies(observation) => observation.to,
        Event::Irrevocable(observation) => observation.to,
        Event::Metrics(reading) => reading.to,
        Event::HeldSession(kept) => kept.to,
        Event::AuthFailure(failure) => failure.at,
        Event::Clock(reading) => reading.at,
        Event::Setup(setup) => setup.end,
        Event::Baseline(baseline) => baseline.at,
        Event::LeasesBefore { at, .. } => *at,
        Event::Account(reading) => reading.at,
        Event::Objects { at, .. } => *at,
        Event::Phase(mark) => mark.at,
        Event::Operation(record) => record.end,
        Event::Dropped(dropped) => dropped.intended,
        Event::RoleRead(read) => read.to,
        Event::Roles(observation) => observation.to,
        Event::Leases(observation) => observation.to,
        Event::Privileges(reading) => reading.to,
        Event::Probe(probe) => probe.to,
        Event::SecretSeen(seen) => seen.at,
        Event::Fault(mark) => mark.at,
        Event::Action(mark) => mark.at,
        Event::Dns(dns) => dns.moment(),
        Event::WatchGap(gap) => gap.to,
        Event::Harness(trouble) => trouble.to,
        Event::LoggedNote(logged) => logged.at,
        Event::FailedRevocation(failed) => failed.at,
        Event::ServerLost(lost) => lost.at,
        Event::Residue { to, .. } | Event::Revoking { to, .. } => *to,
        Event::End(end) => end.at,
    }
}
