//! Several scenarios, one after another. All are checked before the first one starts, and they end with one exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use leaseproof_domain::RunVerdicts;
use leaseproof_pipeline::Interrupt;
use leaseproof_report::{SeriesEnd, SeriesEntry};
use leaseproof_scenario::Plan;

use crate::console;
use crate::execution::shown;
use crate::execution::{self, Finished};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Screen;

/// The scenarios named by the paths of a command line.
pub(crate) enum Named {
    /// One scenario, by itself.
    One(PathBuf),
    /// Several scenarios, or a folder of them, each once.
    Several(Vec<PathBuf>),
}

/// The scenarios of the paths, those of a folder sorted by name. A path without a scenario is returned unchanged:
/// reading it gives the error message.
pub(crate) fn named(paths: &[PathBuf]) -> Result<Named, Failure> {
    if let [path] = paths
        && !is_folder_of_scenarios(path)
    {
        return Ok(Named::One(path.clone()));
    }
    let mut met = BTreeSet::new();
    let mut scenarios = Vec::new();
    for path in paths {
        for scenario in below(path)? {
            if met.insert(whole(&scenario)) {
                scenarios.push(scenario);
            }
        }
    }
    Ok(Named::Several(scenarios))
}

fn is_folder_of_scenarios(path: &Path) -> bool {
    path.is_dir() && !path.join("scenario.toml").exists()
}

fn below(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !is_folder_of_scenarios(path) {
        return Ok(vec![path.to_owned()]);
    }
    let shown = path.display();
    let listed = leaseproof_scenario::discover(path)
        .map_err(|error| Failure::usage(format!("cannot read the folder {shown}: {error}")))?;
    if listed.is_empty() {
        return Err(Failure::usage(format!(
            "there is no scenario in or below {shown}; `leaseproof list` lists scenarios, `leaseproof new NAME` \
             writes a first one"
        )));
    }
    Ok(listed.into_iter().map(|scenario| scenario.path).collect())
}

/// The scenario's file, whether the path is its folder or its file.
fn whole(path: &Path) -> PathBuf {
    let file = if path.is_dir() { path.join("scenario.toml") } else { path.to_owned() };
    fs::canonicalize(&file).unwrap_or(file)
}

/// The plans of all scenarios, or the problems of all of them.
pub(crate) fn plans(paths: &[PathBuf], plan: impl Fn(&Path) -> Result<Plan, Failure>) -> Result<Vec<Plan>, Failure> {
    let mut problems = Vec::new();
    let mut plans = Vec::new();
    for path in paths {
        match plan(path) {
            Ok(plan) => plans.push(plan),
            Err(failure) => {
                // An excerpt names its file; what the command line lacks names no scenario.
                let (shown, words) = (path.display().to_string(), failure.words.trim_end());
                let is_named = words.contains(&shown);
                problems.push(if is_named { words.to_owned() } else { format!("{shown}: {words}") });
            }
        }
    }
    if problems.is_empty() {
        return Ok(plans);
    }
    let (wrong, all) = (problems.len(), paths.len());
    problems.push(format!("nothing was started: {wrong} of {all} scenarios are invalid"));
    Err(Failure::rendered(problems.join("\n")))
}

/// Checks, before the first one runs, that each scenario has its own folder in `output`.
pub(crate) fn check_names(plans: &[Plan], output: Option<&Path>) -> Result<(), Failure> {
    if output.is_none() {
        return Ok(());
    }
    let mut names: BTreeMap<&str, u32> = BTreeMap::new();
    for plan in plans {
        *names.entry(&plan.name).or_default() += 1;
    }
    if let Some((name, times)) = names.iter().find(|(_, times)| **times > 1) {
        return Err(Failure::usage(format!(
            "{times} scenarios have the name {name}, but --output has one folder per name; run them separately, or without --output"
        )));
    }
    Ok(())
}

/// A finished series.
pub(crate) struct Series {
    entries: Vec<Entry>,
}

struct Entry {
    scenario: String,
    verdicts: Option<RunVerdicts>,
    note: Option<String>,
    took: Duration,
    folder: Option<String>,
    /// None if a signal came first.
    exit: Option<Exit>,
}

/// Runs each scenario, in order. After a failed scenario the next one still runs; after a signal it does not.
pub(crate) async fn run(
    plans: &[Plan],
    output: Option<&Path>,
    interrupt: &Interrupt,
    screen: Screen,
    keep_going: bool,
    mut each: impl FnMut(&Finished),
) -> Series {
    let mut entries = Vec::new();
    for (number, plan) in plans.iter().enumerate() {
        if interrupt.signal().is_some() {
            entries.push(Entry::unrun(plan));
            continue;
        }
        screen.say(&format!("[{} of {}] {}", number + 1, plans.len(), plan.name));
        let begun = Instant::now();
        let folder = output.map(|output| output.join(&plan.name));
        let run = execution::run(plan, folder.as_deref(), interrupt, screen, keep_going).await;
        let entry = Entry::of(plan, run.as_ref(), begun.elapsed());
        match &run {
            Ok(run) => each(run),
            Err(failure) => console::note(format!("{}: {}", plan.name, failure.words)),
        }
        entries.push(entry);
    }
    Series { entries }
}

impl Entry {
    fn unrun(plan: &Plan) -> Self {
        let scenario = plan.name.clone();
        Self { scenario, verdicts: None, note: None, took: Duration::ZERO, folder: None, exit: None }
    }

