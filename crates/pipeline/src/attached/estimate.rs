//! The expected cost of a run in an attached environment, before anything is created there.

use std::fmt::Write as _;

use leaseproof_domain::{Ttl, count};
use leaseproof_scenario::{LifecyclePlan, PhasePlan, Plan};

use crate::error::Error;
use crate::pace::ATTACHED_PACE;

/// Bytes of one entry of Vault's audit log; a request has two entries (measured with Vault 1.21.0: 1.0 to 1.4 kB).
const ENTRY: f64 = 1_200.0;
/// The harness's own requests at the beginning and the end: logins, rights, tokens.
const OWN: f64 = 30.0;
/// The lifetime of a credential without renewal and without a promised TTL: Vault's default.
const UNSAID: f64 = 768.0 * 3600.0;

/// The expected cost of a run, as an upper bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The number of leases, and of PostgreSQL roles, that the run creates.
    leases: u64,
    /// How many of them are live at the same time.
    live: u64,
    /// The maximum duration of the load, in seconds.
    seconds: u64,
    /// The approximate growth of Vault's audit log, in bytes.
    audit: u64,
    /// How many logins PostgreSQL refuses, about: each credential is tried after its end.
    refused: u64,
}

impl Estimate {
    /// The cost of that plan.
    pub fn of(plan: &Plan) -> Self {
        let arrivals = |phase: &PhasePlan| (phase.rate * phase.duration.duration().as_secs_f64()).ceil();
        let probes = plan.roles.iter().filter(|role| role.max_ttl.is_some()).count() as f64;
        let leases = plan.phases.iter().map(arrivals).sum::<f64>() + probes;
        let span = |phase: &PhasePlan| (phase.duration.duration() + phase.drain.duration()).as_secs_f64();
        let seconds: f64 = plan.phases.iter().map(span).sum();
        // Credentials of one phase may still be live in the next.
        let live: f64 = plan.phases.iter().map(|phase| live(plan, phase)).sum::<f64>() + probes;
        let of_lifecycles: f64 = plan.phases.iter().map(|phase| arrivals(phase) * requests(plan, phase)).sum();
        let observations = plan.roles.len() as f64 / ATTACHED_PACE.as_secs_f64() + 1.0;
        let requests = of_lifecycles + probes * 3.0 + observations * seconds + OWN;
        Self {
            leases: leases as u64,
            live: live.min(leases).ceil() as u64,
            seconds: seconds.ceil() as u64,
            audit: (requests * 2.0 * ENTRY) as u64,
            refused: refused_logins(plan, leases) as u64,
        }
    }

    /// For people.
    pub fn words(&self, plan: &Plan) -> String {
        let at = plan.attached.as_ref().map_or("", |attached| attached.vault.address.as_str());
        let Self { leases, live, seconds, audit, refused } = self;
        let mut more = format!(
            "\n  about {} with credentials that have ended: each is a line `FATAL: password authentication failed` in \
             PostgreSQL's log",
            count(*refused, "login")
        );
        for lifecycle in plan.lifecycles.iter().filter(|lifecycle| lifecycle.rolls_back()) {
            let written =
                if lifecycle.is_read_only() { ", read-only" } else { ": it may lock rows, and sequences advance" };
            let _never_fails = write!(
                more,
                "\n  the query of lifecycle {} runs in a transaction that is rolled back{written}",
                lifecycle.name
            );
        }
        if !plan.left_out.is_empty() {
            let checks = count(plan.left_out.len() as u64, "check");
            let why = "cannot be made in an attached environment; the report gives the reasons";
            let _never_fails = write!(more, "\n  {checks} {why}");
        }
        format!(
            "{} in the environment at {at}: up to {} and as many PostgreSQL roles in at most {}, up to {live} live \
             at the same time, about {:.1} MB of audit log{more}",
            plan.name,
            count(*leases, "lease"),
            Ttl::from_secs(*seconds),
            *audit as f64 / 1e6,
        )
    }

