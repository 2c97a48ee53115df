//! What commands of a shell read from their standard input: `echo … | vault login -`, `<<< …`, `<<EOF`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::found::Found;
use super::key::looks_secret;
use super::pattern::regex;
use super::value::is_variable;

/// Operands of `echo`: words and quoted texts, up to what ends a command.
const OPERANDS: &str = r#"(?<operands>(?:\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*"|[^\n|;&<>()`'"\\])*)"#;

/// A command that prints its operands, up to what they are given to: `echo … | command`, `echo … > file`.
static PRINTED: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r"\b(?:echo|printf|print|yes)[ \t]+{OPERANDS}(?<to>\|&?|>>?\|?)")));
/// The same within another command: `$(echo …)`, `<(echo …)`, `` `echo …` ``.
static SUBSTITUTED: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r"(?:[$<]\(|`)\s*(?:echo|printf|print)[ \t]+{OPERANDS}")));
/// A here-string.
static HERE_STRING: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"<<<[ \t]*\\*(?<word>\$?'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\$?\([^)\n]*\)|[^\s;|&<>'"]+)(?<rest>[^\n;]*)"#)
});
/// The first line of a here-document.
static HERE_DOCUMENT: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"<<[-~]?[ \t]*\\?(?<quote>["']?)(?<tag>[A-Za-z_]\w*)["']?(?<rest>(?:[ \t;|&>)][^\n]*)?)\n"#)
});
/// Commands that ask for a secret, and options that say that it comes from standard input.
static ASKS: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?i)\b(?:vault\s+(?:login|unwrap|token|operator\s+unseal)|chpasswd|sshpass|passwd|sudo\s[^|;]*-S\b|su\s+-|",
        r"(?:docker|podman|helm|gh|npm|oc|az)\s[^|;]*login|(?:docker|podman)\s+secret\s+create|cryptsetup|htpasswd|",
        r"redis-cli\s[^|;]*--askpass)|",
        r"--?[\w-]*(?:pass\w*|token|secret)[\w-]*(?:[ =]?(?:-?stdin\b|fd:0|/dev/(?:stdin|fd/0)|-(?:\s|$))|-stdin\b|-fd[ =]0)|--with-token|",
        r"[\w-]*(?:pass\w*|pwd|secret\w*|token|_key|jwt)\s*=\s*@?(?:-|/dev/stdin)(?:\s|$|['\x22])",
    ))
});
/// What `printf` takes its operands by, and what surrounds them.
static FORMAT: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:%[-+ 0-9.]*[a-zA-Z]|\\+[nrt0]|[\s:,=])*$"));
/// Each `key=value` of a command that stores secrets.
static STORED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\bvault\s+kv\s+(?:put|patch)\b(?<operands>(?:\\\n|[^\n|;&])*)"));
static VALUE: LazyLock<Regex> = LazyLock::new(|| regex(r#"\s["']?[\w.-]+=["']?(?<value>[^\s"'][^\s"']*)"#));

/// Everything in a text that a command reads from its standard input, and what commands are given to store. What goes to a
/// command that asks for a secret is one; whatever goes to another one may be.
pub(super) fn read(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut add = |span: Range<usize>, certain: bool| {
        let one = Found::new(span);
        found.push(if certain { one } else { one.doubtful() });
    };
    for captures in PRINTED.captures_iter(text) {
        let (Some(operands), Some(to)) = (captures.name("operands"), captures.name("to")) else { continue };
        let reader = text[to.end()..].split([';', '\n']).next().unwrap_or_default();
        let is_file = to.as_str().starts_with('>');
        let target = reader.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'']);
        let certain = if is_file { names_secret(target) } else { asks(text, operands.start(), reader) };
        if certain || !is_file {
            words(text, operands.range()).into_iter().for_each(|word| add(word, certain));
        }
    }
    for operands in SUBSTITUTED.captures_iter(text).filter_map(|captures| captures.name("operands")) {
        words(text, operands.range()).into_iter().for_each(|word| add(word, false));
    }
    for captures in HERE_STRING.captures_iter(text) {
        let (Some(word), Some(rest)) = (captures.name("word"), captures.name("rest")) else { continue };
        let certain = asks(text, word.start(), rest.as_str());
        words(text, word.range()).into_iter().for_each(|word| add(word, certain));
    }
    for captures in HERE_DOCUMENT.captures_iter(text) {
        let (Some(whole), Some(tag), Some(rest)) = (captures.get(0), captures.name("tag"), captures.name("rest"))
        else {
            continue;
        };
        let certain = asks(text, whole.start(), rest.as_str());
        body(text, whole.end(), tag.as_str()).into_iter().for_each(|line| add(line, certain));
    }
    for operands in STORED.captures_iter(text).filter_map(|captures| captures.name("operands")) {
        for value in VALUE.captures_iter(operands.as_str()).filter_map(|captures| captures.name("value")) {
            add(operands.start() + value.start()..operands.start() + value.end(), false);
        }
    }
    found
}

