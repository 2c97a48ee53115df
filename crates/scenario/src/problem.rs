//! Problems of a scenario: collected while it is read, shown all at once.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt;

use leaseproof_domain::{ScenarioWarning, is_common_word, visible_lines};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, Report, Severity};

use crate::excerpt::Excerpt;
use crate::near::{listed, nearest};
use crate::place::Place;

/// How many problems are shown at most: people mend the first ones first.
const SHOWN: usize = 50;
/// How many characters of a message, and of the words under a caret, are shown at most.
const MESSAGE: usize = 1000;
const LABEL: usize = 200;

/// One thing that is wrong, and where.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    place: Place,
    message: String,
    label: Option<String>,
    help: Option<String>,
    not_built: bool,
    /// Something could not be read for it.
    broken: bool,
    /// It stops nothing.
    warning: bool,
    /// Its line may hold a secret that nothing marks as one.
    is_secret: bool,
}

impl Problem {
    pub(crate) fn at(place: &Place, message: impl Into<String>) -> Self {
        let (place, message) = (place.clone(), message.into());
        Self {
            place,
            message,
            label: None,
            help: None,
            not_built: false,
            broken: false,
            warning: false,
            is_secret: false,
        }
    }

    /// What is likely to be wrong, and stops nothing.
    pub(crate) fn warning(place: &Place, message: impl Into<String>) -> Self {
        Self { warning: true, ..Self::at(place, message) }
    }

    /// What this version knows of and cannot do yet.
    pub(crate) fn not_built(place: &Place, what: &str) -> Self {
        let mut problem = Self::at(place, format!("{what} not built yet: this version cannot run the scenario"));
        problem.not_built = true;
        problem
    }

    /// A line or a whole file could not be read: what seems to be missing may only stand there.
    pub(crate) fn broken(mut self) -> Self {
        self.broken = true;
        self
    }

    /// The line may hold a secret that nothing marks as one: it is named, and not shown.
    pub(crate) fn unseen(mut self) -> Self {
        self.message = format!("{}: {}", self.place.origin(), self.message);
        self.is_secret = true;
        self
    }

    /// What stands under the caret.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// `did you mean …` under the caret, where a name is near.
    pub(crate) fn nearest(mut self, name: Option<&str>) -> Self {
        if let Some(name) = name {
            self.label = Some(format!("did you mean `{name}`?"));
        }
        self
    }

    /// What `name` may have meant: the nearest of `names`, or all of them; where there are none, the label `none`.
    pub(crate) fn among(self, name: &str, names: &[&str], none: &str) -> Self {
        match nearest(name, names.iter().copied()) {
            Some(near) => self.nearest(Some(near)),
            None if names.is_empty() => self.label(none),
            None => self.label("unknown").help(format!("there is {}", listed(names.iter().copied()))),
        }
    }

    /// What to do, below the excerpt.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn report(&self) -> Report {
        let mut diagnostic = MietteDiagnostic::new(self.shown(&self.message, MESSAGE));
        diagnostic.severity = self.warning.then_some(Severity::Warning);
        diagnostic.help = self.help.as_deref().map(|help| self.shown(help, MESSAGE));
        let Some(excerpt) = Excerpt::of(&self.place).filter(|_| !self.is_secret) else {
            return Report::new(diagnostic);
        };
        let label = self.label.as_deref().map(|label| self.shown(label, LABEL));
        Report::new(diagnostic.with_label(LabeledSpan::new_primary_with_span(label, excerpt.label())))
            .with_source_code(excerpt)
    }

    /// A text of the problem without the secret that it is about, cut after so many characters, with hidden characters
    /// as escapes.
    fn shown(&self, text: &str, most: usize) -> String {
        let mut text = self.place.source.secrets().scrub(text);
        for secret in self.place.touched() {
            let written = self.place.source.text[secret.clone()].trim_matches(['"', '\'', '@', '\n']);
            if is_common_word(written) {
                for quote in ['"', '\''] {
                    text = text.replace(&format!("{quote}{written}{quote}"), &format!("{quote}***{quote}"));
                }
            } else if !written.is_empty() {
                text = text.replace(written, "***");
            }
        }
        if let Some((end, _)) = text.char_indices().nth(most) {
            text.truncate(end);
            text.push('…');
        }
        visible_lines(&text).into_owned()
    }
}

/// Collects problems while a scenario is read.
#[derive(Debug, Default)]
pub(crate) struct Noted(RefCell<Vec<Problem>>);

