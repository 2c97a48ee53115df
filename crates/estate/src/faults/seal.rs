//! Vault is sealed, and unsealed.

use futures_util::future::BoxFuture;

use super::{Done, Heal, StandbysLost, Tell, done_to};
use crate::{Estate, EstateError};

struct Sealed {
    node: String,
}

pub(super) async fn inject(estate: &mut Estate, on: &str) -> Done {
    let node = estate.server_of(on).await?;
    estate.vault.tell(&node, "sys/seal", "seal itself").await?;
    let words = done_to(&node, "sealed");
    Ok((Box::new(Sealed { node }), words))
}

impl Heal for Sealed {
    fn heal<'a>(
        self: Box<Self>,
        estate: &'a mut Estate,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, Result<StandbysLost, EstateError>> {
        Box::pin(async move {
            estate.vault.unseal_again(&self.node, &estate.site).await?;
            tell(format!("{} is unsealed", self.node));
            Ok(None)
        })
    }
}
