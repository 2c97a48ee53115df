use std::collections::BTreeMap;
use std::rc::Rc;

use leaseproof_domain::{Finding, Micros, Origin};
use leaseproof_scenario::Naming;
use regex::Regex;

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::{Lifecycle, Run};
use crate::met::Met;
use crate::words::count;

/// PostgreSQL cuts names here (NAMEDATALEN - 1).
const LONGEST: usize = 63;

/// Usernames follow the template, fit 63 bytes and never repeat.
#[derive(Default)]
pub(super) struct Usernames {
    templates: BTreeMap<Rc<str>, Option<Template>>,
    met: Met,
    /// The first issue that was rejected because its username was taken, and how many were.
    taken: Option<(Finding, u64)>,
}

struct Template {
    pattern: Regex,
    words: String,
    origin: Option<Origin>,
    /// What a reader has to know of the pattern.
    notes: Vec<String>,
}

impl Check for Usernames {
    fn lifecycle(&mut self, lifecycle: &Lifecycle, run: &Run<'_>, collector: &mut FindingCollector) {
        let template =
            self.templates.entry(Rc::clone(&lifecycle.role)).or_insert_with(|| Template::of(&lifecycle.role, run));
        let Some(template) = template else {
            collector.cannot_say(format!("the username pattern of {} cannot be read", lifecycle.role));
            return;
        };
        if let Some((name, at)) = taken(lifecycle).filter(|(name, _)| template.pattern.is_match(name)) {
            let what = format!("an issue was rejected because its username {name} exists already");
            let first = || Finding { promised: template.origin.clone(), ..lifecycle.finding(at, what) };
            self.taken.get_or_insert_with(|| (first(), 0)).1 += 1;
        }
        let Some(issue) = lifecycle.acknowledged() else { return };
        collector.expect(lifecycle.username.is_some());
        let Some(username) = &lifecycle.username else { return };
        collector.sample();
        let name = username.as_str();
        if !template.pattern.is_match(name) {
            let what = format!("{name} does not match {}", template.words);
            collector.find(Finding { promised: template.origin.clone(), ..at(lifecycle, issue.end, what) });
        }
        if name.len() > LONGEST {
            let what = format!("{name} has {} bytes; PostgreSQL keeps {LONGEST}", name.len());
            collector.find(at(lifecycle, issue.end, what));
        }
        if !self.met.is_new(name) {
            collector.find(at(lifecycle, issue.end, format!("{name} was issued twice; usernames must be unique")));
        }
    }

    fn end(&mut self, _: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        if let Some((finding, times)) = self.taken.take() {
            let others = if times > 1 { format!(" (and {})", count(times - 1, "more issue")) } else { String::new() };
            collector.find(Finding { what: format!("{}{others}; usernames must be unique", finding.what), ..finding });
        }
        let notes = self.templates.values().flatten().flat_map(|template| template.notes.iter().cloned());
        notes.for_each(|note| collector.note(note));
    }

    fn without_samples(&self) -> &'static str {
        "no credential was acknowledged"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}

fn at(lifecycle: &Lifecycle, at: Micros, what: String) -> Finding {
    lifecycle.finding(at, what)
}

/// The role that an issue could not create because one of that name was there (SQLSTATE 42710), and when.
fn taken(lifecycle: &Lifecycle) -> Option<(&str, Micros)> {
    let issue = lifecycle.steps.iter().find(|step| step.op == leaseproof_domain::Operation::Issue)?;
    let (_, rest) = issue.failure()?.message.split_once("role \"")?;
    let (name, rest) = rest.split_once('"')?;
    rest.starts_with(" already exists").then_some((name, issue.end))
}

impl Template {
    fn of(role: &str, run: &Run<'_>) -> Option<Self> {
        let promise = run.promise(role);
        if let Some(promised) = promise.and_then(|promise| promise.username.as_ref()) {
            let words = format!("the promised pattern {}", promised.value);
            return Self::new(&promised.value, words, Some(&promised.origin), &[]);
        }
        match promise.map(|promise| &promise.naming) {
            Some(Naming::Template { template, pattern }) => {
                let words = format!("the connection's username_template {}", template.value);
                let notes: Vec<String> =
                    pattern.notes.iter().map(|note| format!("usernames of {role}: {note}")).collect();
                Self::new(&pattern.names, words, Some(&template.origin), &notes)
            }
            Some(Naming::Unknown { why }) => {
                let note = format!(
                    "usernames of {role} are not compared with a template, because {why}: add their pattern as \
                     `username` to [role.{role}]"
                );
                Self::new(".*", "any template".to_owned(), None, &[note])
            }
            Some(Naming::Default) | None => {
                let short: String = role.chars().take(8).collect();
                let pattern = format!("v-.{{0,8}}-{}-[A-Za-z0-9]{{20}}-[0-9]{{10,}}", regex::escape(&short));
                let words = format!("the engine's template v-<display, 8>-{short}-<20 random>-<unix time>");
                Self::new(&pattern, words, None, &[])
            }
        }
    }

    fn new(pattern: &str, words: String, origin: Option<&Origin>, notes: &[String]) -> Option<Self> {
        let pattern = Regex::new(&format!("^(?:{pattern})$")).ok()?;
        Some(Self { pattern, words, origin: origin.cloned(), notes: notes.to_vec() })
    }
}
