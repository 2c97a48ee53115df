//! `${…}`: what stands in a scenario's texts for a place of the estate, filled in once the servers run.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::near::{listed, nearest};
use crate::problem::{Noted, Problem};
use crate::text::Text;

static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\$\{(?<name>[^}\n]*)\}").expect("a pattern written here"));

/// In which language a text is: a shell has `${…}` of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Every `${…}` is ours.
    Ours,
    /// Only those that no shell variable can be called: with a dot behind the first word.
    Shell,
}

/// Notes every placeholder of `text` that is none.
pub(crate) fn check(text: &Text, language: Language, known: &[String], noted: &Noted) {
    for found in PLACEHOLDER.captures_iter(&text.text) {
        let (whole, name) = (found.get_match().range(), &found["name"]);
        if language == Language::Shell && !is_ours(name) {
            continue;
        }
        if !known.iter().any(|known| known == name) {
            noted.add(unknown(text, whole, name, known));
        }
    }
}

fn unknown(text: &Text, whole: Range<usize>, name: &str, known: &[String]) -> Problem {
    let problem = Problem::at(&text.part(whole), format!("the estate has no `${{{name}}}`"));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => problem.label(format!("did you mean `${{{near}}}`?")),
        None => problem.label("unknown").help(format!("it has {}", listed(known.iter().map(String::as_str)))),
    }
}

fn is_ours(name: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    name.split_once('.').is_some_and(|(first, _)| word(first))
}

/// The placeholders of an estate with those clusters; the authority's certificate is there where a server speaks TLS.
pub(crate) fn known(clusters: &[String], tls: bool) -> Vec<String> {
    let of_cluster = |cluster: &String| ["write", "host", "port"].map(|part| format!("postgres.{cluster}.{part}"));
    let of_vault = ["addr", "host", "port"].map(|part| format!("vault.{part}"));
    clusters.iter().flat_map(of_cluster).chain(of_vault).chain(tls.then(|| "estate.ca".to_owned())).collect()
}