    /// Checks the cost against the limits.
    ///
    /// # Errors
    /// [`Error::Input`] with the limit that it exceeds.
    pub fn within(&self, max_live: u64, max_duration: Ttl) -> Result<(), Error> {
        if self.live > max_live {
            return Err(Error::input(format!(
                "{} leases would be live at the same time; --max-live-leases allows {max_live}. Nothing was started",
                self.live
            )));
        }
        if self.seconds > max_duration.secs() {
            return Err(Error::input(format!(
                "the load would last {}; --max-duration allows {max_duration}. Nothing was started",
                Ttl::from_secs(self.seconds)
            )));
        }
        Ok(())
    }
}

/// Each lifecycle's share of a phase's arrivals.
fn shares<'p>(plan: &'p Plan, phase: &'p PhasePlan) -> impl Iterator<Item = (f64, &'p LifecyclePlan)> {
    let total = f64::from(phase.mix.values().sum::<u32>()).max(1.0);
    plan.lifecycles
        .iter()
        .filter_map(move |lifecycle| Some((f64::from(*phase.mix.get(&lifecycle.name)?) / total, lifecycle)))
}

/// How many credentials of a phase are live at the same time: a credential lasts at most for its lease, renewed once.
fn live(plan: &Plan, phase: &PhasePlan) -> f64 {
    let comes = phase.duration.duration().as_secs_f64();
    shares(plan, phase).map(|(share, lifecycle)| share * phase.rate * lifetime(plan, lifecycle).min(comes)).sum()
}

fn lifetime(plan: &Plan, lifecycle: &LifecyclePlan) -> f64 {
    let role = plan.roles.iter().find(|role| role.name == lifecycle.role);
    let promised = role.and_then(|role| role.default_ttl.as_ref()).map(|ttl| ttl.value.duration().as_secs_f64());
    let lease = lifecycle.lease.map(|lease| lease.duration().as_secs_f64()).or(promised).unwrap_or(UNSAID);
    let renewed = lifecycle.renew.filter(|renew| renew.share > 0.0).map_or(0.0, |renew| renew.at);
    lease * (1.0 + renewed)
}

/// How many logins are refused because their credential has ended, one at each place where it could log in.
fn refused_logins(plan: &Plan, leases: f64) -> f64 {
    let places = |cluster: &str| {
        let attached = plan.attached.as_ref()?.postgres.get(cluster)?;
        Some(attached.endpoints.len())
    };
    let most = plan.roles.iter().filter_map(|role| places(&role.on)).max().unwrap_or(1);
    leases * most as f64
}

/// The average number of requests of a lifecycle in a phase.
fn requests(plan: &Plan, phase: &PhasePlan) -> f64 {
    let of = |lifecycle: &LifecyclePlan| {
        1.0 + f64::from(lifecycle.lease.is_some()) + lifecycle.renew.map_or(0.0, |renew| renew.share) + lifecycle.revoke
    };
    shares(plan, phase).map(|(share, lifecycle)| share * of(lifecycle)).sum()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use leaseproof_domain::Ttl;
    use leaseproof_scenario::LoadOptions;

    use super::Estimate;
    use crate::error::Error;

    #[test]
    fn a_run_is_estimated_from_above() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/powerdns");
        let plan = leaseproof_scenario::load(Path::new(path), &LoadOptions::default()).unwrap();
        let estimate = Estimate::of(&plan);
        // 8/s for 40 s and one probe of the TTL; 8 s of lease, renewed at 75 %.
        assert_eq!((estimate.leases, estimate.live, estimate.seconds), (321, 113, 70));
        assert!((1_000_000..5_000_000).contains(&estimate.audit), "{estimate:?}");
        assert!(estimate.within(113, Ttl::from_secs(70)).is_ok());
        for (live, seconds, words) in
            [(112, 70, "113 leases would be live at the same time"), (113, 69, "would last 1m10s")]
        {
            let error = estimate.within(live, Ttl::from_secs(seconds)).unwrap_err();
            assert!(matches!(&error, Error::Input(text) if text.contains(words)), "{error}");
        }
    }
}
