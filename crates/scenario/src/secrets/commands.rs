//! Secrets on command lines: words of a shell, read by the table of programs.

use std::ops::Range;
use std::sync::LazyLock;

use leaseproof_domain::looks_generated;
use regex::Regex;

use super::found::Found;
use super::programs::{PROGRAMS, Place, Program};
use super::shell::unquoted;

/// How many words of a command are read.
const WORDS: usize = 200;
/// How many letters options have that are written as one: `-rP`.
const CLUSTER: usize = 5;

/// The name of any program of the table.
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    let mut names: Vec<&str> = PROGRAMS.iter().flat_map(|program| program.names).copied().collect();
    names.sort_by_key(|name| (std::cmp::Reverse(name.len()), *name));
    names.dedup();
    let one = |name: &&str| match name.strip_suffix('*') {
        Some(begin) => format!(r"{}[\w-]*", regex::escape(begin)),
        None => regex::escape(name),
    };
    let names: Vec<String> = names.iter().map(one).collect();
    Regex::new(&format!(r"\b(?:{})\b", names.join("|"))).expect("names are escaped; a test below reads each")
});

/// Whether a text names one of the programs.
pub(super) fn has_any(text: &str) -> bool {
    NAMES.is_match(text)
}

/// What the commands in a text say on their command lines.
pub(super) fn read(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut quotes = Quotes::default();
    for name in NAMES.find_iter(text) {
        if !is_command(text, name.range()) {
            continue;
        }
        let programs = || PROGRAMS.iter().filter(|program| program.names.iter().any(|one| is(one, name.as_str())));
        let mut outers = vec![None];
        outers.extend(quotes.open_at(text, name.start()).map(Some));
        for outer in outers {
            let line = Line::of(text, name.end(), outer);
            programs().for_each(|program| line.read(program, &mut found));
        }
    }
    found
}

fn is(name: &str, given: &str) -> bool {
    name.strip_suffix('*').map_or(name == given, |begin| given.starts_with(begin))
}

/// Whether a name stands where a command's does: `/usr/bin/zip -P`, `"zip", "-P"`, `${ZIP:-zip} -P`, and not `x.zip`, `zip.txt`.
fn is_command(text: &str, name: Range<usize>) -> bool {
    let before = text[..name.start].trim_end_matches(":-").chars().next_back();
    let rest = &text[name.end..];
    let behind = rest.strip_prefix(".exe").unwrap_or(rest).chars().next();
    !before.is_some_and(|sign| matches!(sign, '.' | '-' | '_'))
        && behind.is_some_and(|sign| sign.is_whitespace() || matches!(sign, '"' | '\'' | '\\' | '}' | ')'))
}

/// The quotes of a line, read on from one place to the next.
#[derive(Default)]
struct Quotes {
    at: usize,
    open: Option<char>,
}

impl Quotes {
    /// The quote that is open at a place: `bash -c "…`. A line begins without any.
    fn open_at(&mut self, text: &str, place: usize) -> Option<char> {
        let mut signs = text[self.at..place].chars();
        while let Some(sign) = signs.next() {
            match (self.open, sign) {
                (_, '\n') => self.open = None,
                (None | Some('"'), '\\') => drop(signs.next()),
                (None, '"' | '\'') => self.open = Some(sign),
                (Some(open), sign) if sign == open => self.open = None,
                _ => {}
            }
        }
        self.at = place;
        self.open
    }
}

/// The words behind a program's name.
struct Line<'a> {
    text: &'a str,
    words: Vec<Range<usize>>,
}

impl<'a> Line<'a> {
    /// Up to the end of the command, or to the quote that it stands within.
    fn of(text: &'a str, from: usize, outer: Option<char>) -> Self {
        let mut words = Vec::new();
        // The quote around the name itself: `["zip", "-P", "S"]`.
        let closed = text[from..].trim_start_matches(".exe").trim_start_matches(['"', '\'', '\\']);
        let is_list = closed.starts_with(',');
        let (from, outer) = match end_of_name(&text[from..], outer) {
            Some(length) => (from + length, None),
            None => (from, outer),
        };
        let mut at = if is_list { text.len() - closed.len() } else { from };
        while let Some(gap) = blanks(&text[at..]).filter(|_| words.len() < WORDS) {
            let start = at + gap;
            let outer = outer.filter(|_| !is_list);
            let Some(length) = length(&text[start..], outer) else { break };
            at = start + length;
            let word = text[start..at].trim_end_matches(',');
            words.push(unquoted(text, start..start + word.len()));
        }
        Self { text, words }
    }

