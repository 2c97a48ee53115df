use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use leaseproof_domain::{CauseSeen, CauseSubject, CheckId, Finding, Micros, Operation, Origin, Subject};

use super::connection::Connection;
use super::names::GeneratedNames;
use super::pattern::{Pattern, common, with_details};
use super::spells::Spells;

/// How many different sentences one check tells apart; findings beyond that are one group of their own.
const DISTINGUISHED: usize = 500;
/// How many privileges and codes a group names.
const NAMED: usize = 40;
/// How many lines a group names for one subject.
const LINES: usize = 8;
/// How many sentences that quote the same words of a server are remembered.
const SENTENCES: usize = 40;
/// How many findings a group keeps, each about another credential.
const EXAMPLES: usize = 8;
/// What the findings beyond those are called.
const OTHERS: &str = "other findings";

/// Findings of one check that say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) count: u64,
    /// Its sentences without details.
    sentences: BTreeMap<String, Sentence>,
    /// The first of them, and of those of one moment the smallest, whatever order they come in; one of each credential.
    examples: Vec<Example>,
    /// The privileges that they are about, the first ones by name.
    pub(crate) privileges: BTreeSet<String>,
    /// The SQLSTATEs and HTTP statuses that they have.
    pub(crate) codes: BTreeSet<String>,
    /// The leases and roles that they are about, as hashes, and how many findings are about each.
    pub(crate) subjects: BTreeMap<u64, u64>,
    /// What the judgments are about that found them.
    pub(crate) about: BTreeMap<Subject, About>,
    /// The connection that failed, if they say so.
    pub(crate) connection: Option<Connection>,
    /// When they occur.
    pub(super) spells: Spells,
}

/// A sentence that findings have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sentence {
    /// What was left out of it and is the same in all findings that say it.
    details: Vec<Option<String>>,
    count: u64,
    first: Option<Micros>,
}

