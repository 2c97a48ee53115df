//! The secrets that a scenario holds: by the keys that they stand under, and by the texts around them.
//!
//! Two nets of different width. What is sent, stored and looked for in logs goes by [`is_secret_key`] and [`values`], which
//! are certain: a word too much there would be found in every log. What people are shown of their own lines goes by
//! [`of_scenario`], [`of_argument`], [`doubtful_spans`] and [`looks_secret`], which rather hide too much.

mod commands;
mod document;
mod found;
mod insert;
mod key;
mod literal;
mod nets;
mod pattern;
mod programs;
mod shell;
mod sql;
mod text;
mod value;

pub(crate) use document::{Secrets, of_argument, of_scenario, of_text};
pub(crate) use key::{is_secret_key, looks_secret};
pub(crate) use text::{doubtful_spans, spans, values};
