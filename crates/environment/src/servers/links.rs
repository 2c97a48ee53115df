//! The links that faults are done to: each stands between two members of the environment from its beginning on.

use std::collections::BTreeMap;

use leaseproof_scenario::FaultPlan;

use crate::{EnvironmentError, Link};

/// The workload, as a member that links lead from: `client`.
pub(crate) const CLIENT: &str = "client";

/// Every link of an environment, by the two that it stands between. Where nobody asks for a link there is none, and the
/// harness's own connections pass none.
#[derive(Debug, Default)]
pub(crate) struct Links {
    wanted: Vec<(String, String)>,
    /// Of what is lost.
    seed: u64,
    laid: BTreeMap<(String, String), Vec<Link>>,
}

impl Links {
    /// Those that the faults of a plan are done to; none of them is laid yet.
    pub(crate) fn wanted(faults: &[FaultPlan]) -> Self {
        let between = |fault: &FaultPlan| Some((fault.on.clone(), fault.kind.to()?.to_owned()));
        Self { wanted: faults.iter().filter_map(between).collect(), seed: 0, laid: BTreeMap::new() }
    }

    /// What is lost is drawn by that seed.
    pub(crate) fn draw_by(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// The seed of what is lost.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Lays the link between two, where it is wanted, to the ports that lead to the second one.
    pub(crate) async fn lay(&mut self, from: &str, to: &str, ports: &[u16]) -> Result<(), EnvironmentError> {
        let between = (from.to_owned(), to.to_owned());
        if !self.wanted.contains(&between) {
            return Ok(());
        }
        let mut links = Vec::new();
        for port in ports {
            links.push(Link::to(*port).await.map_err(|source| EnvironmentError::NoLink {
                from: from.to_owned(),
                to: to.to_owned(),
                source,
            })?);
        }
        self.laid.insert(between, links);
        Ok(())
    }

    /// The ports that lead from one to the other: those of the link between them, or `direct`.
    pub(crate) fn ports(&self, from: &str, to: &str, direct: Vec<u16>) -> Vec<u16> {
        let links = self.between(from, to);
        if links.is_empty() { direct } else { links.iter().map(Link::port).collect() }
    }

    /// The port that leads from one to the other, where there is a link between them.
    pub(crate) fn port(&self, from: &str, to: &str) -> Option<u16> {
        self.between(from, to).first().map(Link::port)
    }

    /// The link between two: one for each port that leads to the second.
    pub(crate) fn between(&self, from: &str, to: &str) -> &[Link] {
        self.laid.get(&(from.to_owned(), to.to_owned())).map_or(&[], Vec::as_slice)
    }
}
