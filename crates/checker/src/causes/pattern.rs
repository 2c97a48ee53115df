//! What a finding says, without what differs from one credential, moment or port to the next.

use std::sync::LazyLock;

use leaseproof_domain::{Finding, LeaseId, Username};
use regex::Regex;

use crate::fold::COULD_NOT_REVOKE;

/// How long the random part of a lease id is.
const LEASE_ID: usize = 24;
/// What stands for a text that was left out.
const LEFT_OUT: &str = "…";

/// Codes (kept), time stamps, UUIDs, the ends of Vault's usernames and verifiers of passwords (left out), and single words.
static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?P<code>HTTP [0-9]{3}\b|SQLSTATE [0-9A-Z]{5}\b)|(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}[0-9.:Z+]*|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[A-Za-z0-9]{20}-[0-9]{10}\b|SCRAM-SHA-256\$[0-9]+:[\w+/=]+\$[\w+/=]+:[\w+/=]+)|[\p{L}\p{N}]+",
    )
});
/// Numbers, with a unit or without: `16433`, `250ms`, `1h30m`.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:[0-9]+(?:ns|µs|us|ms|s|m|h|d|kB|MB|GB)?)+$"));
/// What is left out on both sides of a point, colon or dash is one thing: `127.0.0.1:5432`, `3.605`.
static JOINING: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:->|[.:_/+-])*$"));
/// A server's words as findings quote them.
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!("(?:HTTP [0-9]{{3}}: |SQLSTATE [0-9A-Z]{{5}}: |{COULD_NOT_REVOKE})")));
/// PostgreSQL's words as Vault passes them on, whatever it was asked for: its own message comes before them.
static PASSED_ON: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?s)failed to connect to `.*|(?:ERROR: |FATAL: ).*\(SQLSTATE [0-9A-Z]{5}\)"));
/// An address with a port: of one that is left out, both parts are distinguished.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| regex(r"^[0-9.]+(?::[0-9]+)?(?:->[0-9.]+(?::[0-9]+)?)?$"));
/// The parts of addresses.
static PARTS: LazyLock<Regex> = LazyLock::new(|| regex(r"->|:|[^:>-]+"));

pub(super) fn regex(text: &str) -> Regex {
    Regex::new(text).expect("a fixed pattern that the tests compile")
}

/// The words of a finding, in two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// For people: the whole sentence.
    pub(crate) shown: String,
    /// What the findings of one cause have in common: a server's own words where they are quoted, else the sentence.
    pub(crate) key: String,
    /// What was left out of the sentence, one text for each place.
    pub(crate) details: Vec<String>,
}

impl Pattern {
    /// `names` are generated ones that it quotes, beside those of its own credential.
    pub(crate) fn of(finding: &Finding, names: &[String]) -> Self {
        let own = [
            finding.privilege.as_deref(),
            finding.lease.as_ref().map(LeaseId::as_str),
            finding.username.as_ref().map(Username::as_str),
        ];
        let mut pieces = vec![Piece::Kept(finding.what.clone())];
        let names = names.iter().map(String::as_str);
        for name in own.into_iter().flatten().chain(names).filter(|name| !name.is_empty()) {
            pieces = pieces.into_iter().flat_map(|piece| piece.cut_out(name)).collect();
        }
        let (shown, details) = joined(pieces.into_iter().flat_map(Piece::without_details));
        let key = server_words(&shown).unwrap_or(&shown).to_owned();
        Self { shown, key, details }
    }
}

/// The sentence with the details that all findings have; what they differ in stays left out.
pub(crate) fn with_details(shown: &str, details: &[Option<String>]) -> String {
    let places = shown.matches(LEFT_OUT).count();
    if places != details.len() {
        return shown.to_owned();
    }
    let mut details = details.iter().map(|detail| detail.as_deref().unwrap_or(LEFT_OUT));
    let mut text = String::new();
    for (place, part) in shown.split(LEFT_OUT).enumerate() {
        if place > 0 {
            text.push_str(details.next().unwrap_or(LEFT_OUT));
        }
        text.push_str(part);
    }
    text
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Kept(String),
    LeftOut(String),
}

impl Piece {
    /// The piece with a name left out of it.
    fn cut_out(self, name: &str) -> Vec<Self> {
        let Self::Kept(text) = self else { return vec![self] };
        let mut pieces = Vec::new();
        for (place, part) in text.split(name).enumerate() {
            if place > 0 {
                pieces.push(Self::LeftOut(name.to_owned()));
            }
            pieces.push(Self::Kept(part.to_owned()));
        }
        pieces
    }

    /// The piece with numbers, times, addresses and generated names left out of it.
    fn without_details(self) -> Vec<Self> {
        let Self::Kept(text) = self else { return vec![self] };
        let mut pieces = Vec::new();
        let mut kept_from = 0;
        for found in WORDS.captures_iter(&text) {
            let Some(word) = found.get(0) else { continue };
            let kept = found.name("code").is_some() || (found.name("stamp").is_none() && !is_left_out(word.as_str()));
            if !kept {
                pieces.push(Self::Kept(text[kept_from..word.start()].to_owned()));
                pieces.push(Self::LeftOut(word.as_str().to_owned()));
                kept_from = word.end();
            }
        }
        pieces.push(Self::Kept(text[kept_from..].to_owned()));
        pieces
    }
}

/// The sentence of the pieces, and what is left out at each of its places.
fn joined(pieces: impl Iterator<Item = Piece>) -> (String, Vec<String>) {
    let (mut shown, mut details): (String, Vec<String>) = (String::new(), Vec::new());
    // What was kept since the last place.
    let mut since: Option<String> = None;
    for piece in pieces {
        match piece {
            Piece::Kept(text) => match &mut since {
                Some(since) => since.push_str(&text),
                None => shown.push_str(&text),
            },
            Piece::LeftOut(text) => match (since.replace(String::new()), details.last_mut()) {
                (Some(between), Some(last)) if JOINING.is_match(&between) => {
                    last.push_str(&between);
                    last.push_str(&text);
                }
                (between, _) => {
                    shown.push_str(&between.unwrap_or_default());
                    shown.push_str(LEFT_OUT);
                    details.push(text);
                }
            },
        }
    }
    shown.push_str(&since.unwrap_or_default());
    (shown, details)
}

/// The part of a finding that quotes a server's message. It comes last.
fn server_words(text: &str) -> Option<&str> {
    let words = &text[QUOTED.find(text)?.start()..];
    Some(PASSED_ON.find(words).map_or(words, |passed_on| &words[passed_on.start()..]))
}

/// What two details of the same place have in common; nothing where only chance makes parts of them equal.
pub(super) fn common(one: Option<String>, other: Option<String>) -> Option<String> {
    let (one, other) = (one?, other?);
    if one == other {
        return Some(one);
    }
    // A part of an address may have been left out before.
    let is_address = |text: &str| ADDRESS.is_match(&text.replace(LEFT_OUT, "0"));
    if !(is_address(&one) && is_address(&other)) {
        return None;
    }
    let parts = |text: &'_ str| PARTS.find_iter(text).map(|part| part.as_str().to_owned()).collect::<Vec<_>>();
    let (one, other) = (parts(&one), parts(&other));
    let equal = one.len() == other.len() && one.iter().zip(&other).any(|(one, other)| one == other && one.len() > 2);
    let both = one.iter().zip(&other).map(|(one, other)| if one == other { one } else { LEFT_OUT });
    equal.then(|| both.collect())
}

/// The text with numbers, times, addresses and generated names left out.
pub(crate) fn without_details(text: &str) -> String {
    joined(Piece::Kept(text.to_owned()).without_details().into_iter()).0
}

/// Vault's usernames have 20 random letters and digits, its lease ids 24; hashes and ids of requests have at least eight
/// hexadecimal digits.
fn is_left_out(word: &str) -> bool {
    let digit = word.contains(|c: char| c.is_ascii_digit());
    let letter = word.contains(|c: char| c.is_alphabetic());
    let hex = word.len() >= 8 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    NUMBER.is_match(word) || is_lease_id(word) || (digit && (hex || (letter && word.len() >= 16)))
}

/// Whether a word may be the random part of a lease id: one in 66 has no digit. Words that people write change their case less
/// often.
fn is_lease_id(word: &str) -> bool {
    let turn = |pair: &[u8]| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase();
    word.len() == LEASE_ID && word.is_ascii() && word.as_bytes().windows(2).filter(|pair| turn(pair)).count() >= 7
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{Finding, LeaseId, Username};

    use super::{Pattern, common, with_details, without_details};

    #[test]
    fn what_differs_by_chance_is_left_out_and_codes_stay() {
        for (text, left) in [
            (
                "issuing a credential: expected HTTP 200, got HTTP 500: no",
                "issuing a credential: expected HTTP 200, got HTTP 500: no",
            ),
            ("SQLSTATE 28P01: password authentication failed", "SQLSTATE 28P01: password authentication failed"),
            ("dial tcp 127.0.0.1:51234->127.0.0.1:15001: refused", "dial tcp …: refused"),
            ("3.605 s after its lease, more than 2s", "… s after its lease, more than …"),
            ("role v-token-app-x1Y2z3x1y2z3x1y2z3x1-1795388284 is there", "role v-token-app-… is there"),
            ("role v-token-le-reader-tjeeXZVNVEXkvNbUygdL-1796117968 is there", "role v-token-le-reader-… is there"),
            ("lease database/creds/app/tjeeXZVNVEXkvNbUygdLwAbk", "lease database/creds/app/…"),
            ("an InvalidTransactionTermination", "an InvalidTransactionTermination"),
            ("oid 16433 in table t2 of node-2", "oid … in table t2 of node-…"),
            ("at 2026-11-30T09:31:00.123Z it ended", "at … it ended"),
            ("request 6d1b6a5e-7a57-0f4d-3c2e-0a1b2c3d4e5f", "request …"),
            ("HTTP 500 is no HTTP 5000", "HTTP 500 is no HTTP …"),
            ("SELECT ON TABLE public.orders2024", "SELECT ON TABLE public.orders2024"),
        ] {
            assert_eq!(without_details(text), left);
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
        assert_eq!(Pattern::of(&finding, &[]).shown, "… was let in … s after its revocation of …");
    }

    #[test]
    fn what_was_left_out_can_be_put_back() {
        for text in [
            "dial tcp 127.0.0.1:51234->127.0.0.1:15001: refused",
            "3.605 s after its lease, more than 2s",
            "role v-token-app-x1Y2z3x1y2z3x1y2z3x1-1795388284 is there",
            "at 2026-11-30T09:31:00.123Z it ended",
            "7",
            "no detail",
        ] {
            let Pattern { shown, details, .. } = Pattern::of(&Finding { what: text.into(), ..Finding::default() }, &[]);
            let details: Vec<Option<String>> = details.into_iter().map(Some).collect();
            assert_eq!(with_details(&shown, &details), text);
        }
    }

    #[test]
    fn of_addresses_only_the_part_that_differs_is_left_out() {
        for (one, other, both) in [
            (
                "127.0.0.1:51234->127.0.0.1:15001",
                "127.0.0.1:51299->127.0.0.1:15001",
                Some("127.0.0.1:…->127.0.0.1:15001"),
            ),
            ("127.0.0.1:…->127.0.0.1:15001", "127.0.0.1:9->127.0.0.1:15001", Some("127.0.0.1:…->127.0.0.1:15001")),
            ("127.0.0.1:5432", "127.0.0.1:5433", Some("127.0.0.1:…")),
            ("3.605", "3.701", None),
            ("10.0.0.1:5432", "10.0.0.2:6432", None),
            ("12:30:05", "12:30:09", None),
            ("7", "7", Some("7")),
        ] {
            let found = common(Some(one.into()), Some(other.into()));
            assert_eq!(found.as_deref(), both, "{one} {other}");
        }
        assert_eq!(common(None, Some("7".into())), None);
    }

    #[test]
    fn a_server_s_words_are_what_findings_have_in_common() {
        let key = |what: &str| Pattern::of(&Finding { what: what.into(), ..Finding::default() }, &[]).key;
        let one = key("the revocation of a: expected HTTP 204, got HTTP 500: role b9 cannot (SQLSTATE 2BP01)");
        assert_eq!(one, "HTTP 500: role b9 cannot (SQLSTATE 2BP01)");
        let passed_on = "ERROR: no (SQLSTATE 42501)";
        assert_eq!(key("issuing: got HTTP 500: 1 error occurred:; ERROR: no (SQLSTATE 42501)"), passed_on);
        assert_eq!(key("a renewal: got HTTP 400: failed to renew entry: err: ERROR: no (SQLSTATE 42501)"), passed_on);
        let (login, relogin) =
            ("refused twice, the last SQLSTATE 28P01: no", "a login was refused: SQLSTATE 28P01: no");
        assert_eq!(key(login), key(relogin));
    }
}
