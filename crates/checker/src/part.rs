use leaseproof_domain::Observer;

use crate::fold::{Lifecycle, Run};

/// A run as it is judged: the whole, or what it is in one of several clusters.
pub(crate) struct Part<'p> {
    /// The cluster; none for the whole.
    pub(crate) cluster: Option<&'p str>,
    pub(crate) run: Run<'p>,
}

impl Part<'_> {
    /// The next lifecycle of those that are left, in order of arrival; none of the whole if its clusters are judged by
    /// themselves.
    pub(crate) fn next_left(&mut self) -> Option<Lifecycle> {
        self.run.keeps_roles().then(|| self.run.next_left())?
    }

    /// What an observer observes, in words.
    pub(crate) fn seen_by(&self, observer: Observer) -> String {
        match self.cluster {
            Some(cluster) => format!("{} of postgres.{cluster}", seen_by(observer)),
            None => seen_by(observer).to_owned(),
        }
    }
}

/// What an observer observes, in words.
fn seen_by(observer: Observer) -> &'static str {
    match observer {
        Observer::Roles => "the catalog's roles",
        Observer::Leases => "Vault's leases",
        Observer::Privileges => "the credentials' privileges",
        Observer::RoleRead => "single roles",
        Observer::Audit => "the audit log",
        Observer::Sessions => "the sessions",
        Observer::Dependencies => "pg_shdepend",
        Observer::Irrevocable => "Vault's irrevocable leases",
        Observer::Metrics => "Vault's telemetry",
    }
}