    fn word(&self, index: usize) -> &'a str {
        self.words.get(index).map_or("", |word| &self.text[word.clone()])
    }

    fn is_option(&self, index: usize) -> bool {
        self.word(index).starts_with('-')
    }

    /// The words that are neither options nor values of those.
    fn operands(&self, program: &Program) -> Vec<usize> {
        let valued = |option: &str| {
            program.takes.contains(&option)
                || program.secrets.iter().any(|place| match place {
                    Place::Value(name)
                    | Place::May(name)
                    | Place::Apart(name)
                    | Place::Behind(name, _)
                    | Place::Source(name) => *name == option,
                    _ => false,
                })
        };
        let is_value = |index: usize| index.checked_sub(1).is_some_and(|before| valued(self.word(before)));
        (0..self.words.len()).filter(|index| !self.is_option(*index) && !is_value(*index)).collect()
    }

    /// The operands behind the words that `when` asks for, and whether nothing stands before those: `vault login S`, and not
    /// `the vault needs login before …`.
    fn behind(&self, program: &Program) -> Option<(Vec<usize>, bool)> {
        let operands = self.operands(program);
        if program.when.is_empty() {
            return Some((operands, true));
        }
        program.when.iter().find_map(|when| {
            if let Some(letter) = when.strip_prefix('-').filter(|letter| letter.len() == 1) {
                let has = |index: usize| self.is_option(index) && self.word(index).contains(letter);
                return (0..self.words.len()).any(has).then(|| (operands.clone(), true));
            }
            if when.starts_with('-') {
                let option = (0..self.words.len()).find(|index| self.word(*index) == *when)?;
                return Some((operands.iter().copied().filter(|index| *index > option).collect(), true));
            }
            let wanted: Vec<&str> = when.split(' ').collect();
            let said = |window: &[usize]| window.iter().zip(&wanted).all(|(index, word)| self.word(*index) == *word);
            let at = operands.windows(wanted.len()).position(said)?;
            Some((operands[at + wanted.len()..].to_vec(), at == 0))
        })
    }

    fn read(&self, program: &Program, found: &mut Vec<Found>) {
        let Some((operands, is_first)) = self.behind(program) else { return };
        // Where other words stand between, only what looks like a password is one.
        let generated = |index: &usize| looks_generated(self.word(*index));
        let may_be = |index: &usize| is_first || generated(index);
        for place in program.secrets {
            match *place {
                Place::Value(name) => found.extend(self.values(name).into_iter().map(Found::new)),
                Place::May(name) => {
                    found.extend(self.values(name).into_iter().map(|value| Found::new(value).doubtful()));
                }
                Place::Apart(name) => found.extend(self.behind_option(name).map(Found::new)),
                Place::Glued(name) => {
                    let glued = self.words.iter().filter_map(|word| self.glued(word, name));
                    found.extend(glued.map(Found::new));
                }
                Place::Behind(name, sign) => {
                    let values = self.values(name).into_iter().filter_map(|value| self.after(value, sign));
                    let one = |value| Found { certain: sign != '=', ..Found::new(value) };
                    found.extend(values.map(one));
                }
                Place::Source(name) => {
                    let secret = |value: Range<usize>| match self.text[value.clone()].strip_prefix("pass:") {
                        Some(secret) => Found::new(value.end - secret.len()..value.end),
                        None => Found::new(value).doubtful(),
                    };
                    found.extend(self.values(name).into_iter().map(secret));
                }
                Place::Operand(number) => {
                    let word = operands.get(number).filter(|index| !is_setting(self.word(**index)) && may_be(index));
                    // A word of a language is no secret for all of the run's texts.
                    let one = |index: &usize| {
                        let one = Found::new(self.words[*index].clone());
                        if is_first && generated(index) { one } else { one.doubtful() }
                    };
                    found.extend(word.map(one));
                }
                Place::From(number) => {
                    let words = operands.iter().skip(number).filter(|index| may_be(index));
                    found.extend(words.map(|index| Found::new(self.words[*index].clone()).doubtful()));
                }
                Place::Login => found.extend(operands.iter().filter_map(|index| self.login(*index))),
            }
        }
    }

    /// The values of an option, however it is written.
    fn values(&self, name: &str) -> Vec<Range<usize>> {
        let is_short = name.len() == 2;
        let mut values = Vec::new();
        for (index, word) in self.words.iter().enumerate() {
            let written = self.word(index);
            let is_cluster = || {
                let letters = written.strip_prefix('-').unwrap_or_default();
                letters.len() <= CLUSTER && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
            };
            let next = self.words.get(index + 1).filter(|_| !self.is_option(index + 1));
            if written == name || (is_short && is_cluster() && written.ends_with(&name[1..])) {
                values.extend(next.cloned());
            }
            match written.strip_prefix(name) {
                Some(value) if is_short || value.starts_with('=') => {
                    let glued = value.strip_prefix('=').unwrap_or(value);
                    values.push(unquoted(self.text, word.end - glued.len()..word.end));
                }
                _ => {}
            }
        }
        values.retain(|value| !value.is_empty());
        values
    }

    /// The words behind an option.
    fn behind_option(&self, name: &str) -> impl Iterator<Item = Range<usize>> {
        let at = (0..self.words.len()).filter(move |index| self.word(*index) == name && !self.is_option(index + 1));
        at.filter_map(|index| self.words.get(index + 1).cloned())
    }

    fn glued(&self, word: &Range<usize>, name: &str) -> Option<Range<usize>> {
        let value = self.text[word.clone()].strip_prefix(name).filter(|value| !value.is_empty())?;
        Some(unquoted(self.text, word.end - value.len()..word.end))
    }

    fn after(&self, value: Range<usize>, sign: char) -> Option<Range<usize>> {
        let (_, secret) = self.text[value.clone()].split_once(sign).filter(|(_, secret)| !secret.is_empty())?;
        Some(value.end - secret.len()..value.end)
    }

    /// The password of `ada/S@db`.
    fn login(&self, index: usize) -> Option<Found> {
        let (user, rest) = self.word(index).split_once('/')?;
        let password = rest.rsplit_once('@').map_or(rest, |(password, _)| password);
        let start = self.words[index].start + user.len() + 1;
        let is_login = !user.is_empty() && !password.is_empty() && !user.contains([':', '@']);
        is_login.then(|| Found::new(start..start + password.len()).doubtful())
    }
}

