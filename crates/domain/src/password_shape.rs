use std::ops::Range;

use crate::looks_generated;

/// What the passwords look like that Vault generates by a password policy: their length, and which characters they have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordShape {
    /// How many characters they have.
    pub length: usize,
    /// Sets of characters, and how many of each they have at least. They have no other characters.
    pub rules: Vec<(String, usize)>,
}

impl Default for PasswordShape {
    /// Of Vault without a password policy (sdk/helper/random, `DefaultStringGenerator`; seen with 1.21.0).
    fn default() -> Self {
        let rules = ["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "-"];
        Self { length: 20, rules: rules.map(|rule| (rule.to_owned(), 1)).to_vec() }
    }
}

impl PasswordShape {
    /// Where a text has words of that shape. A word that a message says to be a name (`role "…"`) is none, and neither is
    /// one that looks like a word of a language.
    pub(crate) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let signs: Vec<(usize, char)> = text.char_indices().collect();
        let mut found = Vec::new();
        let mut at = 0;
        while at + self.length <= signs.len() {
            if self.is_at(text, &signs, at) {
                let end = signs.get(at + self.length).map_or(text.len(), |(end, _)| *end);
                found.push(signs[at].0..end);
                at += self.length;
            } else {
                at += 1;
            }
        }
        found
    }

    fn is_at(&self, text: &str, signs: &[(usize, char)], at: usize) -> bool {
        let word = &signs[at..at + self.length];
        // A longer word is another one.
        let is_within = |sign: Option<&(usize, char)>| sign.is_some_and(|(_, sign)| sign.is_alphanumeric());
        let ends = |sign: Option<&(usize, char)>, first: char| first.is_alphanumeric() && is_within(sign);
        let (Some((_, first)), Some((_, last))) = (word.first(), word.last()) else { return false };
        let before = at.checked_sub(1).and_then(|before| signs.get(before));
        if ends(before, *first) || ends(signs.get(at + self.length), *last) || !self.fits(word) {
            return false;
        }
        let plain: String = word.iter().map(|(_, sign)| sign).collect();
        looks_generated(&plain) && !names(&text[..signs[at].0])
    }

    fn fits(&self, word: &[(usize, char)]) -> bool {
        word.iter().all(|(_, sign)| self.rules.iter().any(|(set, _)| set.contains(*sign)))
            && self
                .rules
                .iter()
                .all(|(set, least)| word.iter().filter(|(_, sign)| set.contains(*sign)).count() >= *least)
    }
}

/// What PostgreSQL's messages name in quotation marks.
const NAMED: [&str; 12] = [
    "column",
    "constraint",
    "database",
    "extension",
    "function",
    "host",
    "relation",
    "role",
    "schema",
    "server",
    "type",
    "user",
];

/// Whether a text ends with what a name follows: `role "`.
fn names(before: &str) -> bool {
    let Some(word) = before.strip_suffix('"').map(str::trim_end) else { return false };
    let word = word.rsplit(|sign: char| !sign.is_alphabetic()).next().unwrap_or_default();
    NAMED.iter().any(|named| named.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::PasswordShape;

    fn found<'a>(shape: &PasswordShape, text: &'a str) -> Vec<&'a str> {
        shape.find(text).into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn a_generated_password_is_found_wherever_it_stands() {
        let vault = PasswordShape::default();
        let password = "Xk-bV3p0QzLwT9sYdR4a";
        for text in ["x P", "P", "(P)", "x 'P', y", "\"P\"", "P.", "ERROR: P: P", "ü P ü", "-P", "hint/P"] {
            let text = text.replace('P', password);
            assert_eq!(found(&vault, &text), vec![password; text.matches(password).count()], "{text}");
        }
        let dashes = "-aB1aB1aB1aB1aB1aB1a-";
        assert_eq!(found(&vault, dashes).len(), 1);
    }

    #[test]
    fn other_words_stay() {
        for text in [
            "v-token-app-AbCdEfGhIjKlMnOpQrSt-1700000000",
            "v-root-powerdns-AbCdEfGhIjKlMnOpQrSt-1700000000",
            "database/creds/app/AbCdEfGhIjKlMnOpQrStUvWx",
            "20261130T234333Z-1a2b",
            "2026-11-30T23:43:33.123Z",
            "c0ffee00-Aaaa-4bbb-8ccc-0123456789ab",
            "role \"Reader7-AbCdEfGhIjKl\" does not exist",
            "password authentication failed for user \"Reader7-AbCdEfGhIjKl\"",
            "Xk-bV3p0QzLwT9sYdR4ab",
            "aXk-bV3p0QzLwT9sYdR4a",
            "orders-of-the-day-ab",
        ] {
            assert_eq!(found(&PasswordShape::default(), text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn a_policy_has_a_shape_of_its_own() {
        let shape = PasswordShape {
            length: 8,
            rules: vec![
                ("abcdefghijklmnopqrstuvwxyz".to_owned(), 1),
                ("0123456789".to_owned(), 2),
                ("!.".to_owned(), 0),
            ],
        };
        assert_eq!(found(&shape, "x ab12cd!. y"), ["ab12cd!."]);
        assert_eq!(found(&shape, "it is ab12cdef. And abcdefg1, password, 12345678"), ["ab12cdef"]);
    }
}
