//! Facts: how Vault and PostgreSQL behave, independent of any promise. Each fact has its own file with the claim, how it
//! is shown, its source, and the code that tests it on real servers. The result is confirmed, refuted or undecided, with
//! expected and actual values.
//!
//! This crate never reads a scenario and judges no environment.

mod context;
mod expect;
mod fact;
mod facts;
mod listed;
mod many;
mod moments;
mod page;
mod proof;
mod prove;
mod servers;

pub use context::FactContext;
pub use expect::{Answered, Expect};
pub use fact::{Exception, Fact, Ground, Otherwise, Prove};
pub use facts::{CATALOGUE, UnknownFact, find};
pub use page::facts_markdown;
pub use proof::{Obstacle, Proof, Proofs, Standing, Step};
pub use prove::{Asked, prove};
