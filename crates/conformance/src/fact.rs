use std::fmt;
use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;

use leaseproof_environment::Bare;

use crate::{FactContext, Obstacle};

/// A claim about the servers' behavior.
pub struct Fact {
    /// Its stable id, e.g. `ISS-7`.
    pub id: &'static str,
    /// What is claimed, in one sentence.
    pub says: &'static str,
    /// How it is shown: what is done, and what is observed.
    pub shown: &'static str,
    /// The source of the claim: a server's source file, or a measurement.
    pub source: &'static str,
    /// The servers that it needs.
    pub ground: Ground,
    /// Whether its test takes minutes.
    pub slow: bool,
    /// Where the claim is known not to hold.
    pub exceptions: &'static [Exception],
    /// Tests it: creates what it needs and records each expectation with the actual result.
    pub prove: Prove,
}

/// The test of a fact. An obstacle makes the fact undecided.
pub type Prove = for<'b> fn(&'b mut FactContext) -> Pin<Box<dyn Future<Output = Result<(), Obstacle>> + Send + 'b>>;

/// The servers that a fact needs.
#[derive(Clone, Copy)]
pub enum Ground {
    /// Servers that facts share: the test does not disturb other tests.
    Shared,
    /// Its own servers, because it breaks them or needs another configuration. The function changes the configuration of
    /// the bare environment.
    Own(fn(&mut Bare)),
}

/// A case in which a fact does not hold, with the reason.
#[derive(Clone, Debug)]
pub struct Exception {
    /// The case.
    pub with: Otherwise,
    /// The reason.
    pub why: &'static str,
}

/// The versions or layouts with which a fact does not hold.
#[derive(Clone, Debug)]
pub enum Otherwise {
    /// These major versions of PostgreSQL.
    Postgres(RangeInclusive<u32>),
    /// A cluster behind HAProxy.
    Proxy,
}

impl Fact {
    /// The reason why it is known not to hold in that major version of PostgreSQL, or behind a proxy.
    pub fn exception(&self, postgres: u32, proxied: bool) -> Option<&'static str> {
        let otherwise = |with: &Otherwise| match with {
            Otherwise::Postgres(versions) => versions.contains(&postgres),
            Otherwise::Proxy => proxied,
        };
        self.exceptions.iter().find(|exception| otherwise(&exception.with)).map(|exception| exception.why)
    }
}

impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fact").field("id", &self.id).field("says", &self.says).finish_non_exhaustive()
    }
}
