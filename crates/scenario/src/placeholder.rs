//! `${…}`: what stands in a scenario's texts for a place of the environment, filled in once the servers run.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::near::{listed, nearest};
use crate::problem::{Noted, Problem};
use crate::text::Text;

/// What stands for `$` itself: `${dollar}{x}` is sent as `${x}`. A sign for it in the text would be one of SQL's or of HCL's.
const DOLLAR: &str = "dollar";

/// A placeholder, or what is left of one that is not closed on its line.
static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\$\{(?<name>[^}\n]*)(?<close>\}?)").expect("a pattern written here"));
/// What was meant for one: blanks before the brace, other brackets, no brackets.
static SLIP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\$(?:[ \t]*[({\[<]|[ \t]+\{)?[ \t]*(?<name>(?:postgres|vault|environment)\.[\w.-]*\w)[ \t]*[)}\]>]?")
        .expect("a pattern written here")
});

/// In which language a text is: a shell has `${…}` of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Every `${…}` is ours.
    Ours,
    /// Only those that no shell variable can be called: with a dot behind the first word.
    Shell,
}

/// A cluster, as far as placeholders speak of it.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    pub(crate) cluster: String,
    /// How many servers it has; of a cluster that leaseproof did not start, how many endpoints are named.
    pub(crate) servers: u16,
    /// Whether it has a place for reads.
    pub(crate) reads: bool,
}

impl Servers {
    fn names(&self) -> impl Iterator<Item = String> {
        let parts = ["write", "read", "host", "port"].into_iter().filter(|part| *part != "read" || self.reads);
        let parts = parts.map(str::to_owned).chain((1..=self.servers).map(|number| number.to_string()));
        parts.map(|part| format!("postgres.{}.{part}", self.cluster))
    }

    /// Why `name` is none of this cluster's, where it could be one of another cluster.
    fn refuses(&self, name: &str) -> Option<(String, String)> {
        let part = name.strip_prefix("postgres.")?.strip_prefix(self.cluster.as_str())?.strip_prefix('.')?;
        let Self { cluster, servers, .. } = self;
        if part == "read" && !self.reads {
            let why = format!("`${{{name}}}`: cluster `{cluster}` has no standby to read from");
            let help = format!(
                "`layout = \"haproxy-ha\"` in [postgres.{cluster}] gives it one; `${{postgres.{cluster}.write}}` is its only address now"
            );
            return Some((why, help));
        }
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            let why = match servers {
                1 => format!("`${{{name}}}`: cluster `{cluster}` has one server, number 1"),
                _ => format!("`${{{name}}}`: cluster `{cluster}` has {servers} servers, numbers 1 to {servers}"),
            };
            return Some((why, "`standbys` is the number of standbys of a cluster, without its primary".to_owned()));
        }
        None
    }
}

/// The certificate of the run's own authority.
const CA: &str = "environment.ca";

/// Everything that `${…}` can stand for in an environment.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    names: Vec<String>,
    clusters: Vec<Servers>,
}

impl Places {
    /// Of an environment with those clusters; the authority's certificate is there where a server speaks TLS.
    pub(crate) fn of(clusters: Vec<Servers>, tls: bool) -> Self {
        let names = clusters.iter().flat_map(Servers::names).chain(tls.then(|| CA.to_owned())).collect();
        Self { names, clusters }
    }

    /// The same, with Vault's own.
    pub(crate) fn with_vault(&self) -> Self {
        let of_vault = ["addr", "host", "port"].map(|part| format!("vault.{part}"));
        Self { names: self.names.iter().cloned().chain(of_vault).collect(), clusters: self.clusters.clone() }
    }

