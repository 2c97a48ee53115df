//! One lifecycle on one screen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use leaseproof_domain::{
    Event, LeaseId, Micros, Operation, OperationRecord, Outcome, PrivilegeSet, RoleSeen, RunVerdicts, Username,
};

use self::probes::Probes;
use crate::foreign::one_line;
use crate::layout::Layout;
use crate::{evidence, figures};

mod probes;

/// Collects the events about one lease from a history. The history is read twice: first [`identify`](Self::identify)
/// finds the lease's credential, then [`tell`](Self::tell) collects its events.
#[derive(Debug, Default)]
pub struct LifecycleStory {
    wanted: String,
    lease: Option<LeaseId>,
    lifecycle: Option<(u64, String)>,
    username: Option<Username>,
    oids: Vec<u32>,
    /// The clusters in which the role was observed.
    clusters: BTreeSet<String>,
    sets: BTreeMap<u32, PrivilegeSet>,
    lines: Vec<(Micros, &'static str, String)>,
    probes: Probes,
}

impl LifecycleStory {
    /// The lifecycle of that lease: the complete id, or its last part.
    pub fn of(lease: &str) -> Self {
        Self { wanted: lease.to_owned(), ..Self::default() }
    }

    /// The lifecycle of that PostgreSQL role. For a role without a lease of the run, only observations are shown.
    pub fn of_user(name: &str) -> Self {
        Self { username: Some(Username::new(name)), ..Self::default() }
    }

    /// First pass: finds the lease's credential and its role.
    pub fn identify(&mut self, event: &Event) {
        match event {
            Event::Operation(record) if record.lease.as_ref().is_some_and(|lease| self.is_wanted(lease)) => {
                self.lease.clone_from(&record.lease);
                self.lifecycle = Some((record.lifecycle, record.phase.clone()));
                if record.username.is_some() {
                    self.username.clone_from(&record.username);
                }
                self.oids.extend(record.oid);
            }
            Event::Operation(record) if self.lease.is_none() && self.is_of_wanted_user(record) => {
                self.lease.clone_from(&record.lease);
                self.lifecycle = Some((record.lifecycle, record.phase.clone()));
                self.oids.extend(record.oid);
            }
            Event::RoleRead(read) if Some(&read.username) == self.username.as_ref() => {
                self.oids.extend(read.role.as_ref().map(|role| role.oid));
            }
            Event::Roles(seen) => {
                let own = |role: &&RoleSeen| Some(&role.name) == self.username.as_ref();
                for role in seen.appeared.iter().filter(own) {
                    self.oids.push(role.oid);
                    self.clusters.insert(seen.cluster.clone());
                }
            }
            Event::PrivilegeSet { id, set } => {
                self.sets.insert(*id, set.clone());
            }
            _ => {}
        }
    }

    /// Whether the first pass found the lease or the role.
    pub fn is_known(&self) -> bool {
        self.lease.is_some() || !self.oids.is_empty()
    }

    /// Whether the role was observed in that cluster: in another one, its OID is that of another role.
    fn is_in(&self, cluster: &str) -> bool {
        self.clusters.is_empty() || self.clusters.contains(cluster)
    }

