use std::collections::BTreeMap;
use std::rc::Rc;

use leaseproof_domain::{Finding, Micros, Origin};
use regex::Regex;

use crate::check::Check;
use crate::fold::{Life, Run};
use crate::met::Met;
use crate::sheet::Sheet;

/// PostgreSQL cuts names here (NAMEDATALEN - 1).
const LONGEST: usize = 63;

/// Usernames follow the template, fit 63 bytes and never repeat.
#[derive(Default)]
pub(super) struct Iss2 {
    templates: BTreeMap<Rc<str>, Option<Template>>,
    met: Met,
}

struct Template {
    pattern: Regex,
    words: String,
    origin: Option<Origin>,
}

impl Check for Iss2 {
    fn life(&mut self, life: &Life, run: &Run<'_>, sheet: &mut Sheet) {
        let (Some(issue), Some(username)) = (life.acknowledged(), &life.username) else { return };
        let template = self.templates.entry(Rc::clone(&life.role)).or_insert_with(|| Template::of(&life.role, run));
        let Some(template) = template else {
            sheet.cannot_say(format!("the username pattern of {} cannot be read", life.role));
            return;
        };
        sheet.sample();
        let name = username.as_str();
        if !template.pattern.is_match(name) {
            let what = format!("{name} does not follow {}", template.words);
            sheet.find(Finding { promised: template.origin.clone(), ..at(life, issue.end, what) });
        }
        if name.len() > LONGEST {
            let what = format!("{name} has {} bytes; PostgreSQL keeps {LONGEST}", name.len());
            sheet.find(at(life, issue.end, what));
        }
        if !self.met.is_new(name) {
            sheet.find(at(life, issue.end, format!("{name} was given out twice; usernames must not repeat")));
        }
    }

    fn without_samples(&self) -> &'static str {
        "no credential was acknowledged"
    }
}

fn at(life: &Life, at: Micros, what: String) -> Finding {
    life.finding(at, what)
}

impl Template {
    fn of(role: &str, run: &Run<'_>) -> Option<Self> {
        match run.promise(role).and_then(|promise| promise.username.as_ref()) {
            Some(promised) => Some(Self {
                pattern: Regex::new(&format!("^(?:{})$", promised.value)).ok()?,
                words: format!("the promised pattern {}", promised.value),
                origin: Some(promised.origin.clone()),
            }),
            None => {
                let short: String = role.chars().take(8).collect();
                let pattern = format!("^v-.{{0,8}}-{}-[A-Za-z0-9]{{20}}-[0-9]{{10,}}$", regex::escape(&short));
                let words = format!("the engine's template v-<display, 8>-{short}-<20 random>-<unix time>");
                Some(Self { pattern: Regex::new(&pattern).ok()?, words, origin: None })
            }
        }
    }
}
