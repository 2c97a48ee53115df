//! A primary is stopped in order, or hands over if Patroni manages it, and a standby takes its place.

use super::failover::PrimaryEnded;
use super::{Done, Heal as _, done_to};
use crate::Environment;

pub(super) async fn inject(environment: &mut Environment, on: &str) -> Done {
    let server = environment.server_of(on).await?;
    let words = match environment.managed_by_patroni(&server) {
        Some(cluster) => {
            cluster.hand_over().await?;
            format!("{server} has handed over")
        }
        None => {
            environment.stop(&server).await;
            done_to(&server, "stopped")
        }
    };
    Ok(PrimaryEnded { server }.done(words))
}