/// Where a name ends that is quoted or computed: `"$BIN/mysql" -u`, `${MYSQL:-mysql} -u`. None for a name that is neither.
fn end_of_name(behind: &str, outer: Option<char>) -> Option<usize> {
    let name = behind.len() - behind.trim_start_matches(".exe").len();
    let mut signs = behind[name..].chars();
    let closes = signs.next().is_some_and(|sign| Some(sign) == outer || matches!(sign, '}' | ')'));
    (closes && signs.next().is_some_and(|sign| sign == ' ' || sign == '\t')).then_some(name + 1)
}

/// `username=ada`: such an operand is a secret by its key alone.
fn is_setting(word: &str) -> bool {
    word.split_once('=').is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// The blanks before a word, the end of a line that goes on, and what separates the items of a list; none at the end of the
/// command.
fn blanks(text: &str) -> Option<usize> {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', ',', '<', '>', '\r']);
        match trimmed.strip_prefix("\\\n").or_else(|| trimmed.strip_prefix("\\\r\n")) {
            Some(next) => rest = next,
            None if trimmed.is_empty() || trimmed.starts_with(['\n', ';', '|', '&', ')', '`', ']']) => return None,
            None => return Some(text.len() - trimmed.len()),
        }
    }
}

/// How long the word at a text's beginning is; none where the quote around the command closes.
fn length(text: &str, outer: Option<char>) -> Option<usize> {
    let mut at = 0;
    while let Some(sign) = text[at..].chars().next() {
        let rest = &text[at..];
        let quote = rest.strip_prefix('\\').unwrap_or(rest).chars().next().filter(|sign| matches!(sign, '"' | '\''));
        match quote {
            Some(quote) if Some(quote) == outer && sign == quote => return (at > 0).then_some(at),
            Some(quote) => {
                let mark = if sign == '\\' { format!("\\{quote}") } else { quote.to_string() };
                match closing(&rest[mark.len()..], &mark) {
                    Some(end) => at += mark.len() + end + mark.len(),
                    // It closes one that stands before the command.
                    None => return (at > 0).then_some(at),
                }
            }
            None if sign == '\\' => at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            None if sign.is_whitespace() || matches!(sign, ';' | '|' | '&' | '`' | ')' | '<' | '>') => return Some(at),
            None => at += sign.len_utf8(),
        }
    }
    Some(at)
}

