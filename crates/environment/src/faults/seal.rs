//! Vault is sealed, and unsealed.

use super::{Done, Heal, Healed, Tell, done_to};
use crate::Environment;

struct Sealed {
    node: String,
}

pub(super) async fn inject(estate: &mut Environment, on: &str) -> Done {
    let node = estate.server_of(on).await?;
    estate.vault.tell(&node, "sys/seal", "seal itself").await?;
    let words = done_to(&node, "sealed");
    Ok(Sealed { node }.done(words))
}

impl Heal for Sealed {
    async fn heal(self, estate: &mut Environment, tell: Tell<'_>) -> Healed {
        estate.vault.unseal_again(&self.node, &estate.context).await?;
        tell(format!("{} is unsealed", self.node));
        Ok(None)
    }
}