    /// Notes every placeholder of `text` that is none.
    pub(crate) fn check(&self, text: &Text, language: Language, noted: &Noted) {
        for found in PLACEHOLDER.captures_iter(&text.text) {
            let (whole, name) = (found.get_match().range(), &found["name"]);
            let known = self.names.iter().any(|known| known == name) || (language == Language::Ours && name == DOLLAR);
            if (language == Language::Shell && !is_ours(name)) || (known && !found["close"].is_empty()) {
                continue;
            }
            if noted.is_crowded() {
                noted.add(Problem::at(&text.part(whole), "the environment has no such `${…}`"));
            } else if let Some(problem) = self.malformed(text, whole.clone(), name, &found["close"]) {
                noted.add(problem);
            } else {
                noted.add(self.unknown(text, whole, name, language));
            }
        }
        if language == Language::Ours {
            self.slips(text, noted);
        }
    }

    /// What keeps the text after `${` from being a name at all.
    fn malformed(&self, text: &Text, whole: Range<usize>, name: &str, close: &str) -> Option<Problem> {
        let open = text.part(whole.start..whole.start + 2);
        let literal = format!("`${{{DOLLAR}}}{{` writes a literal `${{`");
        if let Some(inner) = name.find("${") {
            let place = text.part(whole.start + 2 + inner..whole.start + 4 + inner);
            return Some(Problem::at(&place, "a placeholder cannot stand in another one").label("here").help(literal));
        }
        if close.is_empty() {
            let problem = Problem::at(&open, "this placeholder is not closed: expected `}` on the same line");
            let begun =
                self.names.iter().filter(|known| name.starts_with(known.as_str())).max_by_key(|known| known.len());
            return Some(match begun {
                Some(known) => problem.label(format!("did you mean `${{{known}}}`?")).help(literal),
                None => problem.label("opened here").help(literal),
            });
        }
        if name.trim().is_empty() {
            let known = listed(self.names.iter().map(String::as_str));
            let problem = Problem::at(&text.part(whole), "this placeholder has no name").label("expected a name in it");
            return Some(problem.help(format!("the environment has {known}; {literal}")));
        }
        None
    }

    /// Notes what is close to a placeholder and would be sent as it stands: `$ {vault.addr}`, `$(vault.addr)`.
    fn slips(&self, text: &Text, noted: &Noted) {
        for found in SLIP.captures_iter(&text.text) {
            let (whole, name) = (found.get_match().range(), &found["name"]);
            let is_one = text.text[whole.clone()].starts_with("${");
            if is_one || !self.names.iter().any(|known| known == name) {
                continue;
            }
            let problem = Problem::at(&text.part(whole), "this is no placeholder, and would be sent as it is written");
            noted.add(problem.label(format!("did you mean `${{{name}}}`?")));
        }
    }

    fn unknown(&self, text: &Text, whole: Range<usize>, name: &str, language: Language) -> Problem {
        let place = text.part(whole);
        let known = || listed(self.names.iter().map(String::as_str));
        // A placeholder of a cluster is no part of a password.
        if let Some((why, help)) = self.clusters.iter().find_map(|cluster| cluster.refuses(name)) {
            return Problem::at(&place, why).label("here").help(help);
        }
        if language == Language::Ours && place.is_secret() {
            let help = format!("the environment has {}", known());
            return Problem::at(&place, "this secret holds a `${…}` that the environment does not have")
                .label("here")
                .help(help);
        }
        if name == CA {
            let none = format!("no server of the environment has TLS, so that it has no `${{{CA}}}`");
            let help = "`tls = true` in [vault] or in [postgres.NAME] gives that server a certificate of it";
            return Problem::at(&place, none).label("here").help(help);
        }
        let problem = Problem::at(&place, format!("the environment has no `${{{name}}}`"));
        match nearest(name, self.names.iter().map(String::as_str)) {
            Some(near) => problem.label(format!("did you mean `${{{near}}}`?")),
            None => problem.label("unknown").help(format!("it has {}", known())),
        }
    }
}

fn is_ours(name: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    name.split_once('.').is_some_and(|(first, _)| word(first))
}
