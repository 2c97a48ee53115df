use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;

use crate::generated::SHORTEST;
use crate::looks_generated;
use crate::{PasswordShape, Secret, Username};

/// How many of the latest passwords are looked for one by one. Older ones no longer occur in new lines: a server
/// writes a password where it makes or changes a credential, within seconds.
const RECENT: usize = 4096;
/// How many new secrets are looked for one by one before a search for all is built.
const BY_HAND: usize = 64;
/// From how many characters on a word behind `secret` or `token` may be one.
const LONG: usize = 8;
/// Words of servers' logs and of this program's own texts that also serve as passwords, in tutorials above all. Looked
/// for by their text they would be found in nearly every log and title, where they are no secret; where they stand as a
/// password, the net for statements has them.
const WORDS: [&str; 28] = [
    "account",
    "administrator",
    "authentication",
    "cluster",
    "connection",
    "credential",
    "credentials",
    "database",
    "default",
    "expired",
    "leaseproof",
    "password",
    "passwords",
    "postgres",
    "postgresql",
    "primary",
    "replication",
    "replicator",
    "scenario",
    "secret",
    "secrets",
    "server",
    "standby",
    "superuser",
    "template1",
    "tutorial",
    "username",
    "vaultuser",
];
/// What stands in a text instead of a secret.
const MASK: &str = "***";

/// Knows every secret of a run and takes them out of texts before they are kept.
///
/// Three nets: secrets that were registered, by their text; what a statement or a message says is a password
/// (`PASSWORD '…'`, unless it is a SCRAM verifier or MD5 hash), known or not: a log line can be read before the answer
/// that carries its password, and a statement that fails has no such answer; and words that look like a password that Vault
/// generates, which a failing statement may repeat anywhere.
pub struct Redactor {
    inner: Mutex<Inner>,
    /// What generated passwords look like. Reading them keeps nobody waiting.
    shapes: RwLock<Vec<PasswordShape>>,
    nets: [Net; 7],
    role_name: Regex,
}

/// Texts of one form that hold a password.
struct Net {
    /// Its groups are all before the password, the word that says what it is, the password, and all behind it.
    form: Regex,
    /// Whether it is one beyond doubt. What only may be one is taken out, and not reported as found.
    certain: bool,
    /// Whether the password is one only where that is so.
    when: fn(&regex::Captures<'_>) -> bool,
}

#[derive(Default)]
struct Inner {
    fixed: Vec<Secret>,
    recent: VecDeque<(Username, Secret)>,
    /// Secrets that `built` does not know, and whose they are.
    new: Vec<(Option<Username>, Secret)>,
    built: Option<Built>,
}

/// One search for many secrets at once.
struct Built {
    automaton: AhoCorasick,
    /// By pattern, whose secret it is.
    whose: Vec<Option<Username>>,
}

/// A secret's place in a text.
struct Hit<'a> {
    start: usize,
    end: usize,
    whose: &'a Option<Username>,
}

/// A text without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scrubbed {
    /// The text, each secret replaced by `***`.
    pub text: String,
    /// Whether there was any.
    pub found: bool,
    /// Whose it was, where the secret or the statement around it tells.
    pub username: Option<Username>,
}

