//! The small file system with PostgreSQL's data is filled, and has room again.

use std::path::PathBuf;

use super::{Done, Heal, Healed, Tell};
use crate::Environment;
use crate::servers::disk;

struct Filled {
    server: String,
    filler: PathBuf,
}

pub(super) async fn inject(environment: &mut Environment, on: &str) -> Done {
    let server = environment.server_of(on).await?;
    let member = environment.member(&server);
    member.child.want_end();
    let filler = disk::fill(member).await?;
    let words = format!("the disk of {server} is full");
    Ok(Filled { server, filler }.done(words))
}

impl Heal for Filled {
    async fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> Healed {
        disk::clear(&self.filler)?;
        let ended = environment.recover(&self.server).await?;
        let how = if ended { "had ended, and is started again with room" } else { "has room again" };
        tell(format!("{} {how}", self.server));
        Ok(None)
    }
}
