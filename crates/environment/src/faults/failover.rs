//! A primary is killed, and a standby takes its place.

use std::sync::atomic::Ordering;

use super::{Done, Heal, Healed, Tell, done_to};
use crate::Environment;

/// A primary that has ended.
pub(super) struct PrimaryEnded {
    pub(super) server: String,
}

pub(super) async fn inject(environment: &mut Environment, on: &str) -> Done {
    let server = environment.server_of(on).await?;
    environment.kill(&server).await;
    let words = done_to(&server, "killed");
    Ok(PrimaryEnded { server }.done(words))
}

impl Heal for PrimaryEnded {
    async fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> Healed {
        let old = self.server;
        let Some(cluster) = environment.clusters.values_mut().find(|cluster| cluster.has(&old)) else {
            return Ok(None);
        };
        let place = cluster.primary.load(Ordering::Acquire);
        let standby = cluster.succeed(&environment.context).await?;
        tell(format!("{} is promoted", cluster.members[standby].name));
        let lost = cluster.rejoin(place, &environment.context).await?;
        if lost.is_none() {
            tell(format!("{old} is a standby"));
        }
        Ok(lost)
    }
}
