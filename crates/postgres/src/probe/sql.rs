//! Names in statements.

/// A name between quotes, whatever is in it.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name with its schema.
pub(super) fn qualified(schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", identifier(schema), identifier(name)),
        None => identifier(name),
    }
}

/// A text between quotes that means the same whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// Whether a server's words name something, in any language: the name stands there whole.
pub(super) fn names(words: &str, name: &str) -> bool {
    let joins = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    words
        .match_indices(name)
        .any(|(at, _)| !joins(words[..at].chars().next_back()) && !joins(words[at + name.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::{identifier, literal, names, qualified};

    #[test]
    fn names_and_texts_are_quoted_whole() {
        assert_eq!(identifier("Mixed \"Case\""), "\"Mixed \"\"Case\"\"\"");
        assert_eq!(qualified(Some("app"), "orders"), "\"app\".\"orders\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
    }

    #[test]
    fn a_name_is_found_only_where_it_stands_whole() {
        assert!(names("permission denied for table orders", "orders"));
        assert!(names("keine Berechtigung für Tabelle orders", "orders"));
        assert!(names("テーブルordersへのアクセスが拒否されました", "orders"));
        assert!(names("permission denied to create temporary tables in database \"shop\"", "shop"));
        assert!(!names("permission denied for table orders_raw", "orders"));
        assert!(!names("permission denied for table preorders", "orders"));
        assert!(!names("permission denied for schema app", "orders"));
    }
}
