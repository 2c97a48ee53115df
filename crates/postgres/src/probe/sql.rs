//! Names in statements.

use postgres_protocol::escape::escape_identifier;

/// A name with its schema.
pub(super) fn qualified(schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", escape_identifier(schema), escape_identifier(name)),
        None => escape_identifier(name),
    }
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
    use super::{names, qualified};

    #[test]
    fn names_are_quoted_whole() {
        assert_eq!(qualified(None, "Mixed \"Case\""), "\"Mixed \"\"Case\"\"\"");
        assert_eq!(qualified(Some("app"), "orders"), "\"app\".\"orders\"");
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