/// A finding, and what a server's log adds to its words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Example {
    finding: Finding,
    added: String,
    /// Generated names that it quotes.
    names: Vec<String>,
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
    fn of(
        finding: &Finding,
        names: Vec<String>,
        Pattern { shown, details, .. }: Pattern,
        connection: Option<Connection>,
        subject: &Subject,
        line: &Origin,
    ) -> Self {
        let details = details.into_iter().map(Some).collect();
        Self {
            count: 1,
            sentences: BTreeMap::from([(shown, Sentence { details, count: 1, first: finding.at })]),
            examples: vec![Example { finding: finding.clone(), added: String::new(), names }],
            privileges: finding.privilege.iter().cloned().collect(),
            codes: finding.code.iter().cloned().collect(),
            subjects: credential(finding).map(|credential| (credential, 1)).into_iter().collect(),
            about: [(subject.clone(), About { count: 1, lines: [line.clone()].into() })].into(),
            connection,
            spells: Spells::of(finding.at),
        }
    }

    /// The operations whose requests its sentences are about: `issue: expected …`.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let of = |text: &String| {
            let (name, _) = text.split_once(": expected ")?;
            Operation::ALL.into_iter().find(|op| op.name() == name)
        };
        self.sentences.keys().filter_map(of).collect()
    }

    /// The first finding.
    pub(crate) fn example(&self) -> &Finding {
        &self.examples[0].finding
    }

    /// When the first one was; findings without a moment are of the run as a whole.
    pub(crate) fn first(&self) -> Option<Micros> {
        self.example().at
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.count += other.count;
        // Of findings after the last one of a full list none would be kept.
        let last = self.examples.get(EXAMPLES - 1);
        if last.is_none_or(|last| order(&last.finding) > order(other.example())) {
            self.examples.extend(other.examples);
            self.examples.sort_by(|one, other| order(&one.finding).cmp(&order(&other.finding)));
            let mut met = BTreeSet::new();
            self.examples.retain(|example| met.insert(credential(&example.finding)));
            self.examples.truncate(EXAMPLES);
        }
        self.spells.merge(&other.spells);
        for (text, sentence) in other.sentences {
            self.say(text, sentence);
        }
        extend(&mut self.privileges, other.privileges);
        extend(&mut self.codes, other.codes);
        for (credential, count) in other.subjects {
            *self.subjects.entry(credential).or_default() += count;
        }
        for (subject, about) in other.about {
            match self.about.get_mut(&subject) {
                Some(known) => known.merge(about),
                None => drop(self.about.insert(subject, about)),
            }
        }
        match (&mut self.connection, other.connection) {
            (Some(own), Some(other)) => own.merge(&other),
            (own, other) => *own = own.take().or(other),
        }
    }

    /// Removes the findings about some credentials. Answers how many they were.
    pub(crate) fn split_off(&mut self, credentials: &BTreeSet<u64>) -> u64 {
        let before = self.count;
        self.subjects.retain(|credential, count| {
            let goes = credentials.contains(credential);
            self.count -= if goes { *count } else { 0 };
            !goes
        });
        let stays = |example: &Example| credential(&example.finding).is_none_or(|one| !credentials.contains(&one));
        if self.examples.iter().any(stays) {
            self.examples.retain(stays);
        } else {
            // No example is about a credential that stays: only the common text is kept.
            let Finding { promised, code, .. } = self.example().clone();
            let finding = Finding { what: self.shown(), promised, code, ..Finding::default() };
            self.examples = vec![Example { finding, added: String::new(), names: Vec::new() }];
        }
        before - self.count
    }

    /// The lines of all its subjects.
    pub(crate) fn lines(&self) -> BTreeSet<&Origin> {
        self.about.values().flat_map(|about| &about.lines).collect()
    }

    /// What it is about, for a verdict.
    pub(crate) fn cause_subjects(&self) -> Vec<CauseSubject> {
        let subject = |(subject, about): (&Subject, &About)| CauseSubject {
            subject: subject.clone(),
            count: about.count.min(self.count),
            promised: about.lines.iter().cloned().collect(),
            setup: None,
        };
        self.about.iter().map(subject).collect()
    }

    /// Only what differs between findings stays left out.
    fn say(&mut self, text: String, sentence: Sentence) {
        match self.sentences.get_mut(&text) {
            Some(known) => {
                known.count += sentence.count;
                known.first = known.first.into_iter().chain(sentence.first).min();
                for (known, detail) in known.details.iter_mut().zip(sentence.details) {
                    *known = common(known.take(), detail);
                }
            }
            None => {
                self.sentences.insert(text, sentence);
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
        let text = Pattern::of(self.example(), &self.examples[0].names).shown;
        let said = match self.sentences.get(&text) {
            Some(sentence) => with_details(&text, &sentence.details),
            None => text,
        };
        said + &self.added()
    }

    /// The first finding with all that a server's log adds to it.
    pub(crate) fn whole_example(&self) -> Finding {
        let Example { finding, added, .. } = &self.examples[0];
        Finding { what: format!("{}{added}", finding.what), ..finding.clone() }
    }

    /// What a server's log adds to the words of the example, without what differs from one to the next.
    fn added(&self) -> String {
        if self.examples[0].added.is_empty() {
            return String::new();
        }
        let of = |Example { finding, added, names }: &Example| {
            let finding = Finding { what: added.clone(), username: finding.username.clone(), ..Finding::default() };
            Pattern::of(&finding, names)
        };
        let own = of(&self.examples[0]);
        let mut details: Vec<Option<String>> = own.details.into_iter().map(Some).collect();
        for other in self.examples.iter().map(of).filter(|other| other.shown == own.shown) {
            for (known, detail) in details.iter_mut().zip(other.details) {
                *known = common(known.take(), Some(detail));
            }
        }
        with_details(&own.shown, &details)
    }

    /// Each of its sentences, as what the check saw of a cause.
    pub(crate) fn seen(&self, check: CheckId) -> impl Iterator<Item = CauseSeen> {
        self.sentences.iter().map(move |(text, Sentence { details, count, first })| CauseSeen {
            check,
            what: with_details(text, details),
            count: *count,
            first_at: *first,
        })
    }
}

fn extend(names: &mut BTreeSet<String>, more: BTreeSet<String>) {
    names.extend(more);
    while names.len() > NAMED {
        names.pop_last();
    }
}

/// The credential that a finding is about: its role, which findings without a lease have too, or else its lease.
fn credential(finding: &Finding) -> Option<u64> {
    let lease = || finding.lease.as_ref().map(|lease| hashed(&("lease", lease.as_str())));
    finding.username.as_ref().map(|name| hashed(&("role", name.as_str()))).or_else(lease)
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
    /// Adds a finding of the check's judgment on `subject`, which `line` asks for; a finding may know a line that is more
    /// precise. If there are several clusters, `cluster` is the one that the finding is about.
    pub(crate) fn add(
        &mut self,
        check: CheckId,
        finding: &Finding,
        subject: &Subject,
        line: &Origin,
        cluster: Option<&str>,
        names: &GeneratedNames,
    ) {
        let names = names.quoted_in(&finding.what);
        let mut pattern = Pattern::of(finding, &names);
        // INV-6a and INV-6b judge sessions that a revocation ends: such an end is no failed connection.
        let connection = Connection::of(finding)
            .map(|connection| connection.to(cluster))
            .filter(|_| !matches!(check.as_str(), "INV-6a" | "INV-6b"));
        if let Some(connection) = &connection {
            pattern.key = connection.key();
        }
        let said = (pattern.key.clone(), finding.privilege.clone());
        let line = finding.promised.as_ref().unwrap_or(line);
        if self.0.len() < DISTINGUISHED || self.0.contains_key(&said) {
            self.merge(said, Group::of(finding, names, pattern, connection, subject, line));
            return;
        }
        // Without the privilege, findings that say what is known already do not take another place.
        let known = self.0.range((pattern.key.clone(), None)..).next().is_some_and(|((key, _), _)| *key == pattern.key);
        let others = || Pattern { shown: OTHERS.to_owned(), key: OTHERS.to_owned(), details: Vec::new() };
        let (pattern, connection) = if known { (pattern, connection) } else { (others(), None) };
        self.merge((pattern.key.clone(), None), Group::of(finding, names, pattern, connection, subject, line));
    }

    /// Lets `more` add to what each example says; its group says so too.
    pub(crate) fn complete(&mut self, more: impl Fn(&mut Finding)) {
        for example in self.0.values_mut().flat_map(|group| &mut group.examples) {
            let mut whole = example.finding.clone();
            more(&mut whole);
            example.added = whole.what.split_off(example.finding.what.len());
        }
    }

    /// The same, each with the line that promised otherwise: one cause may be of several judgments of its check.
    pub(crate) fn promised_at(mut self, origin: &Origin) -> Self {
        for example in self.0.values_mut().flat_map(|group| &mut group.examples) {
            example.finding.promised.get_or_insert_with(|| origin.clone());
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