    /// Second pass: collects the events about the lease.
    pub fn tell(&mut self, event: &Event) {
        match event {
            Event::Operation(record) if self.owns(record) => {
                self.line(record.start, record.op.name(), operation_in_words(record));
            }
            Event::RoleRead(read) if Some(&read.username) == self.username.as_ref() => {
                let words = read.role.as_ref().map_or_else(|| "no such role".into(), role_in_words);
                self.line(read.from, "role read", words);
            }
            Event::Roles(seen) if self.is_in(&seen.cluster) => {
                for (roles, word) in [(&seen.appeared, "role appeared"), (&seen.changed, "role changed")] {
                    for role in roles.iter().filter(|role| self.oids.contains(&role.oid)) {
                        self.lines.push((seen.from, word, role_in_words(role)));
                    }
                }
                if let Some(oid) = seen.gone.iter().find(|oid| self.oids.contains(oid)) {
                    self.line(seen.from, "role gone", format!("oid {oid} is no longer in pg_roles"));
                }
            }
            Event::Leases(seen) => {
                let lease = |leases: &[LeaseId]| leases.iter().any(|lease| self.is_wanted(lease));
                let (appeared, gone) = (lease(&seen.appeared), lease(&seen.gone));
                if appeared {
                    self.line(seen.from, "lease listed", "Vault lists it".into());
                }
                if gone {
                    self.line(seen.from, "lease gone", "Vault no longer lists it".into());
                }
            }
            Event::Privileges(reading) if self.is_in(&reading.cluster) && self.oids.contains(&reading.oid) => {
                let words = match self.sets.get(&reading.set) {
                    Some(set) => format!("{} held in database {}", set.held.len(), set.database),
                    None => "read; what was held is not in the history".to_owned(),
                };
                self.line(reading.from, "privileges", words);
            }
            Event::Probe(probe) if Some(&probe.username) == self.username.as_ref() => self.probes.add(probe),
            Event::FailedRevocation(failed) if self.is_wanted(&failed.lease) => {
                let attempt = failed.attempts.map(|number| format!(" (attempt {number})")).unwrap_or_default();
                self.line(failed.at, "not revoked", format!("{}{attempt}", failed.why));
            }
            Event::SecretSeen(seen) if self.username.is_some() && seen.username == self.username => {
                self.line(
                    seen.at,
                    "secret found",
                    format!("its password was in line {} of {}", seen.line, seen.source),
                );
            }
            _ => {}
        }
    }

    /// The lifecycle as text, in lines of at most `width` columns, with the findings of `verdicts` that name it.
    pub fn render(&self, verdicts: Option<&RunVerdicts>, width: Option<usize>) -> String {
        let mut out = String::new();
        let layout = Layout::new(width);
        let wanted = if self.wanted.is_empty() { "none" } else { self.wanted.as_str() };
        let lease = self.lease.as_ref().map_or(wanted, LeaseId::as_str);
        let username = self.username.as_ref().map_or("not known", Username::as_str);
        let mut oids: Vec<_> = self.oids.iter().map(|oid| format!(" (oid {oid})")).collect();
        oids.sort_unstable();
        oids.dedup();
        let _ = writeln!(out, "lease      {}\nrole       {}{}", one_line(lease), one_line(username), oids.concat());
        if let Some((lifecycle, phase)) = &self.lifecycle {
            let _ = writeln!(out, "lifecycle  {lifecycle}, phase {}", one_line(phase));
        }
        out.push('\n');
        let mut lines: Vec<_> = self.lines.iter().cloned().chain(self.probes.lines()).collect();
        lines.sort_by_key(|(at, _, _)| *at);
        for same in lines.chunk_by(|one, other| one.1 == other.1 && is_repeated(one.1, &one.2, &other.2)) {
            let mut line = |(at, what, _): &(Micros, &str, String), words: &str| {
                layout.paragraph(&mut out, &format!("{:>11}  {what:<12}  ", at.to_string()), &one_line(words));
            };
            line(&same[0], &same[0].2);
            match &same[1..] {
                [] => {}
                [other] => line(other, &other.2),
                [others @ .., last] => line(last, &format!("the same, {} times since", others.len() + 1)),
            }
        }
        if let Some(verdicts) = verdicts {
            self.findings(&mut out, verdicts);
        }
        out
    }

