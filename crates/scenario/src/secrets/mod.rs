//! The secrets that a scenario holds: by the keys that they stand under, and by the texts around them.
//!
//! Two nets of different width. What is sent, stored and looked for in logs goes by [`is_secret_key`] and [`spans`], which
//! are certain: a word too much there would be found in every log. What people are shown of their own lines goes by
//! [`of_scenario`], [`of_argument`] and [`looks_secret`], which rather hide too much.

mod document;
mod key;
mod text;

pub(crate) use document::{of_argument, of_scenario};
pub(crate) use key::{is_secret_key, looks_secret};
pub(crate) use text::spans;
