use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use leaseproof_domain::{Finding, Micros, Origin};

use super::pattern::{Pattern, without_details};

/// How many different sentences one check tells apart; findings beyond that are one group of their own.
const TOLD_APART: usize = 500;
/// How many privileges a group names.
const PRIVILEGES: usize = 40;
/// What the findings beyond those are called.
const OTHERS: &str = "findings in other words";

/// Findings of one check that say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) count: u64,
    pub(crate) shown: String,
    /// The first of them, and of those of one moment the smallest: whatever order they come in, it is the same.
    pub(crate) example: Finding,
    /// The privileges that they are about, the first ones by name.
    pub(crate) privileges: BTreeSet<String>,
    /// The leases and roles that they are about, as hashes.
    pub(crate) subjects: BTreeSet<u64>,
}

impl Group {
    fn of(finding: &Finding, shown: String) -> Self {
        let lease = finding.lease.as_ref().map(|lease| hashed(&("lease", lease.as_str())));
        let role = finding.username.as_ref().map(|name| hashed(&("role", name.as_str())));
        Self {
            count: 1,
            shown,
            example: finding.clone(),
            privileges: finding.privilege.iter().cloned().collect(),
            // Either of them names the credential; its role is what findings without a lease know.
            subjects: role.or(lease).into_iter().collect(),
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.count += other.count;
        if order(&other.example) < order(&self.example) {
            (self.example, self.shown) = (other.example, other.shown);
        }
        self.privileges.extend(other.privileges);
        while self.privileges.len() > PRIVILEGES {
            self.privileges.pop_last();
        }
        self.subjects.extend(other.subjects);
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

/// The findings of one check, by what they say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Groups(pub(crate) BTreeMap<String, Group>);

impl Groups {
    pub(crate) fn add(&mut self, finding: &Finding) {
        let Pattern { shown, key } = Pattern::of(finding);
        let room = self.0.len() < TOLD_APART || self.0.contains_key(&key);
        let (key, shown) = if room { (key, shown) } else { (OTHERS.to_owned(), OTHERS.to_owned()) };
        self.merge(key, Group::of(finding, shown));
    }

    /// Lets `more` add to what each example says, and says so of its group.
    pub(crate) fn complete(&mut self, more: impl Fn(&mut Finding)) {
        for group in self.0.values_mut().filter(|group| group.shown != OTHERS) {
            let said = group.example.what.len();
            more(&mut group.example);
            group.shown.push_str(&without_details(&group.example.what[said..]));
        }
    }

    /// The same, each with the line that promised otherwise: one cause may be of several judgments of its check.
    pub(crate) fn promised_at(mut self, origin: &Origin) -> Self {
        for group in self.0.values_mut() {
            group.example.promised.get_or_insert_with(|| origin.clone());
        }
        self
    }

    pub(crate) fn merge(&mut self, key: String, group: Group) {
        match self.0.get_mut(&key) {
            Some(same) => same.merge(group),
            None => drop(self.0.insert(key, group)),
        }
    }
}
