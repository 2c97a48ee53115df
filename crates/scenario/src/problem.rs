//! Problems of a scenario: collected while it is read, shown all at once.

use std::cell::RefCell;
use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError, NamedSource, Report,
    SourceCode, SourceSpan, SpanContents,
};

use crate::place::Place;
use crate::secrets;

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
}

impl Problem {
    pub(crate) fn at(place: &Place, message: impl Into<String>) -> Self {
        Self { place: place.clone(), message: message.into(), label: None, help: None, not_built: false, broken: false }
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

    /// What to do, below the excerpt.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn report(&self) -> Report {
        let source = &self.place.source;
        let start = source.text.floor_char_boundary(self.place.span.start);
        let end = source.text.floor_char_boundary(self.place.span.end).max(start);
        let label = LabeledSpan::new_primary_with_span(self.label.clone(), (start, end - start));
        let mut diagnostic = MietteDiagnostic::new(self.message.clone()).with_label(label);
        diagnostic.help.clone_from(&self.help);
        if source.text.is_empty() {
            diagnostic.labels = None;
            return Report::new(diagnostic);
        }
        Report::new(diagnostic).with_source_code(NamedSource::new(&source.name, Lines(secrets::blank(&source.text))))
    }
}

/// A text that shows the lines of a span whole, and none around them.
struct Lines(String);

impl SourceCode for Lines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // Without context only the place of the span is asked for.
        if before + after == 0 {
            return self.0.read_span(span, 0, 0);
        }
        let start = self.0[..span.offset()].rfind('\n').map_or(0, |newline| newline + 1);
        let end = span.offset() + span.len();
        let end = self.0[end..].find('\n').map_or(self.0.len(), |newline| end + newline);
        self.0.read_span(&(start, end - start).into(), 0, 0)
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

    /// Whether something could not be read at all.
    pub(crate) fn has_unread(&self) -> bool {
        self.0.borrow().iter().any(|problem| problem.broken)
    }

    /// All of them in the order of files and lines, each once.
    pub(crate) fn into_problems(self) -> Problems {
        let mut problems = self.0.into_inner();
        // What else seems to be wrong with a line that could not be read comes from that.
        let line = |problem: &Problem| (problem.place.source.name.clone(), problem.place.origin().line);
        let broken: Vec<_> = problems.iter().filter(|problem| problem.broken).map(line).collect();
        problems.retain(|problem| problem.broken || !broken.contains(&line(problem)));
        let mut files: Vec<String> = Vec::new();
        for problem in &problems {
            if !files.contains(&problem.place.source.name) {
                files.push(problem.place.source.name.clone());
            }
        }
        problems.sort_by_key(|problem| {
            let name = &problem.place.source.name;
            (files.iter().position(|file| file == name), problem.place.span.start)
        });
        problems.dedup_by(|one, other| {
            one.message == other.message
                && one.place.span == other.place.span
                && one.place.source.name == other.place.source.name
        });
        Problems { problems }
    }
}

/// Everything that is wrong with a scenario: each problem with its file, its line and a caret under the words.
#[derive(Clone)]
pub struct Problems {
    problems: Vec<Problem>,
}

impl Problems {
    /// How many there are, at least one.
    pub fn len(&self) -> usize {
        self.problems.len()
    }

    /// Whether there is none; never so for what [`load`](crate::load) answers with.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether nothing is wrong but that the scenario asks for what this version cannot do yet.
    pub fn unsupported(&self) -> bool {
        self.problems.iter().all(|problem| problem.not_built)
    }

    /// All problems for people: message, the line itself, a caret, the nearest right name. Passwords in the lines
    /// shown are blanked out.
    pub fn render(&self, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_context_lines(1)
            .with_links(false)
            .with_width(120)
            .without_syntax_highlighting();
        let mut text = String::new();
        for problem in &self.problems {
            if !text.is_empty() {
                text.push('\n');
            }
            if handler.render_report(&mut text, problem.report().as_ref()).is_err() {
                text.push_str(&format!("{}: {}\n", problem.place.origin(), problem.message));
            }
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
            write!(f, "{}: {}", problem.place.origin(), problem.message)?;
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
