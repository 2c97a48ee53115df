//! Vault is sealed, and unsealed.

use super::{Done, Heal, Healed, Tell, done_to};
use crate::Environment;

struct Sealed {
    node: String,
}

pub(super) async fn inject(environment: &mut Environment, on: &str) -> Done {
    let node = environment.server_of(on).await?;
    environment.vault.tell(&node, "sys/seal", "seal itself").await?;
    let words = done_to(&node, "sealed");
    Ok(Sealed { node }.done(words))
}

impl Heal for Sealed {
    async fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> Healed {
        environment.vault.unseal_again(&self.node, &environment.context).await?;
        tell(format!("{} is unsealed", self.node));
        Ok(None)
    }
}