    fn of(plan: &Plan, run: Result<&Finished, &Failure>, took: Duration) -> Self {
        let entry = Self { took, ..Self::unrun(plan) };
        match run {
            Ok(run) => Self {
                verdicts: Some(run.verdicts.clone()),
                note: run.verdicts.cause.as_ref().map(|cause| cause.what.clone()),
                folder: Some(shown(&run.folder)),
                exit: Some(run.exit),
                ..entry
            },
            Err(failure) => Self { note: Some(failure.words.clone()), exit: Some(failure.exit), ..entry },
        }
    }

    fn reported(&self) -> SeriesEntry<'_> {
        SeriesEntry {
            scenario: &self.scenario,
            verdicts: self.verdicts.as_ref(),
            note: self.note.as_deref(),
            took: self.took,
            folder: self.folder.as_deref(),
            exit_code: self.exit.map(Exit::code),
        }
    }
}

impl Series {
    /// The exit of the process: the first in the documented order decides, as for one scenario.
    pub(crate) fn exit(&self) -> Exit {
        over(self.entries.iter().filter_map(|entry| entry.exit))
    }

    /// One line per scenario, and the exit code.
    pub(crate) fn table(&self, width: Option<usize>) -> String {
        leaseproof_report::series_terminal(&self.reported(), &self.end(), width)
    }

    /// The verdicts of all scenarios that have any, as one list.
    pub(crate) fn json(&self) -> String {
        let all: Vec<&RunVerdicts> = self.entries.iter().filter_map(|entry| entry.verdicts.as_ref()).collect();
        format!("{:#}\n", serde_json::json!(all))
    }

    /// `summary.md` and `junit.xml` of the whole series.
    pub(crate) fn write(&self, output: &Path) -> Result<(), Failure> {
        let reported = self.reported();
        let files = [
            ("summary.md", leaseproof_report::series_summary(&reported, &self.end())),
            ("junit.xml", leaseproof_report::series_junit(&reported)),
        ];
        for (name, content) in files {
            let path = output.join(name);
            let failed = |error| Failure::environment(format!("cannot write {}: {error}", path.display()));
            fs::write(&path, content).map_err(failed)?;
        }
        Ok(())
    }

    fn reported(&self) -> Vec<SeriesEntry<'_>> {
        self.entries.iter().map(Entry::reported).collect()
    }

    fn end(&self) -> SeriesEnd<'static> {
        let exit = self.exit();
        SeriesEnd { exit_code: exit.code(), exit_meaning: exit.meaning() }
    }
}

/// The exit of several scenarios. A series without any run is undecided.
fn over(exits: impl Iterator<Item = Exit>) -> Exit {
    exits.reduce(Exit::or).unwrap_or(Exit::Undecided)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use leaseproof_scenario::LoadOptions;

    use super::{Named, check_names, named, over, plans};
    use crate::exit::Exit;
    use crate::failure::Failure;

    fn scenarios() -> PathBuf {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios")).to_owned()
    }

    fn several(paths: &[PathBuf]) -> Vec<String> {
        match named(paths).unwrap() {
            Named::Several(paths) => {
                paths.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
            }
            Named::One(path) => panic!("one: {}", path.display()),
        }
    }

    #[test]
    fn a_folder_names_its_scenarios_each_once_and_by_name() {
        let all = several(&[scenarios()]);
        assert!(all.contains(&"powerdns".to_owned()) && all.contains(&"delphi".to_owned()), "{all:?}");
        assert!(all.is_sorted(), "{all:?}");
        let powerdns = scenarios().join("powerdns");
        assert_eq!(several(&[powerdns.clone(), powerdns.join("scenario.toml")]), ["powerdns"]);
        assert!(matches!(named(&[powerdns]).unwrap(), Named::One(_)));
        assert!(
            matches!(named(&["nowhere".into()]).unwrap(), Named::One(_)),
            "reading it tells that it does not exist"
        );
    }

    #[test]
    fn a_folder_without_scenarios_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let failure = named(&[folder.path().to_owned()]).err().unwrap();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.words.starts_with("there is no scenario in or below "), "{}", failure.words);
    }

    #[test]
    fn every_scenario_that_cannot_be_run_is_reported() {
        let paths = ["one".into(), "two".into(), scenarios().join("powerdns")];
        let load = |path: &Path| {
            leaseproof_scenario::load(path, &LoadOptions::default())
                .map_err(|_| Failure::usage(format!("{} is wrong\n", path.display())))
        };
        let words = plans(&paths, load).unwrap_err().words;
        assert_eq!(words, "one is wrong\ntwo is wrong\nnothing was started: 2 of 3 scenarios are invalid");
        let twice = plans(&[paths[2].clone(), paths[2].clone()], load).unwrap();
        assert!(check_names(&twice, None).is_ok());
        let failure = check_names(&twice, Some(Path::new("out"))).unwrap_err();
        assert!(failure.words.starts_with("2 scenarios have the name powerdns"), "{}", failure.words);
    }

    #[test]
    fn one_exit_decides_over_all() {
        let table: &[(&[Exit], Exit)] = &[
            (&[Exit::Passed, Exit::Passed], Exit::Passed),
            (&[Exit::Passed, Exit::Undecided], Exit::Undecided),
            (&[Exit::FailedOnTiming, Exit::Invalid], Exit::Invalid),
            (&[Exit::Invalid, Exit::Failed, Exit::Passed], Exit::Failed),
            (&[Exit::Failed, Exit::Environment], Exit::Environment),
            (&[Exit::Passed, Exit::Interrupted], Exit::Interrupted),
            (&[], Exit::Undecided),
        ];
        for (exits, decides) in table {
            assert_eq!(over(exits.iter().copied()), *decides, "{exits:?}");
        }
    }
}
