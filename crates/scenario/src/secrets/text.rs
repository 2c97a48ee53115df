//! Secrets within texts: SQL, URLs, connection strings, scripts, JSON.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::sql::{Kind, tokens};

/// What says, in a URL, in an assignment, in JSON or in a command, that the text after it is a secret. The secret is the
/// group `secret`.
static NETS: LazyLock<[Regex; 8]> = LazyLock::new(|| {
    const WORD: &str = "(?:password|passwd|passphrase|secrets?|token|private_key|secret_key|secret_id|api_key)";
    [
        // SQL, where it stands in a text that is none: PASSWORD '…'
        r"(?i)\bPASSWORD\s+E?'(?<secret>(?:[^']|'')+)'".to_owned(),
        // URL: scheme://user:…@host
        r#"[A-Za-z][A-Za-z0-9+.-]*://[^:@/\s"'{}]*:(?<secret>[^\s"'<>]+)@"#.to_owned(),
        // TOML, shell, connection strings: password = "…", PGPASSWORD='…', --password=…
        format!(r#"(?i){WORD}\s*=\s*"(?<secret>(?:[^"\\\n]|\\.)+)""#),
        format!(r"(?i){WORD}\s*=\s*'(?<secret>(?:[^'\\\n]|\\.)+)'"),
        format!(r#"(?i){WORD}=(?<secret>[^\s"',&;]+)"#),
        // JSON: "password": "…", also within quotes of its own
        format!(r#"(?i)\\?"[\w.-]*{WORD}\\?"\s*:\s*\\?"(?<secret>(?:[^"\\\n]|\\[^"])+)\\?""#),
        // HTTP: X-Vault-Token: …, Authorization: Bearer …
        r#"(?i)\b(?:x-vault-token|x-[\w-]*(?:token|key|secret)|authorization)\s*:\s*(?:(?:bearer|basic)\s+)?(?<secret>[^\s"'\\]+)"#
            .to_owned(),
        // Commands: --password …, --token …
        r#"(?i)--(?:password|passphrase|token|secret(?:-id)?)\s+["']?(?<secret>[^\s"'-][^\s"']*)"#.to_owned(),
    ]
    .map(|pattern| Regex::new(&pattern).expect("a pattern written here and tested below"))
});

/// Where a text shows secrets, in order, without overlaps. A template (`{{password}}`), a variable (`$PGPASSWORD`,
/// `${…}`) and a stored hash are none.
pub(crate) fn spans(text: &str) -> Vec<Range<usize>> {
    let nets = NETS.iter().flat_map(|net| net.captures_iter(text)).filter_map(|captures| captures.name("secret"));
    let nets = nets.map(|secret| secret.range()).filter(|secret| !is_variable(&text[secret.clone()]));
    let literals = literals(text).into_iter().filter(|secret| !is_template(&text[secret.clone()]));
    in_order(nets.chain(literals).filter(|secret| !is_masked(&text[secret.clone()])).collect())
}

/// Sorted, without overlaps.
pub(crate) fn in_order(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut kept: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match kept.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => kept.push(span),
        }
    }
    kept
}

/// What SQL says is a password: the literal after the word, however it is quoted.
fn literals(text: &str) -> Vec<Range<usize>> {
    let is_password = |word: &str| word.eq_ignore_ascii_case("password");
    if !text.to_ascii_lowercase().contains("password") {
        return Vec::new();
    }
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut said = false;
    for token in tokens.iter().filter(|token| token.kind != Kind::Comment) {
        match token.kind {
            Kind::Word => {
                said = is_password(&text[token.span.clone()]) || (said && is_prefix(&text[token.span.clone()]))
            }
            // PASSWORD = '…', U&'…'
            Kind::Sign => said &= matches!(&text[token.span.clone()], "=" | "&"),
            Kind::Literal | Kind::Dollar => {
                if said && !token.inner.is_empty() {
                    found.push(token.inner.clone());
                }
                said = false;
            }
            Kind::Name | Kind::Comment => said = is_password(&text[token.inner.clone()]),
        }
    }
    // A function's body is SQL of its own.
    let bodies = tokens.iter().filter(|token| token.kind == Kind::Dollar && !found.contains(&token.inner));
    let within: Vec<Range<usize>> = bodies
        .flat_map(|body| {
            let start = body.inner.start;
            literals(&text[body.inner.clone()]).into_iter().map(move |span| start + span.start..start + span.end)
        })
        .collect();
    found.extend(within);
    found
}

/// The letter before a literal: `U&'…'`, `N'…'`.
fn is_prefix(word: &str) -> bool {
    matches!(word, "U" | "u" | "N" | "n")
}

/// `{{password}}`, `${…}`: filled in later.
fn is_template(text: &str) -> bool {
    (text.starts_with("{{") && text.ends_with("}}")) || (text.starts_with("${") && text.ends_with('}'))
}

/// The same, or a shell's variable.
fn is_variable(text: &str) -> bool {
    text.starts_with('$') || text.contains("{{")
}

/// A stored hash, or what stands for a secret already.
fn is_masked(text: &str) -> bool {
    text.starts_with("SCRAM-SHA-256$") || (text.starts_with("md5") && text.len() == 35) || text == "***"
}

#[cfg(test)]
mod tests {
    use super::spans;

    fn blank(text: &str) -> String {
        let mut blanked = text.to_owned();
        for found in spans(text) {
            let stars = "*".repeat(found.len());
            blanked.replace_range(found, &stars);
        }
        blanked
    }

    #[test]
    fn secrets_are_blanked_out_byte_for_byte() {
        for (text, blanked) in [
            ("CREATE ROLE a PASSWORD 'ab''c';", "CREATE ROLE a PASSWORD '*****';"),
            ("CREATE ROLE a PASSWORD $$ab$$;", "CREATE ROLE a PASSWORD $$**$$;"),
            ("PASSWORD $x$a'b$x$", "PASSWORD $x$***$x$"),
            ("PASSWORD '$ab'", "PASSWORD '***'"),
            (r"password /* why */ E'a\'b'", r"password /* why */ E'****'"),
            ("OPTIONS (user 'x', \"password\" 'abc')", "OPTIONS (user 'x', \"password\" '***')"),
            ("DO $$ BEGIN ALTER ROLE a PASSWORD 'abc'; END $$", "DO $$ BEGIN ALTER ROLE a PASSWORD '***'; END $$"),
            ("postgresql://u:pw@h/d", "postgresql://u:**@h/d"),
            ("postgresql://u:p@w/x@h/d", "postgresql://u:*****@h/d"),
            ("password = \"säure\"", "password = \"******\""),
            (r#"password = "a\"bc""#, r#"password = "*****""#),
            ("PGPASSWORD=abc psql", "PGPASSWORD=*** psql"),
            ("password='it', token = 'x'", "password='**', token = '*'"),
            (r#"curl -d '{"password":"abc"}'"#, r#"curl -d '{"password":"***"}'"#),
            (r#"{\"client_secret\": \"abc\"}"#, r#"{\"client_secret\": \"***\"}"#),
            ("-H 'X-Vault-Token: abc' x", "-H 'X-Vault-Token: ***' x"),
            ("Authorization: Bearer abc", "Authorization: Bearer ***"),
            ("vault login --token abc", "vault login --token ***"),
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
            "X-Vault-Token: $VAULT_TOKEN",
            "SELECT password FROM users WHERE name = 'ada'",
        ] {
            assert_eq!(blank(text), text);
        }
    }
}
