use std::fmt;
use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;

use leaseproof_estate::Bare;

use crate::{Bench, Obstacle};

/// One way in which the servers behave.
pub struct Fact {
    /// Its stable id, e.g. `ISS-7`.
    pub id: &'static str,
    /// What is claimed, in one sentence.
    pub says: &'static str,
    /// How it is shown: what is done, and what is looked at.
    pub shown: &'static str,
    /// Where the claim comes from: a server's source file, or a measurement.
    pub source: &'static str,
    /// Which servers it needs.
    pub ground: Ground,
    /// Whether it takes minutes by nature.
    pub slow: bool,
    /// The versions of PostgreSQL in which it is known to be otherwise.
    pub exceptions: &'static [Exception],
    /// Proves it: makes what it needs, does what it says, and records each expectation with what came.
    pub prove: Prove,
}

/// What a fact does on its bench. An obstacle makes it undecided.
pub type Prove = for<'b> fn(&'b mut Bench) -> Pin<Box<dyn Future<Output = Result<(), Obstacle>> + Send + 'b>>;

/// Which servers a fact needs.
#[derive(Clone, Copy)]
pub enum Ground {
    /// Those that facts share at the same time: it disturbs nobody.
    Shared,
    /// Servers of its own, because it breaks them or sets them up otherwise. The function changes what bare servers
    /// are; it is given a bare estate of the version asked for.
    Own(fn(&mut Bare)),
}

/// Where a fact does not hold, and why.
#[derive(Clone, Debug)]
pub struct Exception {
    /// Where.
    pub with: Otherwise,
    /// Why it is otherwise there.
    pub why: &'static str,
}

/// What a fact does not hold with.
#[derive(Clone, Debug)]
pub enum Otherwise {
    /// These major versions of PostgreSQL.
    Postgres(RangeInclusive<u32>),
    /// A cluster behind HAProxy.
    Proxy,
}

impl Fact {
    /// Why it is known not to hold in that major version of PostgreSQL, or behind a proxy.
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
