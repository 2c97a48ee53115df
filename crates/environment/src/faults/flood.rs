//! A client takes every connection of a cluster for ordinary accounts, and returns them.

use super::{Done, Heal, Healed, Tell, cluster_of};
use crate::Environment;
use crate::servers::flood::Flood;

struct Flooded {
    on: String,
    flood: Flood,
}

pub(super) async fn inject(environment: &mut Environment, on: &str) -> Done {
    let flood = Flood::begin(environment.cluster(cluster_of(on)), &environment.context.redactor).await?;
    let words = format!("{} connections of {on} are taken", flood.connections());
    Ok(Flooded { on: on.to_owned(), flood }.done(words))
}

impl Heal for Flooded {
    async fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> Healed {
        self.flood.end(environment.cluster(cluster_of(&self.on))).await?;
        tell(format!("the connections of {} are given back", self.on));
        Ok(None)
    }
}