/// Where the quote closes, on the same line.
fn closing(text: &str, mark: &str) -> Option<usize> {
    let line = &text[..text.find('\n').unwrap_or(text.len())];
    let mut from = 0;
    loop {
        let end = from + line[from..].find(mark)?;
        let slashes = line[..end].bytes().rev().take_while(|byte| *byte == b'\\').count();
        if mark != "\"" || slashes % 2 == 0 {
            return Some(end);
        }
        from = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::programs::{PROGRAMS, Place, Program};
    use super::super::text::{doubtful_spans, values};

    /// The secret in the commands below.
    const S: &str = "Hush-4711";

    /// The command lines by which the program takes a secret.
    fn commands(program: &Program, place: Place) -> Vec<String> {
        let name = program.names[0].trim_end_matches('*');
        let whens = if program.when.is_empty() { &[""][..] } else { program.when };
        let forms = |when: &str| match place {
            Place::Value(option) | Place::May(option) if option.len() == 2 => {
                let letter = &option[1..];
                vec![
                    format!("{option} {S}"),
                    format!("{option}{S}"),
                    format!("-x{letter} {S}"),
                    format!("{option} '{S}'"),
                ]
            }
            Place::Value(option) | Place::May(option) => {
                vec![format!("{option} {S}"), format!("{option}={S}"), format!("{option}=\"{S}\"")]
            }
            Place::Apart(option) => vec![format!("{option} {S}"), format!("{option} '{S}'")],
            Place::Glued(option) => vec![format!("{option}{S}"), format!("{option}'{S}'")],
            Place::Behind(option, sign) => vec![format!("{option} ada{sign}{S}"), format!("{option} \"ada{sign}{S}\"")],
            Place::Source(option) => vec![format!("{option} pass:{S}")],
            Place::Operand(number) | Place::From(number) => {
                let before = "a ".repeat(number);
                vec![format!("{before}{S}"), format!("{before}'{S}' z"), format!("-v {before}\"{S}\"")]
            }
            Place::Login if when.is_empty() => vec![format!("ada/{S}@db"), format!("-s 'ada/{S}'")],
            Place::Login => Vec::new(),
        };
        let whole = |(when, form): (&str, String)| format!("{name} {when} {form}").replace("  ", " ");
        whens.iter().flat_map(|when| forms(when).into_iter().map(move |form| (*when, form))).map(whole).collect()
    }

    fn all() -> Vec<(String, Place)> {
        let of = |program: &'static Program| {
            let places = program.secrets.iter();
            places.flat_map(move |place| commands(program, *place).into_iter().map(move |command| (command, *place)))
        };
        PROGRAMS.iter().flat_map(of).collect()
    }

    fn is_hidden(text: &str) -> bool {
        doubtful_spans(text).into_iter().any(|span| text[span].contains(S))
    }

    #[test]
    fn each_program_of_the_table_is_read() {
        for (command, place) in all() {
            assert!(is_hidden(&command), "{command}: {place:?}");
            let certain = !matches!(place, Place::From(_) | Place::Login | Place::May(_) | Place::Behind(_, '='));
            assert!(!certain || values(&command).iter().any(|value| value == S), "{command}: {:?}", values(&command));
        }
    }

    proptest! {
        /// Wherever a command stands, its secret is found, and what stands around it is read without harm.
        #[test]
        fn a_command_is_read_wherever_it_stands(
            number in 0..all().len(),
            before in r#"((sudo|env A=b|/usr/bin/time|exec|if !|a && |b; |x=\$\(|\\|\| |[a-z]{1,9}|[a-z]+ -x|# then|it's|\n) ?){0,3}"#,
            behind in r#"( >/dev/null| 2>&1|; done| && echo [a-z]{1,5}| \| cat|\)|\n[a-z]{0,9}| \\\n -v| x\.zip)?"#,
        ) {
            let (command, _) = &all()[number];
            let joint = if before.is_empty() || before.ends_with(['(', ' ', '\n', '/']) { "" } else { " " };
            let text = format!("{before}{joint}{command}{behind}");
            prop_assert!(is_hidden(&text), "{text}");
        }

        #[test]
        fn places_are_within_the_text(text in r#"(zip|mysql|curl|openssl|vault login|htpasswd -b)?[a-z"'=\\ \n;|,:%/é-]{0,40}(-P|-p|-u)?[a-z"' \\é]{0,9}"#) {
            for span in doubtful_spans(&text) {
                prop_assert!(text.get(span).is_some());
            }
        }
    }

    #[test]
    fn commands_are_read_in_other_texts() {
        for text in [
            "bash -c \"unzip x -P Hush-4711\"",
            "bash -c 'zip -rP \"Hush-4711\" x.zip d'",
            "sh -c \"mysql -pHush-4711 shop\" && echo \"x y\"",
            r#"["zip", "-P", "Hush-4711", "x.zip"]"#,
            r#"subprocess.run(['mysql', '-pHush-4711'])"#,
            r#"{"run": "zip -P \"Hush-4711\" x"}"#,
            r#"{"run": "keytool -list -storepass Hush-4711"}"#,
            "keytool -genkeypair \\\n  -alias a \\\n  -storepass Hush-4711 -keypass x",
            "# as in: htpasswd -bc /etc/users ada Hush-4711",
            "it's: zip -P 'Hush-4711' x",
            "docker login -u ada -p Hush-4711 registry.example",
            "xfreerdp /u:ada /p:Hush-4711 /v:h",
            "curl -sSu ada:Hush-4711 https://h",
            "openssl enc -aes-256-cbc -pbkdf2 -k Hush-4711 -in a",
            "vault token lookup Hush-4711",
            "net use x: \\\\h\\s Hush-4711 /user:ada",
            "aws secretsmanager create-secret --name n --secret-string Hush-4711",
            "tool --client-secret-value Hush-4711",
            "\"$PGBIN/mysql\" -u root -pHush-4711 db",
            "\"$BIN/curl\" -u ada:Hush-4711 https://h",
            "${MYSQL:-mysql} -pHush-4711 db",
            "$(command -v mysql) -pHush-4711 db",
            "vault -tls-skip-verify x login Hush-4711",
        ] {
            assert!(is_hidden(text), "{text}: {:?}", doubtful_spans(text));
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "zip -r x.zip folder",
            "zip -P $ZIP_PASSWORD x.zip",
            "unzip -P \"${PASS}\" x.zip",
            "curl -u ada https://h/ -o x",
            "curl -k https://h/",
            "mysql -p shop",
            "mysql --protocol=tcp -P 3306 -h db",
            "docker run -p 8080:80 nginx",
            "openssl req -key server.key -passin file:pw.txt -passout env:PW",
            "openssl x509 -in a.pem -noout -text",
            "keytool -list -storepass:env PW -alias a",
            "ldapsearch -x -s base -b dc=example",
            "vault login -method=userpass username=ada",
            "vault lease revoke database/creds/app/abc",
            "vault token renew -self",
            "vault write -f database/rotate-root/shop",
            "htpasswd -c users ada",
            "psql -p 5432 -U ada shop",
            "gpg --passphrase-file pw.txt -d x",
            "ansible-playbook --vault-password-file pw.txt site.yml",
            "a net of users and a zip of files",
            "SELECT 1 FROM net WHERE zip = 8",
            "the setup of az and oc",
            "-- the role vault needs login before the first run",
            "create role vault with login createrole",
            "The load on vault during login storms",
        ] {
            let found: Vec<&str> = doubtful_spans(text).into_iter().map(|span| &text[span]).collect();
            assert!(found.is_empty(), "{text}: {found:?}");
        }
    }
}