    fn findings(&self, out: &mut String, verdicts: &RunVerdicts) {
        for judgment in &verdicts.checks {
            let own = |finding: &&leaseproof_domain::Finding| {
                (finding.lease.is_some() && finding.lease == self.lease)
                    || (finding.username.is_some() && finding.username == self.username)
                    || self.lifecycle.as_ref().is_some_and(|(number, _)| finding.lifecycles.contains(number))
            };
            let own: Vec<_> = judgment.findings.iter().filter(own).collect();
            for same in own.chunk_by(|one, other| one.what == other.what) {
                let (finding, times) = (same[0], same.len());
                let times = if times > 1 { format!(" (×{times})") } else { String::new() };
                let _ = writeln!(out, "\n{} {}: {}{times}", judgment.check, judgment.verdict, one_line(&finding.what));
                if let Some(place) = evidence::place(finding) {
                    let _ = writeln!(out, "  {}", one_line(&place));
                }
            }
        }
    }

    fn is_of_wanted_user(&self, record: &OperationRecord) -> bool {
        self.wanted.is_empty() && record.username.is_some() && record.username == self.username
    }

    fn is_wanted(&self, lease: &LeaseId) -> bool {
        if self.wanted.is_empty() {
            return Some(lease) == self.lease.as_ref();
        }
        lease.as_str() == self.wanted || lease.as_str().rsplit('/').next() == Some(self.wanted.as_str())
    }

    fn owns(&self, record: &OperationRecord) -> bool {
        record.lease.as_ref().is_some_and(|lease| self.is_wanted(lease))
            || self.lifecycle.as_ref().is_some_and(|(lifecycle, _)| *lifecycle != 0 && *lifecycle == record.lifecycle)
    }

    fn line(&mut self, at: Micros, what: &'static str, words: String) {
        self.lines.push((at, what, words));
    }
}

/// Whether two logins after each other came to the same, but for the time that they took.
fn is_repeated(what: &str, one: &str, other: &str) -> bool {
    let logins = [Operation::Login, Operation::Relogin, Operation::DeadLogin].map(Operation::name);
    let without_times =
        |words: &str| words.split(", ").filter(|part| !part.starts_with("in ")).collect::<Vec<_>>().join(", ");
    logins.contains(&what) && without_times(one) == without_times(other)
}

fn role_in_words(role: &RoleSeen) -> String {
    let until = role
        .valid_until
        .map_or_else(|| "no VALID UNTIL (or infinity)".into(), |at| format!("VALID UNTIL {}", figures::wall(at)));
    format!("oid {}, {until}, {}", role.oid, if role.login { "LOGIN" } else { "NOLOGIN" })
}

fn operation_in_words(record: &OperationRecord) -> String {
    let ended = match &record.outcome {
        Outcome::Ok if record.op == Operation::DeadLogin => "accepted".to_owned(),
        Outcome::Ok => "ok".to_owned(),
        Outcome::Failed(failure) if record.query_failed => format!("logged in, and the query failed: {failure}"),
        Outcome::Failed(failure) if record.op.expects_success() => format!("failed: {failure}"),
        Outcome::Failed(failure) => format!("rejected: {failure}"),
        Outcome::Indeterminate { why } => format!("no answer: {why}"),
        Outcome::Harness { why, .. } => format!("failed in leaseproof itself: {why}"),
    };
    let mut words = format!("{ended}, in {}", figures::span(record.start, record.end));
    if record.start > record.intended {
        let _ = write!(words, " (sent {} after its intended start)", figures::span(record.intended, record.start));
    }
    if let Some(increment) = record.increment_seconds {
        let _ = write!(words, ", requested increment {}", figures::lease_span(increment));
    }
    if let Some(seconds) = record.lease_seconds {
        let _ = write!(words, ", lease {}", figures::lease_span(seconds));
    }
    if record.renewable == Some(false) {
        words.push_str(", not renewable");
    }
    if let Some(endpoint) = &record.endpoint {
        let _ = write!(words, ", at {endpoint}");
    }
    for warning in &record.warnings {
        let _ = write!(words, ", warning: {warning}");
    }
    words
}

#[cfg(test)]
mod tests;
