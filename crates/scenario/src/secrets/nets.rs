//! What says, in SQL, a URL, an assignment, JSON, a header or a command, that the text after it is a secret.

use std::cell::LazyCell;
use std::sync::LazyLock;

use regex::Regex;

use leaseproof_domain::looks_generated;

use super::found::Found;
use super::key::{is_secret_key, looks_secret};
use super::pattern::regex;
use super::value::{at, is_template, is_variable, quoted};
use super::{commands, shell, sql, value};

/// A key that is longer is none.
const LONGEST_KEY: usize = 80;

/// A key and what stands between it and its value: `key=`, `key = `, `"key": `, `--key `.
static KEYS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?<key>[A-Za-z_][\w.-]*)(?:(?<close>\\*["']?)(?<gap>[ \t]*)(?<joint>:?=>?|:)(?<blank>[ \t]*)|(?<space>[ \t]+))"#,
    )
});

/// Texts whose form alone says that they hold a secret: the group `secret`.
static FORMS: LazyLock<[Regex; 10]> = LazyLock::new(|| {
    [
        // SQL, where it stands in a text that is none: PASSWORD '…'
        r"(?i)\bPASSWORD\s+E?'(?<secret>(?:[^']|'')+)'",
        // A file of passwords: host:port:database:user:password. The host may be a folder of sockets.
        r"(?m)(?:^|[\s'\x22])(?:[\w.*/\[\]-]|\\:)+:(?:\d+|\*):(?:[\w*.-]|\\:)+:(?:[\w*.@-]|\\:)+:(?<secret>[^\s'\x22]+)",
        // Keys and certificates' keys.
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----(?<secret>.+?)(?:-----END|\z)",
        // Tokens of Vault, JSON Web Tokens, and those of clouds and code hosts.
        r"\b(?<secret>hv[sbr]\.[A-Za-z0-9_-]{8,})",
        r"\b(?<secret>eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+)",
        r"\b(?<secret>(?:gh[opsu]_|github_pat_|glpat-|xox[abpr]-|AKIA)[\w-]{12,})",
        // HTTP: X-Vault-Token: …, Authorization: Bearer …
        r#"(?i)\b(?:x-vault-token|x-[\w-]*(?:token|key|secret)|(?:proxy-)?authorization|api-?key|(?:set-)?cookie)["']?\s*:\s*["']?(?:(?:bearer|basic|token)\s+)?(?<secret>[^\s"'\\]+)"#,
        r"(?i)\bbearer\s+(?<secret>[\w.~+/-]{12,}=*)",
        // ~/.netrc
        r"\blogin\s+\S+\s+password\s+(?<secret>\S+)",
        r#"\bpass:(?<secret>[^\s"']+)"#,
    ]
    .map(regex)
});

/// The same, where it may be something else: rows for COPY, an environment's entry in YAML, a variable's default.
static DOUBTFUL: LazyLock<[Regex; 9]> = LazyLock::new(|| {
    [
        r"(?is)\bcopy\b[^;]*\bfrom\s+stdin\b[^;\n]*;?[^\n]*\n(?<secret>.+?)(?:\n\\\.|\z)",
        r#"(?i)\bname["']?\s*:\s*["']?[\w.-]*(?:password|passwd|passphrase|secret|token|pwd|_key)["']?,?\s*["']?value["']?\s*:\s*["']?(?<secret>[^\s"',}]+)"#,
        r"(?i)\$\{\w*(?:pass|pwd|secret|token|key)\w*:?[-=](?<secret>[^}]+)\}",
        // psql's \password asks for it, and whoever writes it behind all the same has shown it.
        r"\\password[ \t]+\S+[ \t]+(?<secret>[^\s\x22']+)",
        // https://token@host
        r#"(?i)\b(?:https?|git|ssh)://(?<secret>[^\s:/?\#@"'{}]+)@"#,
        // user:password@host, without a scheme
        r#"(?:^|[\s"'=])[\w.+-]+:(?<secret>[^\s:/@"'{}$]{4,})@[\w\[]"#,
        // jq --arg token …, aws configure set aws_secret_access_key …, requirepass …
        r#"(?i)(?:--arg|\bconfig(?:ure)?\s+set|\bsetx|\bset\s+-x)\s+[\w.-]*(?:pass\w*|pwd|secret\w*|token|_key|jwt)\s+["']?(?<secret>[^\s"'=|;&]+)"#,
        r#"\b(?:(?i:requirepass|masterauth)|AUTH)\s+["']?(?<secret>[^\s"'=|;&]+)"#,
        // expect
        r#"\bsend(?:_user)?\s+(?:--\s+)?\\?["'](?<secret>[^"'\\]+)"#,
    ]
    .map(regex)
});

