//! A cause that is being put together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use leaseproof_domain::{AlsoBroken, CauseFault, CauseSeen, CheckId, FailureCause, Micros, Operation};

use super::connection::{Connection, Server};
use super::follows::{
    at_the_same_time, follows, is_in_faults, is_of_lag, is_of_roles, is_of_unanswered, is_share_of_failures, of_logins,
    of_roles, rank, unanswered,
};
use super::spells::Spells;
use super::{Context, Found, Group, privilege, unlogged};

/// PostgreSQL's `undefined_object`, as Vault passes it on.
const UNDEFINED_ROLE: &str = "SQLSTATE 42704";
/// What RUN-2 says of a role whose lease Vault did not revoke.
const STILL_LISTED: &str = "Vault still lists its lease";

pub(super) struct Draft {
    pub(super) known_issue: bool,
    /// What it says, without the privilege.
    pub(super) key: String,
    /// The check that found it; of several, the first one.
    pub(super) check: CheckId,
    /// The findings of each check that say it.
    groups: BTreeMap<CheckId, Group>,
    /// How many findings of each check follow from it.
    also: BTreeMap<CheckId, u64>,
    /// The credentials that it is about, and those of what follows from it.
    credentials: BTreeSet<u64>,
    /// Those of them whose roles Vault could not make or remove.
    roles: BTreeSet<u64>,
    /// Whether its check failed throughout.
    throughout: bool,
    /// Whether most of what its checks found is this.
    most: bool,
    /// The connection that failed, if it is about one.
    pub(super) connection: Option<Connection>,
}

impl Draft {
    /// None where no check says it.
    pub(super) fn new(
        known_issue: bool,
        key: String,
        groups: BTreeMap<CheckId, Group>,
        found: &BTreeMap<CheckId, Found>,
    ) -> Option<Self> {
        let check = first_of(&groups)?;
        let credentials = groups.values().flat_map(|group| group.subjects.keys().copied()).collect();
        let of_roles = groups.iter().filter(|(check, _)| is_of_roles(**check));
        let roles = of_roles.flat_map(|(_, group)| group.subjects.keys().copied()).collect();
        let connections = groups.values().filter_map(|group| group.connection.clone());
        let connection = connections.reduce(|mut one, other| {
            one.merge(&other);
            one
        });
        let own: u64 = groups.values().map(|group| group.count).sum();
        let all: u64 = groups.keys().filter_map(|check| found.get(check)).map(|found| found.findings).sum();
        // A connection is only one of the ways in which a check may fail.
        let findings = connection.as_ref().map(|_| groups[&check].count);
        let throughout = found.get(&check).is_some_and(|found| found.is_throughout(findings.unwrap_or(found.findings)));
        let (most, also) = (2 * own >= all, BTreeMap::new());
        Some(Self { known_issue, key, check, groups, also, credentials, roles, throughout, most, connection })
    }

