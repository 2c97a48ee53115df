//! Sessions of PostgreSQL, snapshots of its catalog, and the exact set of privileges that a role has, and why.
//!
//! A [`Session`] does what a client of the environment would do; the [`Observer`] uses the harness's own account and
//! only reads. This crate does not depend on Vault, never judges what it reads, and never shows a password in an error
//! or a `Debug`.

mod capped;
mod dependencies;
mod encryption;
mod error;
mod kind;
mod literal;
mod login;
mod notes;
mod objects;
mod observer;
mod prepared;
mod privileges;
mod probe;
mod removal;
mod roles;
mod session;
mod sessions;
mod url;

pub use encryption::{BadEncryption, Encryption, EncryptionFiles};
pub use error::Error;
pub use literal::literal;
pub use login::Login;
pub use observer::{Clock, Observer};
pub use probe::{Facts, Function, Prober, Recipe, Relation, RelationColumn, Way};
pub use removal::{Removal, RemovalStep};
pub use session::Session;
pub use url::BadUrl;