/// A word behind one that says what it is: `the password is …`.
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?i)\b(?:password|passwd|passphrase|passcode|pwd|pw|secret|token)(?:\s+(?:of|for)\s+\S+)?",
        r"(?:\s+(?:is|was|now|becomes|to|set|changed|will|be|value|token|password))*\s*[:=]?\s+[\x22'`(]*(?<secret>[^\s\x22'`(),;]+)"
    ))
});

/// What each text with a secret has: most texts have none of it, and there may be very many of them.
static GATE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)pas|pw|s+w|word|secret|token|key|cred|jwt|bearer|auth|cookie|identified|crypt|hmac|digest|md5|sha\d|insert|copy|://|hv[sbr]\.|eyJ|AKIA|gh[opsu]_|xox|glpat|-----BEGIN|:[\w*-]+:|vault|echo|print|yes|<<|:\S{4,}@|require|masterauth|\bsend\b",
    )
});

/// A connection string of libpq: `host=db password = …`.
static DSN: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b(?:host|hostaddr|dbname)\s*=\s*[^\s=]"));

/// A user, and all up to the last sign that can end a password: scheme://user:…@host
static URL: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"[A-Za-z][A-Za-z0-9+.-]*://[^:@/\s"'<>]*:(?<secret>[^\s"'<>]+)@"#));

/// Everything in a text that is a secret, or may be one. A template (`{{password}}`), a variable (`$PGPASSWORD`, `${…}`)
/// and a stored hash are none.
pub(super) fn all(text: &str, depth: usize) -> Vec<Found> {
    if !GATE.is_match(text) && !commands::has_any(text) {
        return Vec::new();
    }
    let mut found = sql::literals(text, depth, all);
    found.retain(|one| !is_template(one.value.as_deref().unwrap_or(&text[one.span.clone()])));
    let forms = |forms: &[Regex]| -> Vec<Found> {
        let captures = forms.iter().flat_map(|form| form.captures_iter(text));
        captures.filter_map(|captures| Some(Found::new(captures.name("secret")?.range()))).collect()
    };
    let mut nets = given(text);
    nets.extend(forms(FORMS.as_slice()));
    nets.extend(forms(DOUBTFUL.as_slice()).into_iter().map(Found::doubtful));
    let said = forms(std::slice::from_ref(&*SAID)).into_iter();
    nets.extend(said.filter(|one| looks_generated(&text[one.span.clone()])).map(Found::doubtful));
    URL.captures_iter(text)
        .filter_map(|captures| captures.name("secret"))
        .for_each(|all| url(text, all.range(), &mut nets));
    nets.extend(shell::read(text));
    nets.extend(commands::read(text));
    nets.retain(|one| {
        let written = &text[one.span.clone()];
        // image:15@sha256:… has a tag there.
        !is_variable(written) && !shell::is_input(written) && !text[one.span.end..].starts_with("@sha256:")
    });
    found.extend(nets);
    found.retain(|one| !value::is_masked(&text[one.span.clone()]));
    found
}

