//! Vault limits the rate of requests to a mount.

use super::{Done, Heal, Healed, Tell, done_to};
use crate::Environment;

struct Limited {
    node: String,
}

pub(super) async fn inject(environment: &mut Environment, on: &str, mount: &str, rate: f64) -> Done {
    let node = environment.server_of(on).await?;
    environment.vault.limit(mount, rate).await?;
    let words = done_to(&node, "configured to limit the rate of requests");
    Ok(Limited { node }.done(words))
}

impl Heal for Limited {
    async fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> Healed {
        environment.vault.unlimit().await?;
        tell(format!("{} has no limit", self.node));
        Ok(None)
    }
}