impl Default for Redactor {
    fn default() -> Self {
        let regex = |pattern: &str| Regex::new(pattern).expect("a pattern written here and tested below");
        Self {
            inner: Mutex::default(),
            shapes: RwLock::new(vec![PasswordShape::default()]),
            nets: [
                // PASSWORD ''…'' within a literal.
                Net {
                    form: regex(r"(?i)(\b([a-z]{5,12})(?:\s*[:=]\s*|\s+)[EN]?'{2,8})([^']+)('{2,8})"),
                    certain: true,
                    when: is_after_password,
                },
                // PASSWORD '…', also with a slip, as $$…$$, or as what RAISE and format put in.
                Net {
                    form: regex(
                        r"(?i)(\b([a-z]{5,12})(?:\s*[:=]?\s*%[sLI]?'\s*,\s*|\s*[:=]\s*|\s+)[EN]?')((?:[^']|'')*)(')",
                    ),
                    certain: true,
                    when: is_after_password,
                },
                Net {
                    form: regex(r"(?is)(\b([a-z]{5,12})\s+\$\w*\$)(.*?)(\$\w*\$)"),
                    certain: true,
                    when: is_after_password,
                },
                Net {
                    form: regex(r"((postgres(?:ql)?)://[^:@/\s]*:)([^@\s]+)(@)"),
                    certain: true,
                    when: |found| &found[3] != MASK && !is_template(&found[3]),
                },
                // SET PASSWORD FOR x = '…'
                Net {
                    form: regex(r"(?i)(\b(password)\s+for\s+[^;=]{1,200}=\s*(?:\w+\s*\(\s*)?[EN]?')((?:[^']|'')*)(')"),
                    certain: true,
                    when: |found| !is_kept(&found[3]),
                },
                // PASSWORD "…", and without quotes: PostgreSQL rejects both.
                Net {
                    form: regex(r#"(?is)(\b(?:role|user)\s[^;]*?\s(password)\s+["‘’“”]?)([^\s"';,‘’“”]+)()"#),
                    certain: false,
                    when: |found| looks_generated(&found[3]) && !found[3].contains(MASK) && !is_kept(&found[3]),
                },
                // password: …
                Net {
                    form: regex(
                        r#"(?i)(\b(password|passwd|passphrase|pwd|secret|token)["']?(?:\s*[:=]\s*|\s+(?:is\s+|was\s+)?)["']?)([^\s"',;)]+)()"#,
                    ),
                    certain: false,
                    when: |found| {
                        let secret = &found[3];
                        looks_generated(secret)
                            && !secret.contains(MASK)
                            && !is_kept(secret)
                            && (has_sign(&found[1]) || follows(&found[2], secret))
                    },
                },
            ],
            role_name: regex(r#"(?i)\b(?:ROLE|USER)\s+"((?:[^"]|"")+)""#),
        }
    }
}

impl Net {
    /// The text without its passwords; none where it has none.
    fn masked(&self, text: &str) -> Option<String> {
        let mut masked = String::new();
        let (mut at, mut written) = (0, 0);
        while let Some(found) = self.form.captures_at(text, at) {
            let (Some(word), Some(secret)) = (found.get(2), found.get(3)) else { break };
            if (self.when)(&found) {
                masked.push_str(&text[written..secret.start()]);
                masked.push_str(MASK);
                (at, written) = (secret.end(), secret.end());
            } else {
                // Another one may begin within what is none.
                at = word.end();
            }
        }
        (written > 0).then(|| masked + &text[written..])
    }
}

impl Redactor {
    /// A redactor that knows no secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks for `secret` from now on, for the whole run: a token, an account's password, an unseal key. One that is too
    /// short to be distinguished from other text, or a word of the servers' own logs, is only found where it stands as a password.
    pub fn add_fixed(&self, secret: Secret) {
        if secret.expose().len() >= SHORTEST && !is_common_word(secret.expose()) {
            let mut inner = self.lock();
            inner.fixed.push(secret.clone());
            inner.new.push((None, secret));
        }
    }

    /// Looks for a credential's password from now on.
    pub fn add_password(&self, username: Username, password: Secret) {
        if password.expose().len() >= SHORTEST {
            let mut inner = self.lock();
            inner.new.push((Some(username.clone()), password.clone()));
            inner.recent.push_back((username, password));
            if inner.recent.len() > RECENT {
                inner.recent.pop_front();
            }
        }
    }

    /// Looks for words of that shape from now on, beside those that Vault generates without a password policy.
    pub fn add_shape(&self, shape: PasswordShape) {
        self.shapes.write().unwrap_or_else(PoisonError::into_inner).push(shape);
    }

    /// Takes every secret out of `text`.
    pub fn scrub(&self, text: &str) -> Scrubbed {
        let mut found = false;
        let mut username = None;
        let mut clean = self.scrub_known(text, &mut found, &mut username);
        for net in &self.nets {
            if let Some(masked) = net.masked(&clean) {
                clean = masked;
                found |= net.certain;
            }
        }
        let clean = self.scrub_generated(clean);
        if found && username.is_none() {
            username = self.role_name.captures(&clean).map(|captures| Username::new(captures[1].replace("\"\"", "\"")));
        }
        Scrubbed { text: clean, found, username }
    }

    /// Takes out what looks like a generated password. A name may have that form too, so it is not reported as found.
    fn scrub_generated(&self, mut text: String) -> String {
        for shape in &*self.shapes.read().unwrap_or_else(PoisonError::into_inner) {
            shape.find(&text).into_iter().rev().for_each(|place| text.replace_range(place, MASK));
        }
        text
    }

    fn scrub_known(&self, text: &str, found: &mut bool, username: &mut Option<Username>) -> String {
        let mut inner = self.lock();
        if inner.new.len() > BY_HAND {
            inner.build();
        }
        let mut clean = String::with_capacity(text.len());
        let mut end = 0;
        for hit in inner.hits(text) {
            // A secret within another one, or over its end, goes with it.
            if hit.start >= end {
                clean.push_str(&text[end..hit.start]);
                clean.push_str(MASK);
            }
            *found = true;
            if hit.whose.is_some() {
                username.clone_from(hit.whose);
            }
            end = end.max(hit.end);
        }
        clean.push_str(&text[end..]);
        clean
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Builds the search anew, with all that is known. It takes milliseconds for thousands of secrets: too long for
    /// each new one.
    fn build(&mut self) {
        let all: Vec<(Option<&Username>, &Secret)> = self
            .fixed
            .iter()
            .map(|secret| (None, secret))
            .chain(self.recent.iter().map(|(name, s)| (Some(name), s)))
            .collect();
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(all.iter().map(|(_, secret)| secret.expose()));
        // Too many secrets for one search: then each is looked for by itself.
        if let Ok(automaton) = automaton {
            self.built = Some(Built { automaton, whose: all.into_iter().map(|(name, _)| name.cloned()).collect() });
            self.new.clear();
        }
    }

    /// Where secrets stand in `text`, from its beginning; of several that begin at one place the longest comes first.
    fn hits(&self, text: &str) -> Vec<Hit<'_>> {
        let mut hits = Vec::new();
        if let Some(built) = &self.built {
            hits.extend(built.automaton.find_overlapping_iter(text).map(|hit| Hit {
                start: hit.start(),
                end: hit.end(),
                whose: &built.whose[hit.pattern().as_usize()],
            }));
        }
        for (whose, secret) in &self.new {
            let places = text.match_indices(secret.expose());
            hits.extend(places.map(|(start, found)| Hit { start, end: start + found.len(), whose }));
        }
        hits.sort_by_key(|hit| (hit.start, Reverse(hit.end)));
        hits
    }
}

/// Whether a word says that the text behind it is a password: PASSWORD, or that with a slip.
pub fn is_password_word(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let slips = strsim::osa_distance(&word, "password");
    word == "passwd" || slips <= 1 || (slips <= 2 && word.contains('w'))
}

/// Whether the text before a word says that the word is a value: `password: x`, `token was x`.
fn has_sign(begin: &str) -> bool {
    let begin = begin.to_ascii_lowercase();
    begin.contains([':', '=']) || [" is ", " was "].iter().any(|sign| begin.contains(sign))
}

/// Whether a word behind only a blank may be a secret. The type of a column is none. Behind `secret` and `token`, which many
/// sentences have, neither a path nor a setting nor a short word is one.
fn follows(word: &str, secret: &str) -> bool {
    match word.to_ascii_lowercase().as_str() {
        "secret" | "token" => secret.chars().count() >= LONG && !secret.contains(['(', '=', '/']),
        _ => !secret.contains('('),
    }
}

/// Whether the word before a literal says that it is a password, and the literal is one.
fn is_after_password(found: &regex::Captures<'_>) -> bool {
    is_password_word(&found[2]) && !is_kept(&found[3])
}

/// Whether a literal stays: an empty one, what stands for a secret already, and a hash of one.
fn is_kept(literal: &str) -> bool {
    literal.replace(MASK, "").trim_matches(['\'', ' ']).is_empty() || is_template(literal) || is_hash(literal)
}

/// Whether a secret is a word that stands in other text too: there it cannot be distinguished from other words.
pub fn is_common_word(secret: &str) -> bool {
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(secret))
}

/// Whether it is Vault's place for a password that it will make: `{{password}}`.
fn is_template(literal: &str) -> bool {
    literal.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).is_some_and(|name| !name.contains('}'))
}

