use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use leaseproof_domain::{CheckId, Coverage, Finding, LatencySummary, LeaseId, MeasuredOf, Micros, Origin, Subject};
use leaseproof_scenario::{Ask, Plan};

use crate::causes::{GeneratedNames, Groups};
use crate::coverage::{Expected, Place};

/// How many findings a judgment keeps; the rest is counted.
const KEPT: usize = 20;

/// What one check writes down on its way: samples, findings, and what it could not see.
pub(crate) struct FindingCollector {
    /// If there are several clusters, that of each Vault role.
    clusters: BTreeMap<String, String>,
    names: Rc<GeneratedNames>,
    /// Whether credentials are issued in several clusters.
    several: bool,
    /// The cluster that is being judged, if several are judged by themselves.
    cluster: Option<String>,
    check: CheckId,
    subject: Subject,
    origin: Origin,
    samples: u64,
    expected: Expected,
    /// Of which phase and role the credential is that is judged.
    place: Option<Place>,
    findings: Vec<Finding>,
    groups: Groups,
    more: u64,
    cannot_say: Option<String>,
    lacks_samples: bool,
    not_judged: Option<String>,
    measured: Option<LatencySummary>,
    measured_of: Option<MeasuredOf>,
    notes: Vec<String>,
    known: Vec<KnownMatch>,
}

/// A declared finding that the failure may turn out to be.
struct KnownMatch {
    place: usize,
    role: Option<String>,
    evidence: Option<String>,
    holds: bool,
}

/// A collector that was written to its end.
pub(crate) struct Written {
    pub(crate) samples: u64,
    /// Of the part of the expected samples that is judged worst: how many, and which part it is.
    pub(crate) coverage: Option<(String, Coverage)>,
    pub(crate) findings: Vec<Finding>,
    /// All findings, by what they say.
    pub(crate) groups: Groups,
    pub(crate) more: u64,
    pub(crate) cannot_say: Option<String>,
    /// Whether it cannot say because samples are missing, so that more load may help.
    pub(crate) lacks_samples: bool,
    pub(crate) not_judged: Option<String>,
    pub(crate) measured: Option<LatencySummary>,
    pub(crate) measured_of: Option<MeasuredOf>,
    pub(crate) notes: Vec<String>,
    /// The places in the plan of the declared findings that every finding matches.
    pub(crate) known_issues: Vec<usize>,
}

impl FindingCollector {
    pub(crate) fn new(ask: &Ask, plan: &Plan, names: &Rc<GeneratedNames>) -> Self {
        let known = plan.known_issues.iter().enumerate().filter(|(_, entry)| entry.check == ask.check);
        let known = known.filter_map(|(place, entry)| {
            let named = match (&ask.subject, &entry.role) {
                (Subject::Role(name), Some(role)) if name != role => return None,
                (Subject::Role(_), _) => None,
                (_, role) => role.clone(),
            };
            Some(KnownMatch { place, role: named, evidence: entry.evidence.clone(), holds: true })
        });
        let known = known.collect();
        let clusters = clusters(plan);
        let origin = ask.origin.clone();
        Self {
            several: clusters.values().collect::<BTreeSet<_>>().len() > 1,
            clusters,
            names: Rc::clone(names),
            cluster: None,
            check: ask.check,
            subject: ask.subject.clone(),
            origin,
            samples: 0,
            expected: Expected::default(),
            place: None,
            findings: Vec::new(),
            groups: Groups::default(),
            more: 0,
            cannot_say: None,
            lacks_samples: false,
            not_judged: None,
            measured: None,
            measured_of: None,
            notes: Vec::new(),
            known,
        }
    }

    /// What is found from here on is of that cluster.
    pub(crate) fn begin_cluster(&mut self, cluster: Option<&str>) {
        if self.cluster.as_deref() != cluster {
            self.cluster = cluster.map(str::to_owned);
        }
    }

    /// One more sample was judged.
    pub(crate) fn sample(&mut self) {
        self.samples += 1;
    }

    /// That many more samples were judged.
    pub(crate) fn samples(&mut self, more: u64) {
        self.samples += more;
    }

    /// A sample was expected, and it could be judged or not. What a fault or the scenario itself excuses is not expected.
    pub(crate) fn expect(&mut self, judged: bool) {
        self.expect_of("", judged);
    }

    /// The same of a part that has to be judged by itself, e.g. the logins at one endpoint.
    pub(crate) fn expect_of(&mut self, part: &str, judged: bool) {
        self.expect_many(part, 1, u64::from(judged));
    }

    /// So many samples of a part were expected, and so many of them judged.
    pub(crate) fn expect_many(&mut self, part: &str, expected: u64, judged: u64) {
        self.expected.add(part, self.place.as_ref(), expected, judged);
    }

