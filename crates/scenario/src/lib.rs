//! Scenario files, read whole and turned into a checked [`Plan`]: what is promised of an estate, how it is set up and
//! what is done to it.
//!
//! Every problem of a file is told in one pass, with its line and the nearest right name. The room reads the files it
//! is given and nothing else; it starts nothing and judges nothing.

mod plan;

pub use plan::*;
