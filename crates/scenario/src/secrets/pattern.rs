use regex::Regex;

/// A pattern that is written in the sources; tests build all of them.
pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern written here and tested below")
}
