//! Vault limits the rate of requests to a mount.

use futures_util::future::BoxFuture;

use super::{Done, Heal, StandbysLost, Tell, done_to};
use crate::{Estate, EstateError};

struct Limited {
    node: String,
}

pub(super) async fn inject(estate: &mut Estate, on: &str, mount: &str, rate: f64) -> Done {
    let node = estate.server_of(on).await?;
    estate.vault.limit(mount, rate).await?;
    let words = done_to(&node, "told to limit the rate of requests");
    Ok((Box::new(Limited { node }), words))
}

impl Heal for Limited {
    fn heal<'a>(
        self: Box<Self>,
        estate: &'a mut Estate,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, Result<StandbysLost, EstateError>> {
        Box::pin(async move {
            estate.vault.unlimit().await?;
            tell(format!("{} has no limit", self.node));
            Ok(None)
        })
    }
}
