//! What users and developers read is in the words of their field: words of our own that were given up do not come back,
//! neither in documents, keys, schemas and output that the snapshots of the workspace keep, nor in the sources.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Parser, TagEnd};
use regex::Regex;
use walkdir::WalkDir;

use crate::support::workspace;

/// Retired words as regular expressions, each with the word to use instead. In names they are delimited by `_` or `-`.
const RETIRED: &[(&str, &str)] = &[
    (r"estates?", "environment"),
    (r"(?:life|lives)", "lifecycle"),
    (r"shed", "dropped"),
    (r"felt", "in the fault window"),
    (r"(?:lies|impostors?)", "tampering proxy"),
    (r"patience", "timeout"),
    (r"told", "reported"),
    (r"papers", "certificate"),
    (r"seen beside", "other observations"),
    (r"(?:kept|keep)[ _]sessions?", "held session"),
    (r"sightings?", "observation"),
    (r"(?:stands?|standing|stood) up", "start the environment"),
    (r"rooms?", "crate, space"),
    (r"(?:knows?|believes?|makes? sure)", "a verb that a server can do"),
    (r"(?:lest|so long as|of which there)", "a sentence of today"),
    (r"(?:look on|(?:be|is|are) (?:lived|proved))", "cannot read, would not run, would not be tested"),
    (r"(?:to take|takes?) (?:its |their )?credentials", "request credentials"),
];

/// Of the retired words those that no source file may use, in a name or in a comment.
const RETIRED_IN_SOURCES: &[&str] = &["estates?", "(?:life|lives)", "shed", "felt", "patience", "told", "sightings?"];

/// The paragraphs of a Markdown page, with the code in them.
fn page(markdown: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for event in Parser::new(markdown) {
        match event {
            Event::Text(text) | Event::Code(text) => paragraphs.last_mut().unwrap().push_str(&text),
            Event::SoftBreak | Event::HardBreak => paragraphs.last_mut().unwrap().push(' '),
            Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Item | TagEnd::TableCell,
            ) => {
                paragraphs.push(String::new());
            }
            _ => {}
        }
    }
    paragraphs.retain(|paragraph| !paragraph.trim().is_empty());
    paragraphs
}

/// The lines of a snapshot, without its header.
fn output(snapshot: &str) -> Vec<String> {
    snapshot.splitn(3, "---\n").nth(2).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// `FILE: …text…: use: WORD`, for each text with a retired word.
fn retired<'w>(
    file: &Path,
    texts: &[String],
    words: impl IntoIterator<Item = &'w (Regex, &'static str)>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (word, instead) in words {
        let hits = texts.iter().filter(|text| word.is_match(text));
        found.extend(hits.map(|text| format!("{}: {:?}: use: {instead}", file.display(), text.trim())));
    }
    found
}

static WORDS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let word = |(pattern, instead): &(&str, &'static str)| {
        (Regex::new(&format!(r"(?i)(?:\b|_){pattern}(?:\b|_)")).unwrap(), *instead)
    };
    RETIRED.iter().map(word).collect()
});

/// The words of [`RETIRED_IN_SOURCES`].
fn words_of_sources() -> impl Iterator<Item = &'static (Regex, &'static str)> {
    let of_sources = |(place, _): &(usize, _)| RETIRED_IN_SOURCES.contains(&RETIRED[*place].0);
    WORDS.iter().enumerate().filter(of_sources).map(|(_, word)| word)
}

#[test]
fn what_users_and_developers_read_has_no_retired_word() {
    let root = workspace();
    let mut found = Vec::new();
    let (mut pages, mut snapshots, mut files, mut sources) = (0, 0, 0, 0);
    let ours = |name: &str| name != "target" && !name.starts_with('.');
    let all = WalkDir::new(&root)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || ours(&entry.file_name().to_string_lossy()));
    for entry in all.map(Result::unwrap).filter(|entry| entry.file_type().is_file()) {
        let file = entry.path().strip_prefix(&root).unwrap();
        let text = || fs::read_to_string(entry.path()).unwrap();
        let lines = || text().lines().map(str::to_owned).collect::<Vec<_>>();
        // Runs keep what was printed then; this file holds the retired words.
        if file.starts_with("reports") || file.ends_with("words.rs") {
            continue;
        }
        match file.extension().and_then(|extension| extension.to_str()) {
            // Runbooks repeat a document in its own words.
            Some("md") if !file.ends_with("runbook.md") => {
                pages += 1;
                found.extend(retired(file, &page(&text()), &*WORDS));
            }
            Some("snap") => {
                snapshots += 1;
                found.extend(retired(file, &output(&text()), &*WORDS));
            }
            Some("toml" | "json" | "yml" | "hcl" | "sql") => {
                files += 1;
                found.extend(retired(file, &lines(), &*WORDS));
            }
            Some("rs" | "sh") => {
                sources += 1;
                found.extend(retired(file, &lines(), words_of_sources()));
            }
            None if file.starts_with("ci") => {
                sources += 1;
                found.extend(retired(file, &lines(), words_of_sources()));
            }
            _ => {}
        }
    }
    let read = (pages, snapshots, files, sources);
    assert!(pages > 10 && snapshots > 50 && files > 50 && sources > 500, "files are read: {read:?}");
    assert!(found.is_empty(), "{} retired words:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_retired_word_is_found_in_prose_code_output_and_names() {
    let markdown = "The estate is\ntold. `patience = \"x\"`\n\n```toml\n[life.app]\n```\n\n- some lives\n";
    let found = retired(Path::new("page.md"), &page(markdown), &*WORDS);
    let words: Vec<&str> = found.iter().map(|found| found.rsplit(": ").next().unwrap()).collect();
    assert_eq!(words, ["environment", "lifecycle", "lifecycle", "timeout", "reported"]);
    let snapshot = "---\nsource: crates/estate/x.rs\n---\n 7 │ seed = 1\n\"arrivals_shed\": 0\nlifetime\n";
    let found = retired(Path::new("x.snap"), &output(snapshot), &*WORDS);
    assert_eq!(found, ["x.snap: \"\\\"arrivals_shed\\\": 0\": use: dropped"]);
    let source = ["fn a_life_of_its_own() {}".to_owned(), "// what a server knows".to_owned()];
    assert_eq!(retired(Path::new("x.rs"), &source, words_of_sources()).len(), 1);
}
