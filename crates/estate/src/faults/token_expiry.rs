//! The token of the credentials' client expires, and the client gets another one.

use futures_util::future::BoxFuture;

use super::{Done, Heal, StandbysLost, Tell};
use crate::{Estate, EstateError};

struct Expired;

pub(super) async fn inject(estate: &mut Estate) -> Done {
    estate.expire_client().await?;
    Ok((Box::new(Expired), "the client's token has expired".to_owned()))
}

impl Heal for Expired {
    fn heal<'a>(
        self: Box<Self>,
        estate: &'a mut Estate,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, Result<StandbysLost, EstateError>> {
        Box::pin(async move {
            estate.log_client_in_again().await?;
            tell("the client has a new token".to_owned());
            Ok(None)
        })
    }
}
