//! What README.md and docs/ tell to type works: a block of shell commands is run as it stands, in a copy of the
//! repository's scenarios. One that cannot be run here has a comment before it, `<!-- not run: WHY -->`; its own commands
//! still have to be commands of this program, with options that there are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use tempfile::TempDir;

use crate::support::workspace;

/// A block of shell commands in a page.
struct Block {
    page: String,
    text: String,
    /// Why it is not run.
    reason: Option<String>,
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
    let mut reason: Option<String> = None;
    let mut inside: Option<String> = None;
    for event in Parser::new(markdown) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                let comment = html.trim().strip_prefix("<!-- not run: ").and_then(|rest| rest.strip_suffix("-->"));
                reason = comment.map(|why| why.trim().to_owned()).or(reason);
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) if is_shell(&language) => {
                inside = Some(String::new());
            }
            Event::Text(text) if inside.is_some() => inside.as_mut().unwrap().push_str(&text),
            Event::End(TagEnd::CodeBlock) => {
                if let Some(text) = inside.take() {
                    blocks.push(Block { page: page.to_owned(), text, reason: reason.take() });
                }
            }
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
            // A comment belongs to the block right after it.
            _ => reason = None,
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
    for Block { page, text, reason } in all_blocks() {
        if let Some(reason) = reason {
            assert!(reason.len() > 10, "{page}: `{reason}` is no reason");
            continue;
        }
        ran += 1;
        let desk = TempDir::new().unwrap();
        copy(&workspace().join("scenarios"), &desk.path().join("scenarios"));
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &text])
            .current_dir(desk.path())
            .env("PATH", format!("{}:{path}", binary().parent().unwrap().display()))
            .env("XDG_STATE_HOME", desk.path().join("state"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{page}:\n{text}\n{}: {said}", output.status);
    }
    assert!(ran >= 3, "only {ran} blocks were run");
}

#[test]
fn a_reason_is_of_the_block_right_after_it() {
    let page = "<!-- not run: it takes an hour -->\n```bash\nsleep 3600\n```\n\ntext\n\n```sh\nX=1 leaseproof list a \\\n  b > out # why\n```\n```text\nno\n```\n";
    let blocks = blocks("page", page);
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[0].reason.as_deref(), Some("it takes an hour"));
    assert_eq!(
        (blocks[1].reason.as_deref(), calls(&blocks[1].text)),
        (None, vec![vec!["list".into(), "a".into(), "b".into()]])
    );
}
