//! Reads scenario files and turns them into a checked [`Plan`]: the promises about an environment, its setup, and the
//! load.
//!
//! All problems of a file are reported at once, with line and a similar valid name. This crate reads only the files
//! that it is given; it starts nothing and judges nothing.
//!
//! The steps: `layers` reads the file, the scenario that it extends, the profile and `--set` into one tree with the
//! place of each value; `fit` checks it against the shape in `keys`; `build` turns it into the plan and resolves every
//! name; `asks` determines the checks that the promises add.

mod address;
mod asks;
mod build;
mod discover;
mod excerpt;
mod file;
mod fit;
mod form;
#[cfg(fuzzing)]
pub mod fuzzing;
mod grant;
mod keys;
mod layers;
mod lint;
mod load;
mod merge;
mod near;
mod node;
mod place;
mod placeholder;
mod plan;
mod problem;
mod route;
mod schema;
mod secrets;
mod shape;
mod sql;
mod stored;
mod template;
mod text;
mod username;
mod value;
mod without;

pub use discover::{Listed, discover};
pub use layers::LoadOptions;
pub use load::{check, load};
pub use near::nearest;
pub use plan::*;
pub use problem::Problems;
pub use schema::json_schema;
pub use stored::NoPlan;
pub use template::template;
