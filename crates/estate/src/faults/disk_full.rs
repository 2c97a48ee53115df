//! The small file system with PostgreSQL's data is filled, and has room again.

use std::path::PathBuf;

use futures_util::future::BoxFuture;

use super::{Done, Heal, StandbysLost, Tell};
use crate::{Estate, EstateError, disk};

struct Filled {
    server: String,
    filler: PathBuf,
}

pub(super) async fn inject(estate: &mut Estate, on: &str) -> Done {
    let server = estate.server_of(on).await?;
    let member = estate.member(&server);
    member.child.want_end();
    let filler = disk::fill(member).await?;
    let words = format!("the disk of {server} is full");
    Ok((Box::new(Filled { server, filler }), words))
}

impl Heal for Filled {
    fn heal<'a>(
        self: Box<Self>,
        estate: &'a mut Estate,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, Result<StandbysLost, EstateError>> {
        Box::pin(async move {
            disk::clear(&self.filler)?;
            let ended = estate.recover(&self.server).await?;
            let how = if ended { "had ended, and is started again with room" } else { "has room again" };
            tell(format!("{} {how}", self.server));
            Ok(None)
        })
    }
}
