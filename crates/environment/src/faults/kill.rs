//! A server is killed, and started again.

use super::{Done, Heal, Healed, Tell, done_to};
use crate::Environment;

/// A server that has ended.
pub(super) struct Ended {
    pub(super) server: String,
}

pub(super) async fn inject(estate: &mut Environment, on: &str) -> Done {
    let server = estate.server_of(on).await?;
    for server in estate.each(&server) {
        estate.kill(&server).await;
    }
    let words = done_to(&server, "killed");
    Ok(Ended { server }.done(words))
}

impl Heal for Ended {
    async fn heal(self, estate: &mut Environment, tell: Tell<'_>) -> Healed {
        for server in estate.each(&self.server) {
            estate.start_again(&server).await?;
            tell(format!("{server} is started again"));
        }
        estate.settle(&self.server, tell).await?;
        Ok(estate.standbys_lost(&self.server).await)
    }
}
