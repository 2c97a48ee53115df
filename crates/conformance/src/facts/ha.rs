//! What the facts of a Vault of two nodes share.

use std::time::{Duration, Instant};

use leaseproof_environment::{Bare, Storage};
use leaseproof_vault::{Client, Issued};

use crate::proof::Obstacle;
use crate::{Expect, FactContext};

/// How long one try may take: a node that is gone or frozen never answers.
const TRY: Duration = Duration::from_secs(2);

/// Two nodes on a storage in PostgreSQL, and what leads to the active one.
pub(super) fn two_nodes(bare: &mut Bare) {
    bare.storage = Storage::Postgresql;
    bare.vault_nodes = 2;
}

/// The active node and the other, by name, each asked itself.
pub(super) async fn turns(context: &mut FactContext) -> Result<((String, Client), (String, Client)), Obstacle> {
    let environment = context.environment();
    let active = environment.active_vault().await?;
    let mut nodes = environment.vault_nodes();
    let place = nodes.iter().position(|(name, _)| *name == active);
    let active = nodes.swap_remove(place.ok_or_else(|| Obstacle::of("no node is active"))?);
    let other = nodes.pop().ok_or_else(|| Obstacle::of("there is only one node"))?;
    Ok((active, other))
}

/// Asks for credentials where clients do until they are answered, and records that this came within a bound.
pub(super) async fn again(context: &mut FactContext, what: &str, bound: Duration) -> Result<Option<Issued>, Obstacle> {
    let client = context.root(TRY)?;
    let begun = Instant::now();
    loop {
        let answer = context.issue_with(&client, "reader").await;
        let took = begun.elapsed();
        if answer.is_ok() || took > bound {
            context.answers(format!("creds {:.1} s after {what}", took.as_secs_f64()), &answer, Expect::status(200));
            let (expected, got) = (format!("at most {} s", bound.as_secs()), format!("{:.1} s", took.as_secs_f64()));
            context.holds(format!("from {what} to creds"), expected, got, took <= bound);
            return Ok(answer.ok());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
