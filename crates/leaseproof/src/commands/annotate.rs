use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use leaseproof_domain::RunVerdicts;

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Print checks that did not pass as annotations for a CI system
///
/// Reads verdicts.json of each run and prints every check that failed, is undecided or is a known issue, at the line
/// of the scenario with the promise. GitHub Actions: workflow commands on stdout. GitLab CI: a Code Quality report to
/// store as an artifact.
///
/// Paths are those with which the run was started: run leaseproof from the root of the repository.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof annotate out --for github\n  \
                             leaseproof annotate out --for gitlab > gl-code-quality-report.json")]
pub(crate) struct AnnotateArgs {
    /// The runs: their folders, or a folder of runs as written by `run --output`
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// The CI system
    #[arg(long = "for", value_enum, value_name = "SYSTEM")]
    system: System,
}

/// A CI system that shows annotations.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum System {
    /// GitHub Actions: workflow commands
    Github,
    /// GitLab CI: a Code Quality report
    Gitlab,
}

pub(crate) fn annotate(args: &AnnotateArgs) -> Ended {
    let mut runs = Vec::new();
    for path in &args.runs {
        for file in verdicts_below(path)? {
            runs.push(read(&file)?);
        }
    }
    match args.system {
        System::Github => console::out(runs.iter().map(leaseproof_report::github_annotations).collect::<String>()),
        System::Gitlab => console::json(leaseproof_report::gitlab_code_quality(&runs)),
    }
    Ok(Exit::Passed)
}

const VERDICTS: &str = "verdicts.json";

/// The verdicts.json of the run in this folder, or of each run in the folders below it, sorted by name.
fn verdicts_below(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let own = path.join(VERDICTS);
    if own.is_file() {
        return Ok(vec![own]);
    }
    let unreadable = |error| Failure::usage(format!("cannot read the folder {}: {error}", path.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path().join(VERDICTS);
        if file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        let shown = path.display();
        return Err(Failure::usage(format!("{shown} contains no run: expected {VERDICTS} in it or in a folder in it")));
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<RunVerdicts, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let text = leaseproof_files::read(path, leaseproof_files::RECORD).map_err(|error| unreadable(&error))?;
    serde_json::from_slice(&text).map_err(|error| unreadable(&error))
}

#[cfg(test)]
mod tests {
    use super::verdicts_below;
    use crate::exit::Exit;

    #[test]
    fn a_run_and_a_folder_of_runs_are_found() {
        let folder = tempfile::tempdir().unwrap();
        for run in ["b", "a", "no-run"] {
            std::fs::create_dir(folder.path().join(run)).unwrap();
        }
        let failure = verdicts_below(folder.path()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.words.contains("contains no run"), "{}", failure.words);
        let files = ["a", "b"].map(|run| folder.path().join(run).join("verdicts.json"));
        for file in &files {
            std::fs::write(file, "{}").unwrap();
        }
        assert_eq!(verdicts_below(folder.path()).unwrap(), files);
        assert_eq!(verdicts_below(&folder.path().join("b")).unwrap(), [files[1].clone()]);
    }
}
