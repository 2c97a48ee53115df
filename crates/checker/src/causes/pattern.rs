//! What a finding says, without what differs from one credential, moment or port to the next.

use std::sync::LazyLock;

use leaseproof_domain::{Finding, LeaseId, Username};
use regex::{Captures, Regex};

/// What stands for a text that was left out.
const LEFT_OUT: &str = "…";

/// Codes (kept), time stamps and UUIDs (left out), and single words.
static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?P<code>HTTP [0-9]{3}\b|SQLSTATE [0-9A-Z]{5}\b)|(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}[0-9.:Z+]*|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)|[\p{L}\p{N}]+",
    )
});
/// Numbers, with a unit or without: `16433`, `250ms`, `1h30m`.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:[0-9]+(?:ns|µs|us|ms|s|m|h|d|kB|MB|GB)?)+$"));
/// What is left out on both sides of a point, colon or dash is one thing: `127.0.0.1:5432`, `3.605`.
static JOINED: LazyLock<Regex> = LazyLock::new(|| regex(r"…(?:(?:->|[.:_/+-])*…)+"));
/// A server's words as findings quote them.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| regex(r"(?:HTTP [0-9]{3}|SQLSTATE [0-9A-Z]{5}): "));

fn regex(text: &str) -> Regex {
    Regex::new(text).expect("a fixed pattern that the tests compile")
}

/// The words of a finding, in two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// For people: the whole sentence.
    pub(crate) shown: String,
    /// What the findings of one cause have in common: a server's own words where they are quoted, else the sentence.
    pub(crate) key: String,
}

impl Pattern {
    pub(crate) fn of(finding: &Finding) -> Self {
        let own = [
            finding.privilege.as_deref(),
            finding.lease.as_ref().map(LeaseId::as_str),
            finding.username.as_ref().map(Username::as_str),
        ];
        let mut text = finding.what.clone();
        for name in own.into_iter().flatten().filter(|name| !name.is_empty()) {
            text = text.replace(name, LEFT_OUT);
        }
        let shown = normal(&text);
        let key = server_words(&shown).unwrap_or(&shown).to_owned();
        Self { shown, key }
    }
}

/// The part of a sentence that quotes a server, without what was expected of it.
fn server_words(text: &str) -> Option<&str> {
    let words = &text[QUOTED.find(text)?.start()..];
    Some(words.rfind("; it has to ").map_or(words, |end| &words[..end]))
}

/// The text with numbers, times, addresses and generated names left out.
pub fn without_details(text: &str) -> String {
    normal(text)
}

fn normal(text: &str) -> String {
    let words = WORDS.replace_all(text, |found: &Captures<'_>| {
        let word = &found[0];
        let kept = found.name("code").is_some() || (found.name("stamp").is_none() && !is_left_out(word));
        if kept { word.to_owned() } else { LEFT_OUT.to_owned() }
    });
    JOINED.replace_all(&words, LEFT_OUT).into_owned()
}

/// Vault's usernames have 20 random letters and digits, its lease ids 24; hashes and ids of requests have at least eight
/// hexadecimal digits.
fn is_left_out(word: &str) -> bool {
    let digit = word.contains(|c: char| c.is_ascii_digit());
    let letter = word.contains(|c: char| c.is_alphabetic());
    let hex = word.len() >= 8 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    NUMBER.is_match(word) || (digit && (hex || (letter && word.len() >= 16)))
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{Finding, LeaseId, Username};

    use super::{Pattern, normal};

    #[test]
    fn what_differs_by_chance_is_left_out_and_codes_stay() {
        for (text, left) in [
            ("the issue was answered HTTP 500: no", "the issue was answered HTTP 500: no"),
            ("SQLSTATE 28P01: password authentication failed", "SQLSTATE 28P01: password authentication failed"),
            ("dial tcp 127.0.0.1:51234->127.0.0.1:15001: refused", "dial tcp …: refused"),
            ("3.605 s after its lease, more than 2s", "… s after its lease, more than …"),
            ("role v-token-app-x1Y2z3x1y2z3x1y2z3x1-1795388284 is there", "role v-token-app-… is there"),
            ("oid 16433 in table t2 of node-2", "oid … in table t2 of node-…"),
            ("at 2026-11-30T09:31:00.123Z it ended", "at … it ended"),
            ("request 6d1b6a5e-7a57-0f4d-3c2e-0a1b2c3d4e5f", "request …"),
            ("HTTP 500 is no HTTP 5000", "HTTP 500 is no HTTP …"),
            ("SELECT ON TABLE public.orders2024", "SELECT ON TABLE public.orders2024"),
        ] {
            assert_eq!(normal(text), left);
        }
    }

    #[test]
    fn a_credential_s_own_name_is_left_out_whatever_its_form() {
        let finding = Finding {
            what: "app_jane was let in 2.1 s after its revocation of db/creds/app/short".into(),
            username: Some(Username::new("app_jane")),
            lease: Some(LeaseId::new("db/creds/app/short")),
            ..Finding::default()
        };
        assert_eq!(Pattern::of(&finding).shown, "… was let in … s after its revocation of …");
    }

    #[test]
    fn a_server_s_words_are_what_findings_have_in_common() {
        let key = |what: &str| Pattern::of(&Finding { what: what.into(), ..Finding::default() }).key;
        let one = key(
            "the revocation of a was answered HTTP 500: role b9 cannot (SQLSTATE 2BP01); it has to answer HTTP 204",
        );
        assert_eq!(one, "HTTP 500: role b9 cannot (SQLSTATE 2BP01)");
        let (login, relogin) =
            ("refused twice, the last SQLSTATE 28P01: no", "a login was refused: SQLSTATE 28P01: no");
        assert_eq!(key(login), key(relogin));
    }
}
