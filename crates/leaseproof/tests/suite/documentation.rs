//! What README.md and docs/ tell to type works: a block of shell commands is run as it stands, in a copy of the
//! repository's scenarios. One that takes minutes has a comment before it, `<!-- nightly: WHY -->`, and one that cannot be
//! run at all `<!-- not run: WHY -->`; its own commands still have to be commands of this program, with options that there
//! are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leaseproof_domain::Event;
use leaseproof_history::History;
use pulldown_cmark::{CodeBlockKind, Event as Mark, Parser, Tag, TagEnd};
use tempfile::TempDir;

use crate::support::workspace;

/// A block of shell commands in a page.
struct Block {
    page: String,
    text: String,
    /// When it is run.
    when: When,
}

/// When a block is run.
#[derive(Clone, Debug, PartialEq, Eq)]
enum When {
    Always,
    /// By `ci/nightly`, with the blocks before it on its page.
    Nightly,
    /// Never, for that reason.
    Never(String),
}

impl When {
    fn of(comment: &str) -> Option<Self> {
        let comment = comment.trim().strip_prefix("<!-- ")?.strip_suffix("-->")?;
        let (when, why) = comment.split_once(": ")?;
        assert!(why.len() > 10, "`{why}` is no reason");
        match when {
            "nightly" => Some(Self::Nightly),
            "not run" => Some(Self::Never(why.trim().to_owned())),
            _ => None,
        }
    }
}

fn pages() -> Vec<PathBuf> {
    let root = workspace();
    let mut pages: Vec<PathBuf> = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

fn is_shell(language: &str) -> bool {
    matches!(language.split([',', ' ']).next(), Some("bash" | "sh" | "shell" | "console" | "zsh"))
}

/// The shell blocks of a page, each with the comment right before it.
fn blocks(page: &str, markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut when = When::Always;
    let mut inside: Option<String> = None;
    for event in Parser::new(markdown) {
        match event {
            Mark::Html(html) | Mark::InlineHtml(html) => {
                when = When::of(&html).unwrap_or(when);
            }
            Mark::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) if is_shell(&language) => {
                inside = Some(String::new());
            }
            Mark::Text(text) if inside.is_some() => inside.as_mut().unwrap().push_str(&text),
            Mark::End(TagEnd::CodeBlock) => {
                if let Some(text) = inside.take() {
                    blocks.push(Block { page: page.to_owned(), text, when });
                    when = When::Always;
                }
            }
            Mark::Start(Tag::HtmlBlock) | Mark::End(TagEnd::HtmlBlock) => {}
            // A comment belongs to the block right after it.
            _ => when = When::Always,
        }
    }
    blocks
}

fn all_blocks() -> Vec<Block> {
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(workspace()).unwrap().display().to_string();
        blocks(&name, &fs::read_to_string(path).unwrap())
    };
    pages().iter().flat_map(read).collect()
}

/// The arguments of each call of leaseproof in a block, as a shell would split them.
fn calls(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let commands = joined.lines().flat_map(|line| line.split("&&")).flat_map(|part| part.split("; "));
    let mut calls = Vec::new();
    for command in commands {
        let command = command.split(" #").next().unwrap_or_default().trim();
        let Some(words) = shlex::split(command) else { continue };
        let mut words = words.into_iter().skip_while(|word| is_assignment(word));
        if words.next().is_some_and(|word| word == "leaseproof" || word.ends_with("/leaseproof")) {
            calls.push(words.take_while(|word| !matches!(word.as_str(), "|" | ">" | ">>" | "||" | "<")).collect());
        }
    }
    calls
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_leaseproof"))
}

/// What the command line says of such a call; nothing is done.
fn refused(arguments: &[String]) -> Option<String> {
    let output = Command::new(binary()).args(arguments).arg("--help").output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_call_is_one_that_there_is() {
    let mut count = 0;
    for Block { page, text, .. } in all_blocks() {
        for call in calls(&text) {
            count += 1;
            let refusal = refused(&call);
            assert!(refusal.is_none(), "{page}: leaseproof {}\n{}", call.join(" "), refusal.unwrap_or_default());
        }
    }
    assert!(count > 30, "only {count} calls were found");
    assert!(refused(&["run".into(), "scenarios/powerdns".into(), "--nonsense".into()]).is_some());
}

#[test]
fn every_block_that_can_run_runs() {
    let mut ran = 0;
    for block in all_blocks().iter().filter(|block| block.when == When::Always) {
        ran += 1;
        run(block, &folder());
    }
    assert!(ran >= 3, "only {ran} blocks were run");
}

/// The blocks of a page share a folder: one may read the run of another.
#[test]
#[ignore = "a quarter of an hour on real servers: a part of ci/nightly"]
fn every_block_that_takes_minutes_runs() {
    let blocks: Vec<Block> = all_blocks().into_iter().filter(|block| block.when == When::Nightly).collect();
    for page in blocks.chunk_by(|one, other| one.page == other.page) {
        let folder = folder();
        page.iter().for_each(|block| run(block, &folder));
        let clean =
            Command::new(binary()).arg("clean").env("XDG_STATE_HOME", folder.path().join("state")).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&clean.stdout).trim(), "nothing was left behind", "{}", page[0].page);
    }
    assert!(blocks.len() >= 8, "only {} blocks were run", blocks.len());
}

/// A folder with the repository's scenarios.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    copy(&workspace().join("scenarios"), &folder.path().join("scenarios"));
    folder
}

/// What README's placeholder LEASE_ID stands for: a lease of the run whose commands came before.
fn lease_of_a_run(folder: &TempDir) -> Option<String> {
    let runs = fs::read_dir(folder.path().join("reports/runs/powerdns")).ok()?;
    let last = runs.map(|run| run.unwrap().path()).max()?;
    let history = History::open(&last.join("history.jsonl.zst")).unwrap();
    let lease = |event: Event| if let Event::Operation(record) = event { record.lease } else { None };
    history.into_iter().find_map(lease).map(|lease| lease.as_str().to_owned())
}

fn run(Block { page, text, .. }: &Block, folder: &TempDir) {
    let text = match lease_of_a_run(folder) {
        Some(lease) => text.replace("LEASE_ID", &lease),
        None => text.clone(),
    };
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &text])
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", binary().parent().unwrap().display()))
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{page}:\n{text}\n{}: {said}", output.status);
}

#[test]
fn a_reason_is_of_the_block_right_after_it() {
    let page = "<!-- not run: it takes an hour -->\n```bash\nsleep 3600\n```\n\ntext\n\n```sh\nX=1 leaseproof list a \\\n  b > out # why\n```\n```text\nno\n```\n";
    let blocks = blocks("page", page);
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[0].when, When::Never("it takes an hour".to_owned()));
    assert_eq!(
        (&blocks[1].when, calls(&blocks[1].text)),
        (&When::Always, vec![vec!["list".into(), "a".into(), "b".into()]])
    );
}
