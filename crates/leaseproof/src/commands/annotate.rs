use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use leaseproof_domain::RunVerdicts;

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Print checks that did not pass as annotations for a CI system
///
/// Reads verdicts.json of each run and prints every cause of a failure, known issues too, at the most precise line of
/// the scenario, and every check that is undecided for another reason. GitHub Actions: workflow commands on stdout.
/// GitLab CI: a Code Quality report to store as an artifact.
///
/// Paths are those given to `leaseproof run`: start it in the root of the repository.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof annotate --help",
    after_long_help = "Examples:\n  leaseproof annotate out --for github\n  \
                             leaseproof annotate reports --for github\n  \
                             leaseproof annotate out --for gitlab > gl-code-quality-report.json"
)]
pub(crate) struct AnnotateArgs {
    /// The runs: their folders, or a folder above them: `reports`, or what `run --output` wrote
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

/// How many folders down runs are searched: `reports` has them as `runs/<scenario>/<run>`.
const DEPTH: usize = 3;

/// The verdicts.json of the run in this folder, or of each run in the folders below it, sorted by name.
fn verdicts_below(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    find(path, DEPTH, &mut files)
        .map_err(|error| Failure::usage(format!("cannot read the folder {}: {error}", path.display())))?;
    if files.is_empty() {
        let shown = path.display();
        return Err(Failure::usage(format!(
            "{shown} contains no run: expected {VERDICTS} in it or in a folder below it"
        )));
    }
    files.sort();
    Ok(files)
}

/// A run's own folders hold no other run. Links are not followed.
fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let own = folder.join(VERDICTS);
    if own.is_file() {
        files.push(own);
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if depth > 0 && entry.file_type()?.is_dir() {
            find(&entry.path(), depth - 1, files)?;
        }
    }
    Ok(())
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
        // As runs are kept where no folder is said.
        let kept = folder.path().join("reports/runs/app/20261130T131200Z-8b4d");
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::write(kept.join("verdicts.json"), "{}").unwrap();
        assert_eq!(verdicts_below(&folder.path().join("reports")).unwrap(), [kept.join("verdicts.json")]);
    }
}
