//! The value that is given to a key: `="…"`, `: '…'`, `=…`.

use super::found::Found;
use super::key::is_secret_key;

/// What ends a value without quotes, whatever comes behind.
const ENDS: [char; 7] = ['"', '\'', '`', '<', '>', '|', '\\'];
/// What ends it where nothing, or the next key, comes behind: it may stand in a password, too.
const SEPARATORS: [char; 3] = [',', ';', '&'];
/// What closes an expression around it.
const CLOSERS: [char; 3] = [')', '}', ']'];

/// The value that begins at `at`: within quotes, or a word without any.
pub(super) fn at(text: &str, at: usize) -> Option<Found> {
    quoted(text, at).or_else(|| word(text, at))
}

/// The value within quotes that begins at `at`. In JSON within a text, each quote has backslashes before it.
pub(super) fn quoted(text: &str, at: usize) -> Option<Found> {
    let rest = text.get(at..)?;
    for fence in ["\"\"\"", "'''"] {
        if let Some(inner) = rest.strip_prefix(fence) {
            let end = inner.find(fence).unwrap_or(inner.len());
            return some(at + fence.len(), end).map(Found::new);
        }
    }
    let rest = rest.strip_prefix("$'").map_or(rest, |_| &rest[1..]);
    let depth = rest.bytes().take_while(|byte| *byte == b'\\').count();
    let quote = rest[depth..].chars().next().filter(|sign| matches!(sign, '"' | '\''))?;
    let open = text.len() - rest.len() + depth + 1;
    let inner = &text[open..];
    let (mut slashes, mut end) = (0, None);
    let mut signs = inner.char_indices().peekable();
    while let Some((place, sign)) = signs.next() {
        match sign {
            '\\' => slashes += 1,
            // SQL and connection strings double it.
            '\'' if quote == '\''
                && depth == 0
                && slashes == 0
                && signs.peek().is_some_and(|(_, next)| *next == '\'') =>
            {
                signs.next();
            }
            sign if sign == quote && slashes <= depth => {
                end = Some(place - slashes);
                break;
            }
            _ => slashes = 0,
        }
    }
    // Without a closing quote it is what stands on the line.
    let end = end.unwrap_or_else(|| inner.find('\n').unwrap_or(inner.len()));
    let span = some(open, end)?;
    let written = &text[span.clone()];
    let value = if quote == '\'' { written.replace("''", "'").replace("\\'", "'") } else { unescaped(written) };
    Some(Found::new(span).meaning(text, value))
}

/// The word that begins at `at`: up to a blank, a quote or the next key.
fn word(text: &str, at: usize) -> Option<Found> {
    let rest = text.get(at..)?;
    let end = rest
        .char_indices()
        .find(|(place, sign)| {
            sign.is_whitespace()
                || ENDS.contains(sign)
                || (SEPARATORS.contains(sign) && is_separator(&rest[place + sign.len_utf8()..]))
        })
        .map_or(rest.len(), |(end, _)| end);
    let word = rest[..end].trim_end_matches(|sign| CLOSERS.contains(&sign) && !rest[..end].contains(opener(sign)));
    // A call, or a name of another table's column.
    let is_expression = word.contains('(') || (word.starts_with(':') && word.len() > 1);
    (!word.is_empty() && !is_expression).then(|| Found::new(at..at + word.len()))
}

fn opener(closer: char) -> char {
    match closer {
        ')' => '(',
        '}' => '{',
        _ => '[',
    }
}

/// Whether what comes behind shows that a sign before it separated two settings, or ended a command.
fn is_separator(rest: &str) -> bool {
    let key = rest
        .trim_start_matches([' ', '\t'])
        .trim_start_matches(|sign: char| sign.is_alphanumeric() || "_-.".contains(sign));
    rest.is_empty() || rest.starts_with(char::is_whitespace) || key.starts_with('=')
}

fn unescaped(written: &str) -> String {
    serde_json::from_str(&format!("\"{written}\""))
        .unwrap_or_else(|_| written.replace("\\\"", "\"").replace("\\\\", "\\"))
}

fn some(open: usize, length: usize) -> Option<std::ops::Range<usize>> {
    (length > 0).then(|| open..open + length)
}

/// Whether the text is filled in later: `{{password}}`, `${…}`.
pub(super) fn is_template(value: &str) -> bool {
    let inner = |open: &str, close: &str| value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    inner("{{", "}}").is_some_and(|name| !name.contains("{{"))
        || inner("${", "}").is_some_and(|name| !name.contains(['}', '-', '=']))
}

/// The same, or what a shell, psql or `format` puts in. `$3cret` is a password; a name in capitals, or one such as
/// `$password`, is a variable.
pub(super) fn is_variable(value: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_');
    let is_known = |name: &str| !name.contains(|sign: char| sign.is_ascii_lowercase()) || is_secret_key(name);
    is_template(value)
        || value.strip_prefix('$').is_some_and(|name| is_name(name) && is_known(name))
        || value.starts_with("$(")
        || matches!(value, "%s" | "%L" | "%I" | "?" | "null" | "NULL" | "none" | "true" | "false")
}

/// A stored hash, or what stands for a secret already.
pub(super) fn is_masked(value: &str) -> bool {
    let is_md5 = value
        .strip_prefix("md5")
        .is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
    value.starts_with("SCRAM-SHA-256$") || is_md5 || value == "***"
}
