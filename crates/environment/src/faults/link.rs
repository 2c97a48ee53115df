//! The link between two members is cut or passes nothing, passes data late, or loses a part of it.

use leaseproof_domain::Ttl;

use super::{Heal, Healed, Injected, Tell};
use crate::{Environment, Link};

struct Disturbed {
    from: String,
    to: String,
}

/// Passes nothing, and keeps connections open.
pub(super) fn stall(environment: &Environment, from: &str, to: &str) -> (Injected, String) {
    environment.links.between(from, to).iter().for_each(Link::stall);
    disturbed(from, to, "hands nothing on")
}

/// Closes every connection.
pub(super) fn cut(environment: &Environment, from: &str, to: &str) -> (Injected, String) {
    environment.links.between(from, to).iter().for_each(Link::cut);
    disturbed(from, to, "is cut")
}

/// Passes each piece later.
pub(super) fn delay(environment: &Environment, from: &str, to: &str, by: Ttl) -> (Injected, String) {
    environment.links.between(from, to).iter().for_each(|link| link.delay(by.duration()));
    disturbed(from, to, &format!("hands on {by} later"))
}

/// Loses a share of the pieces.
pub(super) fn lose(environment: &Environment, from: &str, to: &str, share: f64) -> (Injected, String) {
    // Each of several ports has a draw of its own.
    for (seed, link) in (environment.links.seed()..).zip(environment.links.between(from, to)) {
        link.lose(share, seed);
    }
    disturbed(from, to, &format!("loses {:.0} % of what passes", share * 100.0))
}

fn disturbed(from: &str, to: &str, done: &str) -> (Injected, String) {
    let words = format!("the link between {from} and {to} {done}");
    Disturbed { from: from.to_owned(), to: to.to_owned() }.done(words)
}

impl Heal for Disturbed {
    async fn heal(self, environment: &mut Environment, tell: Tell<'_>) -> Healed {
        let Self { from, to } = self;
        environment.links.between(&from, &to).iter().for_each(Link::pass);
        tell(format!("the link between {from} and {to} hands on again"));
        Ok(None)
    }
}
