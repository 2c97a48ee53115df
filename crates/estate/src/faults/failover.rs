//! A primary is killed, and a standby takes its place.

use std::sync::atomic::Ordering;

use futures_util::future::BoxFuture;

use super::{Done, Heal, StandbysLost, Tell, done_to};
use crate::cluster::Cluster;
use crate::{Estate, EstateError};

/// A primary that has ended.
pub(super) struct PrimaryEnded {
    pub(super) server: String,
}

pub(super) async fn inject(estate: &mut Estate, on: &str) -> Done {
    let server = estate.server_of(on).await?;
    estate.kill(&server).await;
    let words = done_to(&server, "killed");
    Ok((Box::new(PrimaryEnded { server }), words))
}

impl Heal for PrimaryEnded {
    fn heal<'a>(
        self: Box<Self>,
        estate: &'a mut Estate,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, Result<StandbysLost, EstateError>> {
        Box::pin(async move {
            let old = self.server;
            let has = |cluster: &&mut Cluster| cluster.members.iter().any(|member| member.name == old);
            let Some(cluster) = estate.clusters.values_mut().find(has) else { return Ok(None) };
            let place = cluster.primary.load(Ordering::Acquire);
            let standby = cluster.succeed(&estate.site).await?;
            tell(format!("{} is promoted", cluster.members[standby].name));
            let lost = cluster.rejoin(place, &estate.site).await?;
            if lost.is_none() {
                tell(format!("{old} is a standby"));
            }
            Ok(lost)
        })
    }
}
