//! Looks on while a run lasts.