/// What is given to keys that are secrets.
fn given(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let is_dsn = LazyCell::new(|| DSN.is_match(text));
    for captures in KEYS.captures_iter(text) {
        let (Some(key), Some(whole)) = (captures.name("key"), captures.get(0)) else { continue };
        let inside = found.last().is_some_and(|last| key.start() < last.span.end);
        let certain = is_secret_key(key.as_str());
        let is_option = text[..key.start()].ends_with('-') || key.as_str().starts_with('-');
        let observations = || (captures.name("joint").is_some() || is_option) && looks_secret(key.as_str());
        if inside || key.len() > LONGEST_KEY || !(certain || observations()) {
            continue;
        }
        let has = |group: &str| captures.name(group).is_some_and(|part| !part.is_empty());
        let joint = captures.name("joint").map_or("", |joint| joint.as_str());
        let is_set = || {
            text[..key.start()].trim_end().ends_with(r"\set") || text[..key.start()].trim_end().ends_with(r"\setenv")
        };
        let one = match joint {
            "" if is_option => at(text, whole.end()).filter(|one| {
                let value = &text[one.span.clone()];
                // `--key client.pem` names a file.
                !value.starts_with('-') && (certain || !value.contains(['/', '.']))
            }),
            "" if is_set() => at(text, whole.end()),
            "" => None,
            ":" => json(text, whole.end()).or_else(|| {
                let bare = at(text, whole.end()).filter(|_| has("blank") || has("close"));
                bare.map(Found::doubtful)
            }),
            // `key = word` is a setting in a file of settings, and a column elsewhere.
            _ if has("gap") || has("blank") => quoted(text, whole.end()).or_else(|| {
                let one = at(text, whole.end()).filter(|_| !text[whole.end()..].starts_with(['[', '{']))?;
                if *is_dsn { Some(one) } else { is_line(text, key.start()).then(|| one.doubtful()) }
            }),
            _ => at(text, whole.end()).filter(|one| !is_column(&text[one.span.clone()])),
        };
        found.extend(one.map(|one| if certain { one } else { one.doubtful() }));
    }
    found
}

/// Whether only blanks stand before that place of its line.
fn is_line(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches([' ', '\t']);
    before.is_empty() || before.ends_with('\n')
}

/// `excluded.password` is a column.
fn is_column(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(table, column)| {
        table.chars().all(|sign| sign.is_alphanumeric() || sign == '_') && is_secret_key(column)
    })
}

/// A value of JSON that begins at `at`: a text, a number, or all of a list or an object.
fn json(text: &str, at: usize) -> Option<Found> {
    let rest = &text[at..];
    let begins = rest.chars().next()?;
    match begins {
        '[' | '{' if !rest.starts_with("{{") => {
            let mut depth = 0_usize;
            let end = rest.char_indices().find(|(_, sign)| {
                match sign {
                    '[' | '{' => depth += 1,
                    ']' | '}' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            let end = end.map_or(rest.len(), |(end, _)| end + 1);
            Some(Found::new(at..at + end).doubtful())
        }
        '0'..='9' | '-' => {
            let end = rest.find(|sign: char| !(sign.is_alphanumeric() || "+-.".contains(sign))).unwrap_or(rest.len());
            Some(Found::new(at..at + end).doubtful())
        }
        _ => quoted(text, at),
    }
}

/// The password of a URL: all that may be of it, and what is sent, which percent signs may stand for.
fn url(text: &str, all: std::ops::Range<usize>, found: &mut Vec<Found>) {
    let written = &text[all.clone()];
    if !written.contains('@') && is_template(written) {
        return;
    }
    // A template is a password of its own: only what is beside it is a secret.
    let mut ends = written.match_indices('@').map(|(at, _)| at).chain([written.len()]);
    let authority = written.find(['/', '?', '#']).unwrap_or(written.len());
    let first = ends.clone().next().unwrap_or(written.len());
    let last = ends.rfind(|end| *end <= authority).unwrap_or(written.len());
    for end in [first, last, written.len()] {
        let span = all.start..all.start + end;
        if end == 0 || is_template(&text[span.clone()]) {
            continue;
        }
        let plain = percent_decoded(&text[span.clone()]);
        let port =
            text[span.clone()].split('/').next().is_some_and(|port| port.parse::<u16>().is_ok() && port.len() < end);
        let one = Found::new(span).meaning(text, plain);
        found.push(if port { one.doubtful() } else { one });
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = (*first == b'%').then(|| std::str::from_utf8(tail.get(..2)?).ok()).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
