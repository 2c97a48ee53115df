//! Stands real servers up, applies the set-up and tears down.
