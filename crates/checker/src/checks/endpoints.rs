use std::collections::BTreeMap;
use std::rc::Rc;

use crate::collector::FindingCollector;
use crate::coverage::Place;
use crate::fold::{Lifecycle, Run};

/// The endpoint of logins that do not name it: how many there are is not known then.
pub(super) const UNNAMED: &str = "its endpoint";

/// Credentials that had to log in at every endpoint of their cluster, and at which endpoints they were judged.
#[derive(Default)]
pub(super) struct Endpoints {
    credentials: BTreeMap<Place, u64>,
    judged: BTreeMap<String, BTreeMap<Place, u64>>,
}

impl Endpoints {
    /// Takes in a credential with its logins: at which endpoint each was, and whether it was judged.
    pub(super) fn see<'l>(&mut self, lifecycle: &Lifecycle, logins: impl Iterator<Item = (&'l str, bool)>) {
        let place = Place { phase: Some(Rc::clone(&lifecycle.phase)), role: Some(Rc::clone(&lifecycle.role)) };
        let mut known: BTreeMap<&str, bool> = BTreeMap::new();
        logins.for_each(|(endpoint, judged)| *known.entry(endpoint).or_default() |= judged);
        for (endpoint, judged) in known {
            let at = match self.judged.get_mut(endpoint) {
                Some(known) => known,
                None => self.judged.entry(endpoint.to_owned()).or_default(),
            };
            *at.entry(place.clone()).or_default() += u64::from(judged);
        }
        *self.credentials.entry(place).or_default() += 1;
    }

    /// Expects a login of each credential at each endpoint of its role. What no login names may be missing too.
    pub(super) fn expect(&self, part: &str, run: &Run<'_>, collector: &mut FindingCollector) {
        for (place, credentials) in &self.credentials {
            for (part, judged) in self.parts(part, place, run) {
                collector.expect_at(&part, place, *credentials, judged);
            }
        }
    }

    /// The endpoints of a place's role, and how many credentials of the place were judged at each.
    fn parts(&self, part: &str, place: &Place, run: &Run<'_>) -> Vec<(String, u64)> {
        let space = if part.is_empty() { "" } else { " " };
        let of_role = |judged: &&BTreeMap<Place, u64>| judged.keys().any(|other| other.role == place.role);
        let known = self.judged.iter().filter(|(_, judged)| of_role(judged));
        let mut parts: Vec<(String, u64)> = known
            .map(|(at, judged)| (format!("{part}{space}at {at}"), judged.get(place).copied().unwrap_or(0)))
            .collect();
        let promise = place.role.as_ref().and_then(|role| run.promise(role));
        let endpoints = promise.map_or(1, |promise| run.plan.endpoints(promise));
        if parts.is_empty() {
            parts.push((part.to_owned(), 0));
        } else if parts.len() < endpoints && !self.judged.contains_key(UNNAMED) {
            parts.push((format!("{part}{space}at another endpoint of the cluster"), 0));
        }
        parts
    }
}