/// Whether a value only says where the secret is: standard input, or a file.
pub(super) fn is_input(value: &str) -> bool {
    let named = ["file:", "env:", "fd:"].iter().any(|begin| value.starts_with(begin));
    named || matches!(value, "-" | "@-" | "@/dev/stdin" | "/dev/stdin" | "stdin")
}

/// Whether the command around a place asks for a secret: the line before the place, and what follows it.
fn asks(text: &str, at: usize, rest: &str) -> bool {
    let line = &text[text[..at].rfind(['\n', ';']).map_or(0, |end| end + 1)..at];
    ASKS.is_match(line) || ASKS.is_match(rest)
}

/// Whether a file's name is one of secrets: `~/.pgpass`, `/run/secrets/db`, `token`.
fn names_secret(file: &str) -> bool {
    file.split('/').any(looks_secret) || file.ends_with("pass") || file.ends_with("netrc")
}

/// The operands that are neither options, nor formats, nor variables, without their quotes; of `user:password` also what
/// stands behind the colon.
fn words(text: &str, operands: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = operands.start;
    while let Some(gap) = text[at..operands.end].find(|sign: char| !sign.is_whitespace()) {
        let start = at + gap;
        let end = start + length(&text[start..operands.end]);
        at = end;
        let word = unquoted(text, start..end);
        let written = &text[word.clone()];
        let is_option = start == word.start && written.starts_with('-') && written.len() <= 4;
        if written.is_empty() || is_option || FORMAT.is_match(written) || is_variable(written) {
            continue;
        }
        if let Some((user, password)) = written.split_once(':')
            && !password.is_empty()
            && !written.contains(char::is_whitespace)
        {
            found.push(word.start + user.len() + 1..word.end);
        }
        found.push(word);
    }
    found
}

