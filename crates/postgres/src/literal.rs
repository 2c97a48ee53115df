use postgres_protocol::escape::escape_literal;

/// A text as SQL has it, whatever `standard_conforming_strings` says.
pub fn literal(text: &str) -> String {
    // The space before `E` is for a text that directly follows a word.
    escape_literal(text).trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn texts_are_quoted_whole() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        assert_eq!(literal(" a "), "' a '");
        assert_eq!(literal(" \\ "), "E' \\\\ '");
        assert_eq!(literal(""), "''");
    }
}
