//! Which cluster an event is about. OIDs, and the names of roles, are unique within one cluster only: if credentials are
//! issued in several, what observers saw is judged cluster by cluster.

use std::borrow::Cow;
use std::collections::BTreeMap;

use leaseproof_domain::{Event, LeaseId, LeaseObservation};
use leaseproof_scenario::Plan;

/// The clusters in which a plan's credentials are issued.
pub(crate) struct Clusters<'p> {
    /// In the order in which they are first promised.
    names: Vec<&'p str>,
    of_role: BTreeMap<&'p str, &'p str>,
}

impl<'p> Clusters<'p> {
    pub(crate) fn of(plan: &'p Plan) -> Self {
        let mut names = Vec::new();
        for role in &plan.roles {
            if !names.contains(&role.on.as_str()) {
                names.push(role.on.as_str());
            }
        }
        let of_role = plan.roles.iter().map(|role| (role.name.as_str(), role.on.as_str())).collect();
        Self { names, of_role }
    }

    /// The clusters, where there are several.
    pub(crate) fn several(&self) -> &[&'p str] {
        if self.names.len() > 1 { &self.names } else { &[] }
    }

    /// The cluster of a Vault role.
    pub(crate) fn of_role(&self, role: &str) -> Option<&'p str> {
        self.of_role.get(role).copied()
    }

    fn of_lease(&self, lease: &LeaseId) -> Option<&'p str> {
        self.of_role(lease.vault_role()?.1)
    }

    /// What an event says about one of several clusters; none if it is about another one.
    pub(crate) fn part<'e>(&self, event: &'e Event, cluster: &str) -> Option<Cow<'e, Event>> {
        let whole = Some(Cow::Borrowed(event));
        let is_it = |of: Option<&str>| of.is_none_or(|of| of == cluster);
        match event {
            Event::Roles(seen) => whole.filter(|_| self.is_seen_in(&seen.cluster, cluster)),
            Event::Privileges(read) => whole.filter(|_| self.is_seen_in(&read.cluster, cluster)),
            Event::Sessions(seen) => whole.filter(|_| self.is_seen_in(&seen.cluster, cluster)),
            Event::Dependencies(seen) => whole.filter(|_| self.is_seen_in(&seen.cluster, cluster)),
            Event::WatchGap(gap) => whole.filter(|_| gap.cluster.is_empty() || gap.cluster == cluster),
            Event::Baseline(seen) => whole.filter(|_| seen.cluster.is_empty() || seen.cluster == cluster),
            Event::Operation(record) => whole.filter(|_| is_it(self.of_role(&record.role))),
            Event::Dropped(dropped) => whole.filter(|_| is_it(self.of_role(&dropped.role))),
            Event::HeldSession(kept) => whole.filter(|_| is_it(self.of_role(&kept.role))),
            Event::Leases(seen) => {
                let own = |leases: &[LeaseId]| self.leases(leases, cluster);
                let (appeared, gone) = (own(&seen.appeared), own(&seen.gone));
                Some(Cow::Owned(Event::Leases(LeaseObservation { appeared, gone, ..*seen })))
            }
            Event::Residue { from, to, released, roles, leases, shrinking } => Some(Cow::Owned(Event::Residue {
                from: *from,
                to: *to,
                released: *released,
                roles: roles.iter().filter(|role| role.cluster == cluster).cloned().collect(),
                leases: self.leases(leases, cluster),
                shrinking: *shrinking,
            })),
            _ => whole,
        }
    }

    /// Whether an observation in a cluster is judged with that one. What is seen where no credentials are issued, as the
    /// sessions of Vault's storage, is judged with the first cluster.
    fn is_seen_in(&self, seen: &str, cluster: &str) -> bool {
        seen == cluster || !self.names.contains(&seen) && self.names.first() == Some(&cluster)
    }

    fn leases(&self, leases: &[LeaseId], cluster: &str) -> Vec<LeaseId> {
        leases.iter().filter(|lease| self.of_lease(lease).is_none_or(|of| of == cluster)).cloned().collect()
    }

    /// Whether an event is an observation of roles that does not say in which of several clusters.
    pub(crate) fn is_unnamed(&self, event: &Event) -> bool {
        !self.several().is_empty() && matches!(event, Event::Roles(seen) if seen.cluster.is_empty())
    }
}