    /// The same of a part, and of one place by itself.
    pub(crate) fn expect_at(&mut self, part: &str, place: &Place, expected: u64, judged: u64) {
        self.expected.add(part, Some(place), expected, judged);
    }

    /// What is expected from here on is of a credential of that phase and role.
    pub(crate) fn begin_lifecycle(&mut self, phase: &Rc<str>, role: &Rc<str>) {
        self.place = Some(Place { phase: Some(Rc::clone(phase)), role: Some(Rc::clone(role)) });
    }

    /// What is expected from here on is of no one credential.
    pub(crate) fn end_lifecycle(&mut self) {
        self.place = None;
    }

    /// A sample broke the promise.
    pub(crate) fn find(&mut self, mut finding: Finding) {
        for entry in &mut self.known {
            entry.holds &= entry.matches(&finding);
        }
        if finding.promised.as_ref() == Some(&self.origin) {
            finding.promised = None;
        }
        let cluster = self.cluster_of(&finding).map(str::to_owned);
        if self.several {
            finding.cluster = cluster.clone().or_else(|| self.cluster.clone());
        }
        self.groups.add(self.check, &finding, &self.subject, &self.origin, cluster.as_deref(), &self.names);
        let place = self.findings.partition_point(|kept| moment(kept) <= moment(&finding));
        self.findings.insert(place, finding);
        if self.findings.len() > KEPT {
            self.findings.pop();
            self.more += 1;
        }
    }

    /// The cluster of the Vault role that a finding is about.
    fn cluster_of(&self, finding: &Finding) -> Option<&str> {
        if let Subject::Role(role) = &self.subject {
            return self.clusters.get(role).map(String::as_str);
        }
        let (_, role) = finding.lease.as_ref()?.vault_role()?;
        self.clusters.get(role).map(String::as_str)
    }

    /// Something that the verdict needs was not seen. The first reason stands.
    pub(crate) fn cannot_say(&mut self, why: impl Into<String>) {
        self.cannot_say.get_or_insert_with(|| why.into());
    }

    /// The same where samples are missing: the reason is shown with the keys that give more of them.
    pub(crate) fn lacks_samples(&mut self, why: String) {
        self.lacks_samples |= self.cannot_say.is_none();
        self.cannot_say(why);
    }

    /// What the scenario asks is too little to be judged by this check: it is reported as left out, and neither passes nor
    /// keeps the run from passing.
    pub(crate) fn not_judged(&mut self, why: String) {
        self.not_judged = Some(why);
    }

    /// What was measured on the way, and what it was expected to cover.
    pub(crate) fn measured(&mut self, summary: LatencySummary, of: MeasuredOf) {
        self.measured = Some(summary).filter(|summary| summary.count > 0);
        self.measured_of = Some(of);
    }

    /// What a reader of the verdict has to know beside it, once.
    pub(crate) fn note(&mut self, what: String) {
        if !self.notes.contains(&what) {
            self.notes.push(what);
        }
    }

    pub(crate) fn finish(self) -> Written {
        let failed = !self.findings.is_empty();
        let known_issues = self.known.iter().filter(|entry| failed && entry.holds).map(|entry| entry.place).collect();
        Written {
            samples: self.samples,
            coverage: self.expected.worst(),
            findings: self.findings,
            groups: self.groups,
            more: self.more,
            cannot_say: self.cannot_say,
            lacks_samples: self.lacks_samples,
            not_judged: self.not_judged,
            measured: self.measured,
            measured_of: self.measured_of,
            notes: self.notes,
            known_issues,
        }
    }
}

fn clusters(plan: &Plan) -> BTreeMap<String, String> {
    if plan.postgres.len() < 2 {
        return BTreeMap::new();
    }
    plan.roles.iter().map(|role| (role.name.clone(), role.on.clone())).collect()
}

/// Findings without a moment are of the run as a whole and stand last.
fn moment(finding: &Finding) -> Micros {
    finding.at.unwrap_or(Micros(u64::MAX))
}

impl KnownMatch {
    fn matches(&self, finding: &Finding) -> bool {
        let of_role = |role: &String| {
            finding.lease.as_ref().is_some_and(|lease| lease.as_str().contains(&format!("/creds/{role}/")))
        };
        let holds = |text: &String| {
            [
                Some(finding.what.as_str()),
                finding.code.as_deref(),
                finding.privilege.as_deref(),
                finding.lease.as_ref().map(LeaseId::as_str),
                finding.username.as_ref().map(|name| name.as_str()),
            ]
            .into_iter()
            .flatten()
            .any(|evidence| evidence.contains(text.as_str()))
        };
        self.role.as_ref().is_none_or(of_role) && self.evidence.as_ref().is_none_or(holds)
    }
}
