//! A client takes every connection of a cluster for ordinary accounts, and returns them.

use super::{Done, Heal, Healed, Tell, cluster_of};
use crate::Environment;
use crate::flood::Flood;

struct Flooded {
    on: String,
    flood: Flood,
}

pub(super) async fn inject(estate: &mut Environment, on: &str) -> Done {
    let flood = Flood::begin(estate.cluster(cluster_of(on)), &estate.context.redactor).await?;
    let words = format!("{} connections of {on} are taken", flood.connections());
    Ok(Flooded { on: on.to_owned(), flood }.done(words))
}

impl Heal for Flooded {
    async fn heal(self, estate: &mut Environment, tell: Tell<'_>) -> Healed {
        self.flood.end(estate.cluster(cluster_of(&self.on))).await?;
        tell(format!("the connections of {} are given back", self.on));
        Ok(None)
    }
}
