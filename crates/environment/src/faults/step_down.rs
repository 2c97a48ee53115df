//! Vault's active node steps down.

use super::{Done, Heal, Healed, Tell, done_to};
use crate::Environment;

struct SteppedDown;

pub(super) async fn inject(estate: &mut Environment, on: &str) -> Done {
    let server = estate.server_of(on).await?;
    estate.vault.tell(&server, "sys/step-down", "step down").await?;
    Ok(SteppedDown.done(done_to(&server, "told to step down")))
}

impl Heal for SteppedDown {
    async fn heal(self, estate: &mut Environment, tell: Tell<'_>) -> Healed {
        let active = estate.vault.active_node().await?;
        tell(format!("{active} is active"));
        Ok(None)
    }
}