/// Whether PostgreSQL takes the literal as already hashed (`src/backend/libpq/crypt.c`, `get_password_type`).
fn is_hash(literal: &str) -> bool {
    let is_hex = |hash: &str| hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    literal.starts_with("SCRAM-SHA-256$") || literal.strip_prefix("md5").is_some_and(is_hex)
}

#[cfg(test)]
mod tests {
    use super::Redactor;
    use crate::{PasswordShape, Secret, Username};

    #[test]
    fn known_secrets_are_taken_out_and_named() {
        let redactor = Redactor::new();
        redactor.add_fixed(Secret::new("vaultpass"));
        redactor.add_password(Username::new("v-1"), Secret::new("Leak-0123456789"));
        let scrubbed = redactor.scrub("got Leak-0123456789 and vaultpass");
        assert_eq!(scrubbed.text, "got *** and ***");
        assert!(scrubbed.found);
        assert_eq!(scrubbed.username, Some(Username::new("v-1")));
    }

    #[test]
    fn a_password_nobody_reported_of_is_found_by_its_statement() {
        let scrubbed = Redactor::new()
            .scrub(r#"LOG:  statement: CREATE ROLE "v-x-1" WITH LOGIN PASSWORD 'abc''def' VALID UNTIL '2026-01-01'"#);
        assert_eq!(
            scrubbed.text,
            r#"LOG:  statement: CREATE ROLE "v-x-1" WITH LOGIN PASSWORD '***' VALID UNTIL '2026-01-01'"#
        );
        assert_eq!(scrubbed.username, Some(Username::new("v-x-1")));
    }

    #[test]
    fn a_password_is_found_where_a_statement_fails() {
        for (text, clean, found) in [
            ("STATEMENT:  ALTER ROLE x PASSWRD 'Hush'", "STATEMENT:  ALTER ROLE x PASSWRD '***'", true),
            ("STATEMENT:  ALTER ROLE x PASWORD E'Hu\\'", "STATEMENT:  ALTER ROLE x PASWORD E'***'", true),
            ("STATEMENT:  CREATE ROLE x PASSWROD N'Hush'", "STATEMENT:  CREATE ROLE x PASSWROD N'***'", true),
            ("STATEMENT:  ALTER ROLE x PASSWORD = 'Hush'", "STATEMENT:  ALTER ROLE x PASSWORD = '***'", true),
            ("ALTER ROLE x PASSWORD $$Hush$$ y", "ALTER ROLE x PASSWORD $$***$$ y", true),
            ("ALTER ROLE x PASSWORD $p$Hu'sh$p$", "ALTER ROLE x PASSWORD $p$***$p$", true),
            ("RAISE EXCEPTION 'password: %', 'Hush'", "RAISE EXCEPTION 'password: %', '***'", true),
            ("EXECUTE 'ALTER ROLE x PASSWORD ''Hush'''", "EXECUTE 'ALTER ROLE x PASSWORD ''***'''", true),
            (
                "PERFORM 'x' , 'CREATE ROLE y PASWORD ''Hush'' z'",
                "PERFORM 'x' , 'CREATE ROLE y PASWORD ''***'' z'",
                true,
            ),
            ("PASSWORD '' VALID UNTIL 'x', PASSWORD 'Hush'", "PASSWORD '' VALID UNTIL 'x', PASSWORD '***'", true),
            ("format('PASSWORD %L', 'Hush')", "format('PASSWORD %L', '***')", true),
            ("STATEMENT:  SET PASSWORD FOR x = 'Hush'", "STATEMENT:  SET PASSWORD FOR x = '***'", true),
            ("SET PASSWORD FOR 'x'@'%' = PASSWORD('Hush')", "SET PASSWORD FOR 'x'@'%' = PASSWORD('***')", true),
            ("ERROR:  x Xk-bV3p0QzLwT9sYdR4a", "ERROR:  x ***", false),
            ("RAISE 'x %', 'Xk-bV3p0QzLwT9sYdR4a'", "RAISE 'x %', '***'", false),
            ("ALTER ROLE x PASSWORD \"Hush-4711\" y", "ALTER ROLE x PASSWORD \"***\" y", false),
            ("CREATE USER x LOGIN PASSWORD Hush-4711;", "CREATE USER x LOGIN PASSWORD ***;", false),
            ("ALTER ROLE x PASSWORD ‘Hush-4711’", "ALTER ROLE x PASSWORD ‘***’", false),
            ("ERROR:  a secret token Hush-4711", "ERROR:  a secret token ***", false),
            ("ERROR:  password: Hush-4711", "ERROR:  password: ***", false),
            ("ERROR:  the password is Hush4711, not that", "ERROR:  the password is ***, not that", false),
            ("{\"password\": \"Hush-4711\"}", "{\"password\": \"***\"}", false),
        ] {
            let scrubbed = Redactor::new().scrub(text);
            assert_eq!((scrubbed.text.as_str(), scrubbed.found), (clean, found), "{text}");
        }
    }

    #[test]
    fn words_about_passwords_stay() {
        for text in [
            "ERROR:  invalid password: must be at least 8 characters",
            "DETAIL:  Password does not match for user \"ada\".",
            "ERROR:  the password is too short",
            "LOG:  parameter \"password_encryption\" changed to \"scram-sha-256\"",
            "password_encryption = 'scram-sha-256'",
            "ERROR:  unrecognized role option \"passwrd\" at character 14",
            "SELECT passport 'x', keyword 'y', a.user = 'z'",
            "CREATE ROLE \"a\" PASSWORD '{{password}}'",
            "password: scram-sha-256",
            "ALTER TABLE a ADD CHECK (kind IN ('password', 'token'))",
            "CREATE TYPE k AS ENUM ('password', 'otp')",
            "COMMENT ON ROLE a IS 'needs a password'; COMMENT ON ROLE b IS 'none'",
            "missing 'password' in 'connection_url'",
            "the password's length is 7, the user's name is ada",
            "CREATE TABLE users (id int, password varchar(64) NOT NULL)",
            "token ttl=1h30m type=service",
            "enabled secret database/creds/app2",
            "DETAIL:  Token \"abc123\" is invalid.",
        ] {
            let scrubbed = Redactor::new().scrub(text);
            assert_eq!((scrubbed.text.as_str(), scrubbed.found), (text, false));
        }
    }

    #[test]
    fn a_verifier_is_no_password() {
        let line = "CREATE ROLE \"a\" PASSWORD 'SCRAM-SHA-256$4096:aa==$bb=:cc='";
        let scrubbed = Redactor::new().scrub(line);
        assert_eq!(scrubbed.text, line);
        assert!(!scrubbed.found);
    }

    #[test]
    fn a_password_in_a_url_is_taken_out_and_a_template_is_not() {
        let redactor = Redactor::new();
        assert_eq!(redactor.scrub("postgresql://u:pw1@h:5432/d").text, "postgresql://u:***@h:5432/d");
        let half = "postgresql://{{username}}:pw1@h:5432/d";
        assert_eq!(redactor.scrub(half).text, "postgresql://{{username}}:***@h:5432/d");
        let template = "postgresql://{{username}}:{{password}}@h:5432/d";
        assert_eq!(redactor.scrub(template).text, template);
    }

    #[test]
    fn secrets_are_found_however_many_there_are_and_however_they_overlap() {
        let redactor = Redactor::new();
        redactor.add_fixed(Secret::new("abcdefgh"));
        redactor.add_fixed(Secret::new("abcdefghij"));
        redactor.add_fixed(Secret::new("ijklmnop"));
        for number in 0..500 {
            redactor.add_password(Username::new(format!("v-{number}")), Secret::new(format!("Leak-{number:06}")));
            // The latest by hand, older ones by the built search.
            for known in [number, number / 2, 0] {
                let scrubbed = redactor.scrub(&format!("a Leak-{known:06} b"));
                assert_eq!(scrubbed.text, "a *** b");
                assert_eq!(scrubbed.username, Some(Username::new(format!("v-{known}"))));
            }
            assert_eq!(redactor.scrub("xabcdefghijklmnopy").text, "x***y");
        }
    }

    #[test]
    fn a_password_that_is_a_word_is_found_where_it_is_a_password() {
        let redactor = Redactor::new();
        redactor.add_fixed(Secret::new("password"));
        let refused = r#"FATAL:  password authentication failed for user "postgres""#;
        assert_eq!(redactor.scrub(refused).text, refused);
        assert!(redactor.scrub("ALTER ROLE postgres PASSWORD 'password'").found);
        assert!(redactor.scrub("postgresql://postgres:password@127.0.0.1/wizard").found);
    }

    #[test]
    fn passwords_of_a_policy_are_taken_out_by_their_shape() {
        let redactor = Redactor::new();
        let text = "ERROR:  x abc-123-def (SQLSTATE P0001)";
        assert_eq!(redactor.scrub(text).text, text);
        let rules = vec![("abcdef-".to_owned(), 1), ("123".to_owned(), 1)];
        redactor.add_shape(PasswordShape { length: 11, rules });
        assert_eq!(redactor.scrub(text).text, "ERROR:  x *** (SQLSTATE P0001)");
    }

    #[test]
    fn nothing_is_found_in_a_clean_text() {
        assert!(!Redactor::new().scrub("checkpoint complete").found);
    }
}