impl Noted {
    pub(crate) fn add(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Whether there are more problems than are shown: what costs much is not looked up for another one.
    pub(crate) fn is_crowded(&self) -> bool {
        self.0.borrow().len() >= SHOWN
    }

    /// The candidate nearest to `given`, where one is near enough to have been meant; none once there are more problems
    /// than are shown.
    pub(crate) fn nearest<'a>(&self, given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        if self.is_crowded() { None } else { nearest(given, candidates) }
    }

    /// Whether something could not be read at all.
    pub(crate) fn has_unread(&self) -> bool {
        self.0.borrow().iter().any(|problem| problem.broken)
    }

    /// All of them in the order of files and lines, each once.
    pub(crate) fn into_problems(self) -> Problems {
        let mut problems = self.0.into_inner();
        // What else seems to be wrong with a line that could not be read comes from that.
        let line = |problem: &Problem| (problem.place.source.name.clone(), problem.place.origin().line);
        let broken: HashSet<_> = problems.iter().filter(|problem| problem.broken).map(line).collect();
        problems.retain(|problem| problem.broken || !broken.contains(&line(problem)));
        let mut files: HashMap<String, usize> = HashMap::new();
        for problem in &problems {
            let next = files.len();
            files.entry(problem.place.source.name.clone()).or_insert(next);
        }
        problems.sort_by_key(|problem| (files.get(&problem.place.source.name), problem.place.span.start));
        problems.dedup_by(|one, other| {
            one.message == other.message
                && one.place.span == other.place.span
                && one.place.source.name == other.place.source.name
        });
        Problems { problems }
    }
}

/// Everything that is wrong with a scenario, or is likely to be: each problem with its file, its line and a caret under the words.
#[derive(Clone)]
pub struct Problems {
    problems: Vec<Problem>,
}

impl Problems {
    /// How many there are, at least one.
    pub fn len(&self) -> usize {
        self.problems.len()
    }

    /// Whether there is none; never so for what [`load`](crate::load) fails with.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether none of them stops anything.
    pub(crate) fn are_warnings(&self) -> bool {
        self.problems.iter().all(|problem| problem.warning)
    }

    /// Whether nothing is wrong but that the scenario asks for what this version cannot do yet.
    pub fn unsupported(&self) -> bool {
        self.problems.iter().all(|problem| problem.not_built)
    }

    /// Each with its line, in one sentence.
    pub(crate) fn as_warnings(&self) -> Vec<ScenarioWarning> {
        let words = |problem: &Problem| {
            let shown = |part: &String| problem.shown(part, MESSAGE);
            // Other labels are about the words above the caret, which this text does not have.
            let question = problem.label.as_ref().filter(|label| label.ends_with('?'));
            let question = question.map_or_else(String::new, |label| format!("; {}", shown(label)));
            let help = problem.help.as_ref().map_or_else(String::new, |help| format!(" ({})", shown(help)));
            format!("{}{question}{help}", shown(&problem.message))
        };
        let warning = |problem: &Problem| ScenarioWarning { what: words(problem), origin: problem.place.origin() };
        self.problems.iter().take(SHOWN).map(warning).collect()
    }

    /// The problems for people, the first fifty of them: message, the line itself, a caret, the nearest right name.
    /// Passwords in the lines shown are blanked out, and long lines are cut.
    pub fn render(&self, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_context_lines(1)
            .with_links(false)
            .with_width(120)
            .without_syntax_highlighting();
        let mut text = String::new();
        for problem in self.problems.iter().take(SHOWN) {
            if !text.is_empty() {
                text.push('\n');
            }
            if handler.render_report(&mut text, problem.report().as_ref()).is_err() {
                text.push_str(&format!("{}: {}\n", problem.place.origin(), problem.shown(&problem.message, MESSAGE)));
            }
        }
        if let Some(more) = self.problems.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            text.push_str(&format!("\n… and {more} more problems\n"));
        }
        text
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}: {}", problem.place.origin(), problem.shown(&problem.message, MESSAGE))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::{Noted, Problem, SHOWN};
    use crate::place::{Holds, Place, Source};

    #[test]
    fn no_name_is_looked_up_for_a_problem_that_is_not_shown() {
        let source = Arc::new(Source::new("t".into(), "x = 1".into(), PathBuf::new(), String::new(), Holds::Keys));
        let (noted, observed) = (Noted::default(), Cell::new(0));
        for _ in 0..50 * SHOWN {
            let names = ["rate", "seed"].into_iter().inspect(|_| observed.set(observed.get() + 1));
            let near = noted.nearest("rat", names);
            noted.add(Problem::at(&Place::new(&source, 0..1), "no such key").nearest(near));
        }
        assert_eq!(observed.get(), 2 * SHOWN);
    }
}
