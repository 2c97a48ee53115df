use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use leaseproof_domain::{CauseSubject, Finding, Micros, Origin, Subject};

use super::pattern::{Pattern, with_details, without_details};

/// How many different sentences one check tells apart; findings beyond that are one group of their own.
const TOLD_APART: usize = 500;
/// How many privileges a group names.
const PRIVILEGES: usize = 40;
/// How many lines a group names for one subject.
const LINES: usize = 8;
/// How many sentences that quote the same words of a server are remembered.
const SENTENCES: usize = 40;
/// What the findings beyond those are called.
const OTHERS: &str = "other findings";

/// Findings of one check that say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) count: u64,
    /// Its sentences without details, each with the details that are the same in all findings that say it.
    sentences: BTreeMap<String, Vec<Option<String>>>,
    /// The first of them, and of those of one moment the smallest: whatever order they come in, it is the same.
    pub(crate) example: Finding,
    /// What a server's log adds to the words of the example.
    pub(crate) added: String,
    /// The privileges that they are about, the first ones by name.
    pub(crate) privileges: BTreeSet<String>,
    /// The leases and roles that they are about, as hashes.
    pub(crate) subjects: BTreeSet<u64>,
    /// What the judgments are about that found them.
    pub(crate) about: BTreeMap<Subject, About>,
}

/// How many findings are about a subject, and the lines that promise otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    count: u64,
    pub(crate) lines: BTreeSet<Origin>,
}

impl About {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.lines.extend(other.lines);
        while self.lines.len() > LINES {
            self.lines.pop_last();
        }
    }
}

impl Group {
    fn of(finding: &Finding, Pattern { shown, details, .. }: Pattern, subject: &Subject, line: &Origin) -> Self {
        let lease = finding.lease.as_ref().map(|lease| hashed(&("lease", lease.as_str())));
        let role = finding.username.as_ref().map(|name| hashed(&("role", name.as_str())));
        Self {
            count: 1,
            sentences: BTreeMap::from([(shown, details.into_iter().map(Some).collect())]),
            example: finding.clone(),
            added: String::new(),
            privileges: finding.privilege.iter().cloned().collect(),
            // Either of them names the credential; its role is what findings without a lease know.
            subjects: role.or(lease).into_iter().collect(),
            about: [(subject.clone(), About { count: 1, lines: [line.clone()].into() })].into(),
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.count += other.count;
        if order(&other.example) < order(&self.example) {
            (self.example, self.added) = (other.example, other.added);
        }
        for (sentence, details) in other.sentences {
            self.say(sentence, details);
        }
        self.privileges.extend(other.privileges);
        while self.privileges.len() > PRIVILEGES {
            self.privileges.pop_last();
        }
        self.subjects.extend(other.subjects);
        for (subject, about) in other.about {
            match self.about.get_mut(&subject) {
                Some(known) => known.merge(about),
                None => drop(self.about.insert(subject, about)),
            }
        }
    }

    /// The lines of all its subjects.
    pub(crate) fn lines(&self) -> BTreeSet<&Origin> {
        self.about.values().flat_map(|about| &about.lines).collect()
    }

    /// What it is about, for a verdict.
    pub(crate) fn cause_subjects(&self) -> Vec<CauseSubject> {
        let subject = |(subject, about): (&Subject, &About)| CauseSubject {
            subject: subject.clone(),
            count: about.count,
            promised: about.lines.iter().cloned().collect(),
            setup: None,
        };
        self.about.iter().map(subject).collect()
    }

    /// Only what differs between findings stays left out.
    fn say(&mut self, sentence: String, details: Vec<Option<String>>) {
        match self.sentences.get_mut(&sentence) {
            Some(known) => {
                for (known, detail) in known.iter_mut().zip(details) {
                    if *known != detail {
                        *known = None;
                    }
                }
            }
            None => {
                self.sentences.insert(sentence, details);
                if self.sentences.len() > SENTENCES {
                    self.sentences.pop_last();
                }
            }
        }
    }

    /// What its findings say: the sentence of the example, without what differs from finding to finding.
    pub(crate) fn shown(&self) -> String {
        if self.sentences.contains_key(OTHERS) {
            return OTHERS.to_owned();
        }
        let sentence = Pattern::of(&self.example).shown;
        let said = match self.sentences.get(&sentence) {
            Some(details) => with_details(&sentence, details),
            None => sentence,
        };
        said + &without_details(&self.added)
    }
}

/// Findings without a moment are of the run as a whole and stand last.
fn order(finding: &Finding) -> impl Ord + '_ {
    let lease = finding.lease.as_ref().map(leaseproof_domain::LeaseId::as_str);
    let Finding { what, privilege, code, oid, .. } = finding;
    (finding.at.unwrap_or(Micros(u64::MAX)), what, lease, privilege, code, oid)
}

fn hashed(subject: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    subject.hash(&mut hasher);
    hasher.finish()
}

/// What findings say, and the privilege that they say it of.
pub(crate) type Said = (String, Option<String>);

/// The findings of one check, by what they say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Groups(pub(crate) BTreeMap<Said, Group>);

impl Groups {
    /// Adds a finding of a judgment on `subject`, which `line` asks for; a finding may know a line that is more precise.
    pub(crate) fn add(&mut self, finding: &Finding, subject: &Subject, line: &Origin) {
        let pattern = Pattern::of(finding);
        let said = (pattern.key.clone(), finding.privilege.clone());
        let line = finding.promised.as_ref().unwrap_or(line);
        if self.0.len() < TOLD_APART || self.0.contains_key(&said) {
            self.merge(said, Group::of(finding, pattern, subject, line));
            return;
        }
        // Without the privilege, findings that say what is known already do not take another place.
        let known = self.0.range((pattern.key.clone(), None)..).next().is_some_and(|((key, _), _)| *key == pattern.key);
        let others = || Pattern { shown: OTHERS.to_owned(), key: OTHERS.to_owned(), details: Vec::new() };
        let pattern = if known { pattern } else { others() };
        self.merge((pattern.key.clone(), None), Group::of(finding, pattern, subject, line));
    }

    /// Lets `more` add to what each example says; its group says so too.
    pub(crate) fn complete(&mut self, more: impl Fn(&mut Finding)) {
        for group in self.0.values_mut() {
            let mut whole = group.example.clone();
            more(&mut whole);
            group.added = whole.what.split_off(group.example.what.len());
        }
    }

    /// The same, each with the line that promised otherwise: one cause may be of several judgments of its check.
    pub(crate) fn promised_at(mut self, origin: &Origin) -> Self {
        for group in self.0.values_mut() {
            group.example.promised.get_or_insert_with(|| origin.clone());
        }
        self
    }

    fn merge(&mut self, said: Said, group: Group) {
        match self.0.get_mut(&said) {
            Some(same) => same.merge(group),
            None => drop(self.0.insert(said, group)),
        }
    }
}
