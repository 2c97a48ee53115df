//! Writes verdicts for people and for CI.
