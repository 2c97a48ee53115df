//! Single values: texts that stand for something, numbers, words.

use std::str::FromStr;
use std::time::Duration;

use leaseproof_domain::{CheckId, Metric, Ttl, UnknownCheck};
use regex::Regex;

use crate::near::{listed, nearest};
use crate::node::{Node, Value};
use crate::problem::{Noted, Problem};
use crate::shape::Is;
use crate::value::{Limit, Percent, Rate};

/// No lease, phase or TTL is longer: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Notes what keeps `node` from being the single value that `is` says.
pub(super) fn fit_scalar(node: &Node, is: &Is, noted: &Noted) {
    match is {
        Is::Text => text(node, noted, |_| Ok(())),
        Is::Span => text(node, noted, |text| span(text).map(|_| ())),
        Is::Seconds => text(node, noted, seconds),
        Is::Rate => text(node, noted, parses::<Rate>),
        Is::Percent => text(node, noted, parses::<Percent>),
        Is::Limit => text(node, noted, parses::<Limit>),
        Is::Pattern => text(node, noted, |text| Regex::new(text).map(|_| ()).map_err(Wrong::pattern)),
        Is::SqlState => text(node, noted, sqlstate),
        Is::Metric => text(node, noted, |text| metric(text, noted)),
        Is::Check => text(node, noted, check),
        Is::Word(words) => word(node, words, noted),
        Is::Flag => expect(node, "true or false", matches!(node.value, Value::Flag(_)), noted),
        Is::Whole(least, most) => whole_number(node, *least, *most, noted),
        Is::Share => share(node, noted),
        Is::Scalar => expect(node, "a text, a number, or true or false", scalar(node), noted),
        // Tables and lists are seen through by the caller.
        _ => {}
    }
}

/// What is wrong with a text.
struct Wrong {
    message: String,
    label: Option<String>,
    help: Option<String>,
}

impl Wrong {
    fn new(message: impl ToString) -> Self {
        Self { message: message.to_string(), label: None, help: None }
    }

    fn pattern(error: regex::Error) -> Self {
        let text = error.to_string();
        let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Self { label: Some(why), ..Self::new("this regular expression does not compile") }
    }
}

fn text(node: &Node, noted: &Noted, check: impl FnOnce(&str) -> Result<(), Wrong>) {
    let Some(text) = node.text() else {
        return expect(node, "a text in quotes", false, noted);
    };
    if text.contains('\0') {
        return noted.add(Problem::at(&node.place, "a text cannot have the character NUL (U+0000)").label("here"));
    }
    if let Err(wrong) = check(text) {
        let mut problem = Problem::at(&node.place, wrong.message).label(wrong.label.unwrap_or_else(|| "here".into()));
        if let Some(help) = wrong.help {
            problem = problem.help(help);
        }
        noted.add(problem);
    }
}

fn parses<T: FromStr<Err: ToString>>(text: &str) -> Result<(), Wrong> {
    text.parse::<T>().map(|_| ()).map_err(Wrong::new)
}

fn span(text: &str) -> Result<Ttl, Wrong> {
    let span: Ttl = text.parse().map_err(Wrong::new)?;
    if span.duration().is_zero() {
        return Err(Wrong::new("a duration must be above zero"));
    }
    if span.duration() > LONGEST {
        return Err(Wrong::new(format!("a duration is at most {} h, ten years", LONGEST.as_secs() / 3600)));
    }
    Ok(span)
}

fn seconds(text: &str) -> Result<(), Wrong> {
    if span(text)?.duration().subsec_millis() != 0 {
        return Err(Wrong::new(format!("`{text}`: Vault counts TTLs in whole seconds")));
    }
    Ok(())
}

fn sqlstate(text: &str) -> Result<(), Wrong> {
    if text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(Wrong::new(format!("`{text}` is not an SQLSTATE: expected five digits or capitals, as in `42501`")))
}

fn metric(text: &str, noted: &Noted) -> Result<(), Wrong> {
    let Err(unknown) = text.parse::<Metric>() else { return Ok(()) };
    let mut wrong = Wrong::new(unknown);
    if noted.is_crowded() {
        return Err(wrong);
    }
    let all: Vec<String> = Metric::all().iter().map(ToString::to_string).collect();
    match nearest(text, all.iter().map(String::as_str)) {
        Some(name) => wrong.label = Some(format!("did you mean `{name}`?")),
        None => {
            wrong.help = Some(
                "a metric is `<operation>.response.<figure>`, `<operation>.service.<figure>`, `<operation>.failed`, `<operation>.unanswered`, `lifecycles.dropped` or \
                 `expiry.lag.<figure>`, a figure p50, p90, p99, p99.9 or max"
                    .into(),
            );
        }
    }
    Err(wrong)
}

fn check(text: &str) -> Result<(), Wrong> {
    let Err(UnknownCheck { given, nearest }) = text.parse::<CheckId>() else { return Ok(()) };
    Err(Wrong {
        message: format!("there is no check `{given}`"),
        label: nearest.map(|id| format!("did you mean `{id}`?")),
        help: Some("`leaseproof explain` lists them".into()).filter(|_| nearest.is_none()),
    })
}

fn word(node: &Node, words: &[&'static str], noted: &Noted) {
    let Some(text) = node.text() else {
        return expect(node, "a text in quotes", false, noted);
    };
    if words.contains(&text) {
        return;
    }
    let problem = Problem::at(&node.place, format!("`{text}` is not a valid value here"));
    noted.add(match noted.nearest(text, words.iter().copied()) {
        Some(name) => problem.nearest(Some(name)),
        None => problem.label("unknown").help(format!("expected {}", listed(words.iter().copied()))),
    });
}

pub(super) fn expect(node: &Node, what: &str, fits: bool, noted: &Noted) {
    if !fits {
        noted.add(Problem::at(&node.place, format!("expected {what}, got {}", node.kind())).label("here"));
    }
}

fn whole_number(node: &Node, least: i64, most: i64, noted: &Noted) {
    match node.value {
        Value::Whole(number) if (least..=most).contains(&number) => {}
        Value::Whole(number) => {
            let range = if most == i64::MAX { format!("{least} or more") } else { format!("{least} to {most}") };
            noted.add(Problem::at(&node.place, format!("{number} is out of range: expected {range}")).label("here"));
        }
        _ => expect(node, "a whole number", false, noted),
    }
}

fn share(node: &Node, noted: &Noted) {
    match node.number() {
        Some(share) if (0.0..=1.0).contains(&share) => {}
        Some(share) => {
            noted.add(Problem::at(&node.place, format!("{share} is not a share: expected 0 to 1")).label("here"));
        }
        None => expect(node, "a number from 0 to 1", false, noted),
    }
}

fn scalar(node: &Node) -> bool {
    matches!(node.value, Value::Text(_) | Value::Whole(_) | Value::Real(_) | Value::Flag(_))
}

pub(super) fn datum(node: &Node, noted: &Noted) {
    const WHAT: &str = "a text, a whole number, true or false, or a list of texts";
    match &node.value {
        Value::Text(_) | Value::Whole(_) | Value::Flag(_) => {}
        Value::List(items) => {
            items.iter().for_each(|item| expect(item, "a text in quotes", item.text().is_some(), noted))
        }
        _ => expect(node, WHAT, node.place.source.argument && node.text().is_some(), noted),
    }
}
