//! The lifecycles of a run as a list.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use leaseproof_domain::{
    CredentialEnd, Event, Finding, Judgment, LeaseId, Micros, OperationRecord, Outcome, RoleSeen, Subject, Username,
};

use crate::causes::quoted;
use crate::evidence;
use crate::figures;
use crate::layout::Layout;

/// The outcome of a lifecycle. It can have several: a credential whose renewal failed can be revoked later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// A server returned an error for one of its operations.
    Failed,
    /// One of its operations had no answer.
    Unanswered,
    /// It was revoked.
    Revoked,
    /// Its role was observed to be gone after its lease's end.
    Expired,
    /// It was issued, and its end was not observed.
    Open,
    /// Its role was gone before its lease's end, without a revocation.
    Lost,
}

impl Fate {
    /// The outcome of an issued credential that ended like that.
    const fn of(end: CredentialEnd) -> Self {
        match end {
            CredentialEnd::Revoked => Self::Revoked,
            CredentialEnd::Expired => Self::Expired,
            CredentialEnd::Lost => Self::Lost,
            CredentialEnd::Live | CredentialEnd::Retried | CredentialEnd::Indeterminate | CredentialEnd::LeftBehind => {
                Self::Open
            }
        }
    }
}

/// A filter of lifecycles; absent fields match all.
#[derive(Clone, Debug, Default)]
pub struct LifecycleFilter {
    /// Its Vault role.
    pub role: Option<String>,
    /// Its outcome.
    pub fate: Option<Fate>,
    /// Lifecycles that these findings name.
    pub found_by: Option<Vec<Judgment>>,
    /// The maximum number in the list.
    pub limit: usize,
}

/// Every lifecycle of a run, collected from its history.
#[derive(Debug)]
pub struct Lifecycles {
    rows: BTreeMap<u64, Row>,
    /// How each issued credential ended, as the run's totals count it.
    ends: BTreeMap<u64, CredentialEnd>,
    owners: BTreeMap<Username, u64>,
}

#[derive(Debug, Default)]
struct Row {
    role: String,
    at: Option<Micros>,
    lease: Option<LeaseId>,
    username: Option<Username>,
    /// The first error.
    trouble: Option<String>,
    fates: BTreeSet<Fate>,
    end: Option<CredentialEnd>,
    /// The OIDs of its role.
    oids: BTreeSet<u32>,
}

impl Lifecycles {
    /// None yet, of a run whose issued credentials ended like that, by the number of their lifecycles.
    pub fn new(ends: BTreeMap<u64, CredentialEnd>) -> Self {
        Self { rows: BTreeMap::new(), ends, owners: BTreeMap::new() }
    }

    /// Processes an event of the history.
    pub fn see(&mut self, event: &Event) {
        match event {
            Event::Operation(record) if record.lifecycle != 0 => self.operation(record),
            Event::RoleRead(read) => read.role.iter().for_each(|role| self.role(role)),
            Event::Roles(seen) => seen.appeared.iter().for_each(|role| self.role(role)),
            _ => {}
        }
    }

    fn role(&mut self, role: &RoleSeen) {
        let row = self.owners.get(&role.name).and_then(|owner| self.rows.get_mut(owner));
        row.into_iter().for_each(|row| row.oids.extend([role.oid]));
    }

    fn operation(&mut self, record: &OperationRecord) {
        let row = self.rows.entry(record.lifecycle).or_default();
        if row.at.is_none() {
            row.at = Some(record.start);
            row.role.clone_from(&record.role);
            row.end = self.ends.get(&record.lifecycle).copied();
            row.fates.extend(row.end.map(Fate::of));
        }
        if row.lease.is_none() {
            row.lease.clone_from(&record.lease);
        }
        if let Some(name) = record.username.as_ref().filter(|_| row.username.is_none()) {
            row.username = Some(name.clone());
            self.owners.insert(name.clone(), record.lifecycle);
        }
        let (fate, words) = match &record.outcome {
            Outcome::Failed(failure) if record.op.expects_success() => (Some(Fate::Failed), Some(failure.code.clone())),
            Outcome::Indeterminate { .. } => (Some(Fate::Unanswered), Some("no answer".to_owned())),
            _ => (None, None),
        };
        row.fates.extend(fate);
        if let Some(words) = words.filter(|_| row.trouble.is_none()) {
            row.trouble = Some(format!("{} {words}", record.op));
        }
    }