/// How long the word at a text's beginning is: up to a blank that no quote holds.
fn length(text: &str) -> usize {
    let mut quote = None;
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match (quote, sign) {
            (None | Some('"'), '\\') => drop(signs.next()),
            (None, '"' | '\'') => quote = Some(sign),
            (Some(open), sign) if sign == open => quote = None,
            (None, sign) if sign.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

pub(super) fn unquoted(text: &str, word: Range<usize>) -> Range<usize> {
    let written = &text[word.clone()];
    let open = written.len() - written.trim_start_matches(['$', '\\']).len();
    for quote in ['"', '\''] {
        if written[open..].starts_with(quote) {
            let inner = written[open + 1..].trim_end_matches('\\');
            let inner = inner.strip_suffix(quote).unwrap_or(inner).trim_end_matches('\\');
            return word.start + open + 1..word.start + open + 1 + inner.len();
        }
    }
    word
}

/// The lines of a here-document that begins at `start`; one that is not closed ends at the first empty line.
fn body(text: &str, start: usize, tag: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut unclosed = None;
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        let plain = line.trim();
        if plain == tag {
            return lines;
        }
        if plain.is_empty() {
            unclosed.get_or_insert(lines.len());
        } else {
            let begin = at + line.len() - line.trim_start().len();
            lines.push(begin..begin + plain.len());
        }
        at += line.len();
    }
    lines.truncate(unclosed.unwrap_or(lines.len()));
    lines
}

#[cfg(test)]
mod tests {
    use super::super::text::{doubtful_spans, values};

    /// The secret in the texts below.
    const S: &str = "Hush-4711";

    #[test]
    fn what_a_command_reads_is_a_secret_if_it_asks_for_one() {
        for text in [
            "echo Hush-4711 | vault login -",
            "echo -n 'Hush-4711' | vault login -no-print -",
            "printf '%s\\n' \"Hush-4711\" | vault login token=-",
            "printf %s Hush-4711 | tr -d x | vault write auth/a/login password=-",
            "echo Hush-4711 \\\n  | vault login -",
            "vault login - <<< Hush-4711",
            "vault write x password=@- <<<Hush-4711",
            "vault write x password=- <<<'Hush-4711'",
            "<<<\"Hush-4711\" vault login -",
            "cat <<EOF | vault login -\nHush-4711\nEOF",
            "vault login - <<-'END'\n\tHush-4711\n\tEND\ndone",
            "vault operator unseal - <<EOF\nHush-4711",
            "echo Hush-4711 | docker login -u a --password-stdin",
            "echo Hush-4711 | openssl rsa -passin stdin",
            "openssl rsa -passin fd:0 <<< Hush-4711",
            "echo Hush-4711 | gpg --batch --passphrase-fd 0 x",
            "echo Hush-4711 | sudo -S id",
            "echo 'ada:Hush-4711' | chpasswd",
            "echo Hush-4711 | gh auth login --with-token",
            "echo Hush-4711 | podman secret create db -",
            "echo Hush-4711 > /run/secrets/db",
            "printf '%s' Hush-4711 >> ~/.vault-token",
            "echo Hush-4711 > password.txt",
            "echo db.example:5432:*:ada:Hush-4711 > ~/.pgpass",
            "{\"run\": \"echo \\\"Hush-4711\\\" | vault login -\"}",
        ] {
            assert!(values(text).iter().any(|value| value == S), "{text}: {:?}", values(text));
        }
    }

    #[test]
    fn what_any_command_reads_is_not_shown() {
        for text in [
            "echo Hush-4711 | ./rotate.sh",
            "./rotate.sh <<< Hush-4711",
            "./rotate.sh <<EOF\na\nHush-4711\nEOF",
            "initdb --pwfile=<(echo Hush-4711)",
            "PGPASSWORD=$(echo Hush-4711) psql",
            "PGPASSWORD=`echo Hush-4711` psql",
            "vault kv put secret/app user=ada value=Hush-4711",
            "echo '{\"pw\": \"Hush-4711\"}' | vault write x -",
        ] {
            let shown = |span: &std::ops::Range<usize>| text[span.clone()].contains(S);
            assert!(doubtful_spans(text).iter().any(shown), "{text}: {:?}", doubtful_spans(text));
        }
    }

    #[test]
    fn what_no_command_reads_is_shown() {
        for text in [
            "echo $TOKEN | vault login -",
            "printf '%s' \"$TOKEN\" | vault login -",
            "vault login - <<< $VAULT_TOKEN",
            "vault write x password=-",
            "echo done > /tmp/state",
            "echo started",
            "SELECT 1 << 3 FROM t WHERE ip << '10.0.0.0/8'",
            "a || b",
            "\\echo ready",
        ] {
            let found = doubtful_spans(text);
            assert!(found.is_empty(), "{text}: {found:?}");
        }
    }
}
