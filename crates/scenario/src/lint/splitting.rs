//! How Vault's PostgreSQL plugin takes a text of statements apart (plugins/database/postgresql/postgresql.go and
//! strutil.ParseArbitraryStringSlice of go-secure-stdlib).

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

use crate::text::Text;

/// What keeps Vault from splitting a text (postgresEndStatement).
pub(super) static END: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bEND\b").expect("a pattern written here"));
/// doubleQuotedPhrases and singleQuotedPhrases.
static QUOTED: LazyLock<[Regex; 2]> =
    LazyLock::new(|| [r#"".*?""#, "'.*?'"].map(|pattern| Regex::new(pattern).expect("a pattern written here")));

/// How a text is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// As it is written: it has an END.
    Whole,
    /// Each item of its JSON by itself.
    Items,
    /// In pieces, cut at each `;`.
    Split,
}

/// How Vault sends `text`, and the texts that it decodes from it: JSON, base64, or both.
pub(super) fn sent(text: &Text) -> (Sent, Vec<Text>) {
    if has_end(&text.text) {
        return (Sent::Whole, text.decoded(vec![text.text.clone()]));
    }
    let written = text.text.trim();
    let decoded = base64_of(written);
    let plain = decoded.as_deref().unwrap_or(written);
    match items(plain) {
        Some(items) => (Sent::Items, text.decoded(items)),
        None => (Sent::Split, text.decoded(vec![decoded.unwrap_or_else(|| text.text.clone())])),
    }
}

/// containsMultilineStatement: of all quoted phrases only the last one is left out.
pub(super) fn has_end(text: &str) -> bool {
    match QUOTED.iter().rev().find_map(|quoted| quoted.find_iter(text).last()) {
        Some(last) => END.is_match(&text.replace(last.as_str(), "")),
        None => END.is_match(text),
    }
}

/// The items of a list in JSON, as Go's `json.Unmarshal` reads it: null is an empty text, and no list is an empty one.
pub(super) fn items(text: &str) -> Option<Vec<String>> {
    let items: Option<Vec<Option<String>>> = serde_json::from_str(text.trim()).ok()?;
    Some(items.unwrap_or_default().into_iter().map(Option::unwrap_or_default).collect())
}

/// Go's decoder passes over the ends of lines.
fn base64_of(text: &str) -> Option<String> {
    let joined = text.replace(['\r', '\n'], "");
    let bytes = STANDARD.decode(joined).ok().filter(|bytes| !bytes.is_empty())?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::has_end;

    #[test]
    fn an_end_is_seen_where_vault_sees_it() {
        for (text, seen) in [
            ("DO $$ BEGIN PERFORM 1; END $$", true),
            ("DO $$ begin perform 1; end $$", false),
            ("COMMENT ON ROLE x IS 'END'", false),
            // Of two phrases only the last one is left out.
            ("SELECT 'END', 'x'", true),
            ("SELECT 1 /* don't */; DO $$ BEGIN PERFORM 1; END $$ /* isn't */", false),
            ("SELECT 1 -- don't\n; DO $$ BEGIN PERFORM 1; END $$", true),
            (r#"["DO $$ BEGIN PERFORM 1; END $$"]"#, false),
            ("THE_END", false),
        ] {
            assert_eq!(has_end(text), seen, "{text}");
        }
    }
}
