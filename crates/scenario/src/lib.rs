//! Scenario files, read whole and turned into a checked [`Plan`]: what is promised of an estate, how it is set up and
//! what is done to it.
//!
//! Every problem of a file is told in one pass, with its line and the nearest right name. The room reads the files it
//! is given and nothing else; it starts nothing and judges nothing.
//!
//! The way through: `layers` reads the file, what it extends, the profile and `--set` into one tree that knows
//! where each value stands; `fit` holds it against the shape that `keys` writes down; `build` turns it into the plan
//! and looks every name up; `asks` says which checks the promises ask for.

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

pub use discover::{Listed, discover};
pub use layers::LoadOptions;
pub use load::{check, load};
pub use plan::*;
pub use problem::Problems;
pub use schema::json_schema;
pub use stored::NoPlan;
pub use template::template;
