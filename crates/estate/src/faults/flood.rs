//! A client takes every connection of a cluster for ordinary accounts, and returns them.

use futures_util::future::BoxFuture;

use super::{Done, Heal, StandbysLost, Tell, cluster_of};
use crate::flood::Flood;
use crate::{Estate, EstateError};

struct Flooded {
    on: String,
    flood: Flood,
}

pub(super) async fn inject(estate: &mut Estate, on: &str) -> Done {
    let flood = Flood::begin(estate.cluster(cluster_of(on)), &estate.site.redactor).await?;
    let words = format!("{} connections of {on} are taken", flood.connections());
    Ok((Box::new(Flooded { on: on.to_owned(), flood }), words))
}

impl Heal for Flooded {
    fn heal<'a>(
        self: Box<Self>,
        estate: &'a mut Estate,
        tell: Tell<'a>,
    ) -> BoxFuture<'a, Result<StandbysLost, EstateError>> {
        Box::pin(async move {
            self.flood.end(estate.cluster(cluster_of(&self.on))).await?;
            tell(format!("the connections of {} are given back", self.on));
            Ok(None)
        })
    }
}
