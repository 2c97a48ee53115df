//! Every process of a server is frozen, and continued.

use super::{Done, Heal, Healed, Tell, done_to};
use crate::Environment;

struct Frozen {
    server: String,
}

pub(super) async fn inject(environment: &mut Environment, on: &str) -> Done {
    let server = environment.server_of(on).await?;
    environment.each(&server).iter().for_each(|server| environment.freeze(server));
    let words = done_to(&server, "frozen");
    Ok(Frozen { server }.done(words))
}

impl Heal for Frozen {
    async fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> Healed {
        for server in environment.each(&self.server) {
            environment.thaw(&server);
            tell(format!("{server} goes on"));
        }
        environment.settle(&self.server, tell).await?;
        Ok(environment.standbys_lost(&self.server).await)
    }
}
