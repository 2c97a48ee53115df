//! A server is killed, and started again.

use super::{Done, Heal, Healed, Tell, done_to};
use crate::Environment;

/// A server that has ended.
pub(super) struct Ended {
    pub(super) server: String,
}

pub(super) async fn inject(environment: &mut Environment, on: &str) -> Done {
    let server = environment.server_of(on).await?;
    for server in environment.each(&server) {
        environment.kill(&server).await;
    }
    let words = done_to(&server, "killed");
    Ok(Ended { server }.done(words))
}

impl Heal for Ended {
    async fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> Healed {
        for server in environment.each(&self.server) {
            environment.start_again(&server).await?;
            tell(format!("{server} is started again"));
        }
        environment.settle(&self.server, tell).await?;
        Ok(environment.standbys_lost(&self.server).await)
    }
}
