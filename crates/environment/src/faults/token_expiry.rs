//! The token of the credentials' client expires, and the client gets another one.

use super::{Done, Heal, Healed, Tell};
use crate::Environment;

struct Expired;

pub(super) async fn inject(environment: &mut Environment) -> Done {
    environment.expire_client().await?;
    Ok(Expired.done("the client's token has expired".to_owned()))
}

impl Heal for Expired {
    async fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> Healed {
        environment.log_client_in_again().await?;
        tell("the client has a new token".to_owned());
        Ok(None)
    }
}
