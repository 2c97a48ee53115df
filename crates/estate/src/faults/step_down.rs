//! Vault's active node steps down.

use futures_util::future::BoxFuture;

use super::{Done, Heal, StandbysLost, Tell, done_to};
use crate::{Estate, EstateError};

struct SteppedDown;

pub(super) async fn inject(estate: &mut Estate, on: &str) -> Done {
    let server = estate.server_of(on).await?;
    estate.vault.tell(&server, "sys/step-down", "step down").await?;
    Ok((Box::new(SteppedDown), done_to(&server, "told to step down")))
}

impl Heal for SteppedDown {
    fn heal<'a>(
        self: Box<Self>,
        estate: &'a mut Estate,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, Result<StandbysLost, EstateError>> {
        Box::pin(async move {
            let active = estate.vault.active_node().await?;
            tell(format!("{active} is active"));
            Ok(None)
        })
    }
}
