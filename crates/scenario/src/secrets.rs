//! The secrets that a scenario's texts hold.

use std::sync::LazyLock;

use regex::Regex;

/// What says, in SQL, in a URL, in an assignment or in a command, that the text after it is a password. The secret is
/// the group `secret`.
static NETS: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    [
        // SQL: PASSWORD '…'
        r"(?i)\bPASSWORD\s+E?'(?<secret>(?:[^']|'')+)'",
        // URL: scheme://user:…@host
        r"[a-z][a-z0-9+.-]*://[^:@/\s{}]+:(?<secret>[^@\s{}]+)@",
        // TOML, shell, connection strings: password = "…", PGPASSWORD='…', --password=…
        r#"(?i)(?:password|passwd|secret|token|private_key)\s*=\s*"(?<secret>[^"\n]+)""#,
        r"(?i)(?:password|passwd|secret|token|private_key)\s*=\s*'(?<secret>[^'\n]+)'",
        r#"(?i)(?:password|passwd|secret|token|private_key)=(?<secret>[^\s"',&;]+)"#,
    ]
    .map(|pattern| Regex::new(pattern).expect("a pattern written here and tested below"))
});

/// The same text with every password that it shows blanked out, byte for byte, so that spans still fit.
pub(crate) fn blank(text: &str) -> String {
    let mut blanked = text.to_owned();
    for found in spans(text) {
        let stars = "*".repeat(found.len());
        blanked.replace_range(found, &stars);
    }
    blanked
}

/// Where a text shows passwords, in order, without overlaps. A template (`{{password}}`), a variable (`$PGPASSWORD`,
/// `${…}`) and a stored hash are none.
pub(crate) fn spans(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = NETS
        .iter()
        .flat_map(|net| net.captures_iter(text))
        .filter_map(|captures| captures.name("secret"))
        .filter(|secret| is_secret(secret.as_str()))
        .map(|secret| secret.range())
        .collect();
    found.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut end = 0;
    found.retain(|range| {
        let keep = range.start >= end;
        if keep {
            end = range.end;
        }
        keep
    });
    found
}

/// Whether the value under `key` of a `vault write` is a secret. `password_policy` and `password_authentication` are
/// none.
pub(crate) fn is_secret_key(key: &str) -> bool {
    const ENDS: [&str; 6] = ["password", "passphrase", "secret", "token", "secret_key", "private_key"];
    let key = key.to_ascii_lowercase();
    ENDS.iter().any(|end| key == *end || key.strip_suffix(end).is_some_and(|rest| rest.ends_with('_')))
}

fn is_secret(text: &str) -> bool {
    let variable = text.starts_with('$') || text.contains("{{");
    let hash = text.starts_with("SCRAM-SHA-256$") || (text.starts_with("md5") && text.len() == 35);
    !variable && !hash && text != "***"
}

#[cfg(test)]
mod tests {
    use super::{blank, is_secret_key};

    #[test]
    fn passwords_are_blanked_out_byte_for_byte() {
        for (text, blanked) in [
            ("CREATE ROLE a PASSWORD 'ab''c';", "CREATE ROLE a PASSWORD '*****';"),
            ("postgresql://u:pw@h/d", "postgresql://u:**@h/d"),
            ("password = \"säure\"", "password = \"******\""),
            ("PGPASSWORD=abc psql", "PGPASSWORD=*** psql"),
            ("password='it', token = 'x'", "password='**', token = '*'"),
        ] {
            assert_eq!(blank(text), blanked);
            assert_eq!(blank(text).len(), text.len());
        }
        for text in [
            "PASSWORD '{{password}}'",
            "postgresql://{{username}}:{{password}}@h/d",
            "password=$PGPASSWORD",
            "password_authentication = \"scram-sha-256\"",
            "PASSWORD 'SCRAM-SHA-256$4096:aa==$bb=:cc='",
        ] {
            assert_eq!(blank(text), text);
        }
    }

    #[test]
    fn keys_of_secrets_are_known() {
        for (key, secret) in [
            ("password", true),
            ("root_password", true),
            ("private_key", true),
            ("TOKEN", true),
            ("password_policy", false),
            ("password_authentication", false),
            ("username", false),
        ] {
            assert_eq!(is_secret_key(key), secret, "{key}");
        }
    }
}
