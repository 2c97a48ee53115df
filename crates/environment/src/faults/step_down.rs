//! Vault's active node steps down.

use super::{Done, Heal, Healed, Tell, done_to};
use crate::Environment;

struct SteppedDown;

pub(super) async fn inject(environment: &mut Environment, on: &str) -> Done {
    let server = environment.server_of(on).await?;
    environment.vault.tell(&server, "sys/step-down", "step down").await?;
    Ok(SteppedDown.done(done_to(&server, "asked to step down")))
}

impl Heal for SteppedDown {
    async fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> Healed {
        let active = environment.vault.active_node().await?;
        tell(format!("{active} is active"));
        Ok(None)
    }
}
