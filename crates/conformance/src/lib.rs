//! Facts: how Vault and PostgreSQL behave, whatever an estate promises. Each has a file of its own that says what is
//! claimed, how it is shown and where it comes from, and proves it on real servers: confirmed, refuted or undecided,
//! with what was expected and what came.
//!
//! The room never knows of a scenario and judges no estate.

mod bench;
mod expect;
mod fact;
mod facts;
mod looks;
mod many;
mod moments;
mod page;
mod proof;
mod prove;
mod servers;

pub use bench::Bench;
pub use expect::{Answered, Expect};
pub use fact::{Exception, Fact, Ground, Otherwise, Prove};
pub use facts::{CATALOGUE, UnknownFact, find};
pub use page::facts_markdown;
pub use proof::{Obstacle, Proof, Proofs, Standing, Step};
pub use prove::{Asked, prove};
