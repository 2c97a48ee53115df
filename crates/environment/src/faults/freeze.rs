//! Every process of a server is frozen, and continued.

use super::{Done, Heal, Healed, Tell, done_to};
use crate::Environment;

struct Frozen {
    server: String,
}

pub(super) async fn inject(estate: &mut Environment, on: &str) -> Done {
    let server = estate.server_of(on).await?;
    estate.each(&server).iter().for_each(|server| estate.freeze(server));
    let words = done_to(&server, "frozen");
    Ok(Frozen { server }.done(words))
}

impl Heal for Frozen {
    async fn heal(self, estate: &mut Environment, tell: Tell<'_>) -> Healed {
        for server in estate.each(&self.server) {
            estate.thaw(&server);
            tell(format!("{server} goes on"));
        }
        estate.settle(&self.server, tell).await?;
        Ok(estate.standbys_lost(&self.server).await)
    }
}
