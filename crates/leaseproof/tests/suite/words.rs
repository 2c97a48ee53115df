//! What users read is in the words of their field: words of our own that were given up do not come back, neither in the
//! documents nor in the output that the snapshots of the workspace keep.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use regex::Regex;
use walkdir::WalkDir;

use crate::support::workspace;

/// Retired words as regular expressions, each with the word to use instead.
const RETIRED: &[(&str, &str)] = &[
    (r"estates?", "environment"),
    (r"lives", "lifecycles"),
    (r"shed", "dropped"),
    (r"felt", "in the fault window"),
    (r"(?:lies|impostors?)", "tampering proxy"),
    (r"patience", "timeout"),
    (r"(?:is|are|was|were|be|been) told", "reported"),
    (r"papers", "certificate"),
    (r"seen beside", "other observations"),
    (r"kept sessions?", "held session"),
    (r"sightings?", "observation"),
    (r"(?:stands?|standing|stood) up", "start the environment"),
    (r"rooms?", "crate"),
    (r"(?:knows?|believes?|makes? sure)", "a verb that a server can do"),
    (r"(?:lest|so long as|of which there)", "a sentence of today"),
    (r"(?:look on|(?:be|is|are) (?:lived|proved))", "cannot read, would not run, would not be tested"),
    (r"(?:to take|takes?) (?:its |their )?credentials", "request credentials"),
];

/// The prose of a Markdown page: no code, because today's keys and types have their own names.
fn prose(markdown: &str) -> Vec<String> {
    let mut in_code = false;
    let mut paragraphs = vec![String::new()];
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) if !in_code => paragraphs.last_mut().unwrap().push_str(&text),
            Event::Code(_) | Event::SoftBreak | Event::HardBreak => paragraphs.last_mut().unwrap().push(' '),
            Event::End(_) => paragraphs.push(String::new()),
            _ => {}
        }
    }
    paragraphs.retain(|paragraph| !paragraph.trim().is_empty());
    paragraphs
}

/// The lines of a snapshot, without its header, quoted lines of a scenario, keys of JSON and names in backticks.
fn output(snapshot: &str) -> Vec<String> {
    let body = snapshot.splitn(3, "---\n").nth(2).unwrap_or_default();
    static NAMES: LazyLock<Regex> = LazyLock::new(|| Regex::new("`[^`]*`|\"[a-z_]+\"|--[a-z-]+").unwrap());
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*\d+ │").unwrap());
    let lines = body.lines().filter(|line| !QUOTED.is_match(line));
    lines.map(|line| NAMES.replace_all(line, "").into_owned()).collect()
}

/// `FILE: …text…: say WORD`, for each retired word of `texts`.
fn retired(file: &Path, texts: &[String]) -> Vec<String> {
    static WORDS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let word =
            |(pattern, instead): &(&str, &'static str)| (Regex::new(&format!(r"(?i)\b{pattern}\b")).unwrap(), *instead);
        RETIRED.iter().map(word).collect()
    });
    let mut found = Vec::new();
    for (word, instead) in WORDS.iter() {
        let hits = texts.iter().filter(|text| word.is_match(text));
        found.extend(hits.map(|text| format!("{}: {:?}: use: {instead}", file.display(), text.trim())));
    }
    found
}

#[test]
fn what_users_read_has_no_retired_word() {
    let root = workspace();
    let mut found = Vec::new();
    let mut read = (0, 0);
    let ours = |name: &str| name != "target" && !name.starts_with('.');
    let files = WalkDir::new(&root)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || ours(&entry.file_name().to_string_lossy()));
    for entry in files.map(Result::unwrap) {
        let file = entry.path().strip_prefix(&root).unwrap();
        match file.extension().and_then(|extension| extension.to_str()) {
            // Runbooks repeat a document in its own words, and runs keep what was printed then.
            Some("md") if !file.ends_with("runbook.md") && !file.starts_with("reports") => {
                read.0 += 1;
                found.extend(retired(file, &prose(&fs::read_to_string(entry.path()).unwrap())));
            }
            Some("snap") => {
                read.1 += 1;
                found.extend(retired(file, &output(&fs::read_to_string(entry.path()).unwrap())));
            }
            _ => {}
        }
    }
    assert!(read.0 > 10 && read.1 > 50, "pages and snapshots are read: {read:?}");
    assert!(found.is_empty(), "{} retired words:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_retired_word_is_found_in_prose_and_output_but_not_in_code() {
    let page = "The estate is\ntold. `estate = \"x\"`\n\n```toml\nestate = 1\n```\n\n- some lives\n";
    let found = retired(Path::new("page.md"), &prose(page));
    let words: Vec<&str> = found.iter().map(|found| found.rsplit(": ").next().unwrap()).collect();
    assert_eq!(words, ["environment", "lifecycles", "reported"]);
    let snapshot =
        "---\nsource: crates/environment/x.rs\n---\n 7 │ estate = 1\n`life.app` is wrong\n\"shed\": 0\nit was shed\n";
    let found = retired(Path::new("x.snap"), &output(snapshot));
    assert_eq!(found, ["x.snap: \"it was shed\": use: dropped"]);
}
