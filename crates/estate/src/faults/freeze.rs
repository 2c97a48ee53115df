//! Every process of a server is frozen, and continued.

use futures_util::future::BoxFuture;

use super::{Done, Heal, StandbysLost, Tell, done_to};
use crate::{Estate, EstateError};

struct Frozen {
    server: String,
}

pub(super) async fn inject(estate: &mut Estate, on: &str) -> Done {
    let server = estate.server_of(on).await?;
    estate.each(&server).iter().for_each(|server| estate.freeze(server));
    let words = done_to(&server, "frozen");
    Ok((Box::new(Frozen { server }), words))
}

impl Heal for Frozen {
    fn heal<'a>(
        self: Box<Self>,
        estate: &'a mut Estate,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, Result<StandbysLost, EstateError>> {
        Box::pin(async move {
            for server in estate.each(&self.server) {
                estate.thaw(&server);
                tell(format!("{server} goes on"));
            }
            estate.settle(&self.server, tell).await?;
            Ok(estate.standbys_lost(&self.server).await)
        })
    }
}
