//! Trying privileges out as the credential that is to hold them, without leaving a trace.
//!
//! A statement is chosen for each privilege whose outcome tells whether the server let it through, and that changes
//! nothing either way: it touches no row, or fails for another reason right after the server's check of privileges.
//! Everything runs under a savepoint that is rolled back to, with a short `lock_timeout`.

mod facts;
mod prober;
mod recipe;
mod sql;

pub use facts::{Facts, Function, Relation, RelationColumn};
pub use prober::Prober;
pub use recipe::{Recipe, Way};
