//! A server is killed, and started again.

use futures_util::future::BoxFuture;

use super::{Done, Heal, StandbysLost, Tell, done_to};
use crate::{Estate, EstateError};

/// A server that has ended.
pub(super) struct Ended {
    pub(super) server: String,
}

pub(super) async fn inject(estate: &mut Estate, on: &str) -> Done {
    let server = estate.server_of(on).await?;
    for server in estate.each(&server) {
        estate.kill(&server).await;
    }
    let words = done_to(&server, "killed");
    Ok((Box::new(Ended { server }), words))
}

impl Heal for Ended {
    fn heal<'a>(
        self: Box<Self>,
        estate: &'a mut Estate,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, Result<StandbysLost, EstateError>> {
        Box::pin(async move {
            for server in estate.each(&self.server) {
                estate.start_again(&server).await?;
                tell(format!("{server} is started again"));
            }
            estate.settle(&self.server, tell).await?;
            Ok(estate.standbys_lost(&self.server).await)
        })
    }
}