    fn group(&self) -> &Group {
        &self.groups[&self.check]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// When it began. Findings without a moment are of the run as a whole.
    pub(super) fn first(&self) -> Micros {
        self.began().unwrap_or(Micros(u64::MAX))
    }

    fn began(&self) -> Option<Micros> {
        match self.connection {
            Some(_) => self.groups.values().filter_map(Group::first).min(),
            None => self.group().first(),
        }
    }

    /// When its findings occur.
    fn spells(&self) -> Spells {
        let mut spells = Spells::default();
        self.groups.values().for_each(|group| spells.merge(&group.spells));
        spells
    }

    /// A server that is down comes before all that it makes fail, and one that does not answer after saturation.
    pub(super) fn rank(&self) -> (u8, u8, CheckId) {
        let (place, check) = rank(self.check);
        let before = match &self.connection {
            Some(connection) if connection.is_down() => 0,
            Some(_) if place > 0 => 2,
            _ if place == 0 => 1,
            _ => 3,
        };
        (before, place, check)
    }

    pub(super) fn order(&self) -> (bool, bool, Micros, (u8, CheckId), String, Option<String>) {
        let privilege = self.group().example().privilege.clone();
        let saturated = self.check.as_str() == "SAT-1";
        (self.known_issue, !saturated, self.first(), rank(self.check), self.group().shown(), privilege)
    }

    pub(super) fn order_key(&self) -> (Micros, String) {
        (self.first(), self.key.clone())
    }

    fn checks(&self) -> impl Iterator<Item = CheckId> {
        self.groups.keys().chain(self.also.keys()).copied()
    }

    /// How long one began after the other was over.
    pub(super) fn apart(&self, other: &Self) -> Duration {
        self.spells().apart(&other.spells()).unwrap_or(Duration::MAX)
    }

    /// Whether the connection that failed here is the one that the other one reports without its name.
    pub(super) fn may_be_behind(&self, other: &Self, timeout: Duration) -> bool {
        let (Some(own), Some(others)) = (&self.connection, &other.connection) else { return false };
        // AVL-1 counts slow queries from the first one on.
        let goes_on = own.is_slow() && others.is_slow() && other.check.as_str() == "AVL-1";
        let near = self.is_near(other, timeout) || (goes_on && self.first() >= other.first());
        self.known_issue == other.known_issue && own.may_be_behind(others) && near
    }

    /// Whether the other one began while a request of this one may have been in flight.
    fn is_near(&self, other: &Self, timeout: Duration) -> bool {
        self.spells().is_begun_near(&other.spells(), timeout)
    }

    /// Whether the other's checks fail because this one does: for the same credentials, where this one failed
    /// throughout, or while a server could not be reached. A wrong privilege explains what is said of that privilege, and
    /// the queries that need it.
    pub(super) fn explains(&self, other: &Self, timeout: Duration) -> bool {
        if self.known_issue != other.known_issue {
            return false;
        }
        if self.explains_threshold(other) {
            return true;
        }
        if let Some(explains) = self.explains_by_connection(other, timeout) {
            return explains;
        }
        // AVL-1 reports each operation by itself; failures in fault windows are no findings.
        if self.check.as_str() != "AVL-1" && !is_in_faults(other.group()) && self.is_most_of(other) {
            return true;
        }
        if self.is_loss_of(other) {
            return self.is_near(other, timeout);
        }
        if self.connection.is_none() && unlogged::is_without_effect(self.check, self.group(), other.group()) {
            return true;
        }
        if !self.is_followed_by(other) {
            return false;
        }
        let (own, others) = (self.group(), other.group());
        match (own.privileges.is_empty(), others.privileges.is_empty()) {
            // Its default and its maximum are two promises, each with its line.
            (true, true) if is_of_one_line(self.check, other.check) => others.lines().is_subset(&own.lines()),
            (true, true) => {
                let credentials = if self.connection.is_some() { &self.roles } else { &self.credentials };
                let same = other.is_only_of(credentials);
                same || self.throughout || self.check.as_str() == "SAT-1"
            }
            (false, false) => others.privileges.is_subset(&own.privileges) || privilege::brings(own, others),
            (false, true) => privilege::is_missed_by(own, others),
            (true, false) => false,
        }
    }

    /// Whether the other one is a threshold on requests of which this one says that they had no answer or were dropped, or on
    /// the time until roles go that this one says stay.
    fn explains_threshold(&self, other: &Self) -> bool {
        if !other.checks().all(|check| check.as_str() == "THR-1") {
            return false;
        }
        let own = self.groups.iter();
        let ops: Vec<Operation> = own.flat_map(|(check, group)| unanswered(*check, group)).collect();
        let stay = self.check.as_str() == "EXP-1" && self.throughout;
        is_of_unanswered(other.group(), &ops) || (stay && is_of_lag(other.group()))
    }

    /// Whether all its findings are of one check.
    fn is_only_of_check(&self, id: &str) -> bool {
        self.groups.keys().all(|check| check.as_str() == id)
    }

    /// Whether the other one fails because a server could not be reached; none where neither is about that.
    fn explains_by_connection(&self, other: &Self, timeout: Duration) -> Option<bool> {
        match (&self.connection, &other.connection) {
            (Some(_), Some(_)) => Some(self.may_be_behind(other, timeout)),
            // Load does not take a server away.
            (None, Some(others)) if others.is_down() => Some(false),
            (Some(own), None) => {
                let same = self.explained(other).is_some_and(|credentials| other.is_only_of(credentials));
                let same = same && other.group().privileges.is_empty();
                let reports = self.groups.keys().copied();
                // What goes on after it, or between two of them, has another reason.
                let meanwhile = at_the_same_time(own, reports, other.checks());
                let meanwhile = meanwhile && self.spells().hold(&other.spells(), timeout);
                // What follows from its check follows here too.
                (same || meanwhile || self.is_most_of(other)).then_some(true)
            }
            _ => None,
        }
    }

    /// Whether the other one is a threshold on the share of requests that fail, and most of these failures are this.
    fn is_most_of(&self, other: &Self) -> bool {
        let own: Vec<CheckId> = self.checks().collect();
        let is_threshold = other.checks().all(|check| check.as_str() == "THR-1");
        self.most && is_threshold && is_share_of_failures(other.group(), &own)
    }

    /// Whether the other one reports requests for roles that do not exist, and this one roles that were lost.
    fn is_loss_of(&self, other: &Self) -> bool {
        let requests = other.checks().all(|check| matches!(check.as_str(), "TTL-2" | "REV-1"));
        self.check.as_str() == "INV-2" && requests && other.key.contains(UNDEFINED_ROLE)
    }

    /// Whether the other one reports leases that Vault cannot revoke without this connection, and nothing else keeps.
    pub(super) fn is_needed_by(&self, other: &Self) -> bool {
        let Some(connection) = self.connection.as_ref().filter(|_| self.known_issue == other.known_issue) else {
            return false;
        };
        let left = other.checks().all(|check| check.as_str() == "RUN-2") && other.key.contains(STILL_LISTED);
        let revokes = |check: &CheckId| matches!(check.as_str(), "REV-1" | "EXP-1");
        left && connection.server == Server::Postgres && self.groups.keys().any(revokes)
    }

    /// Whether it is about credentials, and only about those.
    fn is_only_of(&self, credentials: &BTreeSet<u64>) -> bool {
        !self.credentials.is_empty() && self.credentials.is_subset(credentials)
    }

    fn is_followed_by(&self, other: &Self) -> bool {
        other.checks().all(|check| follows(self.check).contains(&check.as_str()))
    }

    /// Whether what the other one says of this one's credentials may follow from it.
    pub(super) fn may_explain_some(&self, other: &Self) -> bool {
        let whole = |draft: &Self| draft.groups.values().all(|group| group.privileges.is_empty());
        self.known_issue == other.known_issue
            && other.connection.is_none()
            && whole(self)
            && whole(other)
            && self.explained(other).is_some()
    }

    /// The credentials for which the other's checks may fail because this one's do.
    fn explained(&self, other: &Self) -> Option<&BTreeSet<u64>> {
        let roles = self.connection.is_some() && of_roles(other.checks());
        let logins = self.connection.is_some() && of_logins(other.checks());
        let follows = self.connection.is_none() && self.is_followed_by(other);
        let all = logins || (follows && !is_of_one_line(self.check, other.check));
        if all { Some(&self.credentials) } else { roles.then_some(&self.roles) }
    }

    /// Takes what follows from this.
    pub(super) fn take(&mut self, other: Self) {
        let thresholds = self.is_only_of_check("THR-1") && other.is_only_of_check("THR-1");
        if thresholds || (self.connection.is_some() && other.connection.is_some()) {
            return self.join(other);
        }
        for (check, group) in &other.groups {
            self.add(*check, group.count);
        }
        if of_roles(other.checks()) {
            self.roles.extend(&other.credentials);
        }
        for (check, count) in other.also {
            self.add(check, count);
        }
        self.credentials.extend(other.credentials);
    }

    /// Takes what the other one says of this one's credentials.
    pub(super) fn take_some(&mut self, other: &mut Self) {
        let mut taken: Vec<(CheckId, u64)> = Vec::new();
        let Some(credentials) = self.explained(other) else { return };
        let left: BTreeSet<u64> = other.credentials.difference(credentials).copied().collect();
        for (check, group) in &mut other.groups {
            taken.push((*check, group.split_off(credentials)));
        }
        other.groups.retain(|_, group| group.count > 0);
        other.credentials = left;
        if let Some(check) = first_of(&other.groups) {
            other.check = check;
        }
        taken.into_iter().filter(|(_, count)| *count > 0).for_each(|(check, count)| self.add(check, count));
    }

    fn add(&mut self, check: CheckId, count: u64) {
        *self.also.entry(check).or_default() += count;
    }

    /// Takes what is the same cause.
    pub(super) fn join(&mut self, other: Self) {
        for (check, group) in other.groups {
            self.join_group(check, group);
        }
        for (check, count) in other.also {
            self.add(check, count);
        }
        self.credentials.extend(other.credentials);
        self.most |= other.most;
    }

    fn join_group(&mut self, check: CheckId, group: Group) {
        if let (Some(own), Some(other)) = (&mut self.connection, &group.connection)
            && own.server == other.server
        {
            own.merge(other);
        }
        if is_of_roles(check) {
            self.roles.extend(group.subjects.keys());
        }
        match self.groups.get_mut(&check) {
            Some(same) => same.merge(group),
            None => drop(self.groups.insert(check, group)),
        }
        if let Some(check) = first_of(&self.groups) {
            self.check = check;
        }
    }

    /// What each check says of a connection that failed, in order of time.
    fn seen(&self) -> Vec<CauseSeen> {
        let mut seen: Vec<CauseSeen> = self.groups.iter().flat_map(|(check, group)| group.seen(*check)).collect();
        seen.sort_by(|one, other| {
            let key = |seen: &CauseSeen| (seen.first_at.unwrap_or(Micros(u64::MAX)), seen.check);
            key(one).cmp(&key(other)).then_with(|| one.what.cmp(&other.what))
        });
        seen
    }

    pub(super) fn finish(mut self, context: &Context<'_>) -> FailureCause {
        let first = self.began();
        let codes = if self.connection.is_some() { self.codes() } else { BTreeSet::new() };
        let (said, about, example) =
            (self.group().shown(), self.group().cause_subjects(), self.group().whole_example());
        let count = self.group().count + self.also.remove(&self.check).unwrap_or_default();
        let said = if count == 1 { example.what.clone() } else { said };
        let seen = if self.connection.is_some() { self.seen() } else { Vec::new() };
        let (what, seen, times) = match &self.connection {
            // An action that is rejected names what it wanted to do.
            Some(_) if self.is_only_of_check("ACT-1") => (said, Vec::new(), Vec::new()),
            Some(connection) if connection.is_down() || seen.len() > 1 => {
                (connection.words(), seen, self.spells().beginnings())
            }
            _ => (said, Vec::new(), Vec::new()),
        };
        let mut faults: Vec<CauseFault> = Vec::new();
        for at in first.into_iter().chain(seen.iter().filter_map(|seen| seen.first_at)) {
            let fault = (context.fault)(at, &codes);
            faults.extend(fault.filter(|fault| faults.iter().all(|known| known.fault != fault.fault)));
        }
        let mut also = std::mem::take(&mut self.also);
        for (check, group) in self.groups.iter().filter(|(check, _)| **check != self.check) {
            *also.entry(*check).or_default() += group.count;
        }
        FailureCause {
            what,
            check: self.check,
            count,
            first_at: first,
            privileges: self.group().privileges.iter().cloned().collect(),
            example,
            also_breaks: also.into_iter().map(|(check, count)| AlsoBroken { check, count }).collect(),
            known_issue: self.known_issue,
            about,
            warnings: Vec::new(),
            after: Vec::new(),
            seen,
            faults,
            times,
            notes: Vec::new(),
            hint: None,
        }
    }

    fn codes(&self) -> BTreeSet<String> {
        self.groups.values().flat_map(|group| group.codes.iter().cloned()).collect()
    }
}

/// Whether the second check fails because the first one does only where both are about the same promised TTL.
fn is_of_one_line(check: CheckId, other: CheckId) -> bool {
    check.as_str() == "TTL-7" && matches!(other.as_str(), "TTL-2" | "INV-7")
}

/// The first check of them.
fn first_of(groups: &BTreeMap<CheckId, Group>) -> Option<CheckId> {
    groups.keys().copied().min_by_key(|check| rank(*check))
}