    /// The Vault roles that lifecycles asked for.
    pub fn roles(&self) -> BTreeSet<&str> {
        self.rows.values().map(|row| row.role.as_str()).collect()
    }

    /// The selected lifecycles in order of time, in lines of at most `width` columns. `run` is the run's name for commands.
    pub fn list(&self, filter: &LifecycleFilter, run: &str, width: Option<usize>) -> String {
        let wanted = self.rows.iter().filter(|(number, row)| row.is_wanted(**number, filter));
        let mut wanted: Vec<&Row> = wanted.map(|(_, row)| row).collect();
        wanted.sort_by_key(|row| row.at);
        let mut out = String::new();
        let layout = Layout::new(width);
        if let Some(judgments) = &filter.found_by {
            found(&mut out, layout, judgments);
        }
        let shown = wanted.len().min(filter.limit);
        if shown > 0 {
            table(&mut out, layout, &wanted[..shown]);
        }
        let total = figures::count(self.rows.len() as u64, "lifecycle");
        let of = format!("{} of {total}", wanted.len());
        let words =
            if wanted.len() > shown { format!("{of}, the first {shown} shown: --limit shows more") } else { of };
        layout.paragraph(&mut out, "", &words);
        if wanted.iter().take(shown).any(|row| row.lease.is_some()) {
            let _ = writeln!(out, "one in full: leaseproof show {} --lease LEASE", quoted(run));
        }
        out
    }
}

impl Row {
    fn is_wanted(&self, number: u64, filter: &LifecycleFilter) -> bool {
        let about = |judgment: &Judgment| {
            judgment.findings.iter().any(|finding| {
                (finding.lease.is_some() && finding.lease == self.lease)
                    || (finding.username.is_some() && finding.username == self.username)
                    || finding.lifecycles.contains(&number)
                    || self.is_known_by_oid(finding)
                    || self.is_never_issued(finding, &judgment.subject)
            })
        };
        filter.role.as_ref().is_none_or(|role| *role == self.role)
            && filter.fate.is_none_or(|fate| self.fates.contains(&fate))
            && filter.found_by.as_ref().is_none_or(|judgments| judgments.iter().any(about))
    }

    /// Whether the finding is about its role, of which it has only the OID.
    fn is_known_by_oid(&self, finding: &Finding) -> bool {
        finding.lease.is_none() && finding.username.is_none() && finding.oid.is_some_and(|oid| self.oids.contains(&oid))
    }

    /// Whether the finding is about its issue, which named no lease and no user.
    fn is_never_issued(&self, finding: &Finding, subject: &Subject) -> bool {
        let unnamed = |lease: bool, user: bool| !lease && !user;
        let own = unnamed(finding.lease.is_some(), finding.username.is_some())
            && unnamed(self.lease.is_some(), self.username.is_some());
        own && finding.at.is_some()
            && finding.at == self.at
            && matches!(subject, Subject::Role(role) if *role == self.role)
    }

    fn outcome(&self) -> String {
        let parts = [self.end.map(|end| end.words().to_owned()), self.trouble.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

/// The check's result, before the lifecycles that it names.
fn found(out: &mut String, layout: Layout, judgments: &[Judgment]) {
    for judgment in judgments {
        let Judgment { check, subject, title, verdict, .. } = judgment;
        layout.paragraph(out, "", &format!("{check} {subject}: {verdict}. {title}"));
        for line in evidence::lines(judgment) {
            layout.paragraph(out, "  ", &line);
        }
        out.push('\n');
    }
}

fn table(out: &mut String, layout: Layout, rows: &[&Row]) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(layout.table());
    table.set_header(["at", "role", "lease", "outcome"]);
    for row in rows {
        let lease = row.lease.as_ref().and_then(|lease| lease.as_str().rsplit('/').next()).unwrap_or("-");
        let at = row.at.map_or_else(String::new, |at| at.to_string());
        table.add_row([at, row.role.clone(), lease.to_owned(), row.outcome()].map(|cell| evidence::plain(&cell)));
    }
    for line in table.to_string().lines() {
        let _ = writeln!(out, "{}", line.strip_prefix(' ').unwrap_or(line).trim_end());
    }
    out.push('\n');
}

#[cfg(test)]
mod tests;
