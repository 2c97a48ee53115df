//! Which checks fail because another one does.

use leaseproof_domain::{CheckId, Metric, Operation, Subject};

use super::Group;
use super::connection::{Connection, Server};

/// A role that cannot be dropped is left over, a login that is refused is not usable in time. `docs/mutants.md` shows each
/// pair on real servers.
const FOLLOWS: &[(&str, &[&str])] = &[
    ("SAT-1", &["AVL-1", "ISS-1", "LOG-1", "EXP-1", "INV-1", "INV-10", "FLT-1", "THR-1", "DNS-1", "DNS-2"]),
    ("AVL-1", &["INV-1", "INV-10", "FLT-1", "THR-1"]),
    ("ISS-1", &["POL-1", "INV-1", "INV-2", "INV-3", "INV-5", "INV-10", "RUN-2"]),
    ("LOG-1", &["INV-1", "INV-5", "DNS-1", "DNS-2", "DNS-3"]),
    ("GRA-1", &["PRB-1", "PRB-2", "INV-9", "LOG-1", "INV-5"]),
    ("TTL-2", &["INV-4", "INV-5"]),
    ("TTL-7", &["TTL-2", "INV-4", "INV-7"]),
    ("REV-1", &["EXP-1", "RUN-2", "INV-3", "INV-6a", "INV-8", "INV-10", "INV-11"]),
    ("EXP-1", &["RUN-2", "INV-3", "INV-6a", "INV-8", "INV-10", "INV-11"]),
    ("INV-2", &["INV-5", "REV-1", "TTL-2", "INV-10"]),
    ("INV-3", &["INV-3", "RUN-2", "INV-11"]),
    ("RUN-2", &["RUN-2", "INV-11"]),
];
/// The label of a threshold on requests in fault windows.
const DURING_FAULT: &str = "during=fault";
/// What follows for the credentials whose logins failed because a server could not be reached.
const OF_LOGINS: &[&str] = &["LOG-1", "INV-1", "INV-10"];
/// What follows for those that Vault could not revoke, or issue to the end.
const OF_ROLES: &[&str] = &["EXP-1", "RUN-2", "INV-3", "INV-6a", "INV-8", "INV-10", "INV-11"];
/// What follows at the time when a server cannot be reached. A credential that is lost then, or a request that a server
/// answers and rejects, has another reason.
const AT_THE_SAME_TIME: &[&str] = &["AVL-1", "EXP-1", "INV-1", "INV-8", "INV-10", "FLT-1", "DNS-1", "DNS-2", "DNS-3"];
const OF_SLOW_ANSWERS: &[&str] = &["AVL-1", "INV-1", "FLT-1"];
const WITHOUT_VAULT: &[&str] = &["AVL-1", "INV-1", "DNS-1", "DNS-2", "DNS-3"];
/// The checks that judge what Vault needs PostgreSQL for.
const OF_VAULT: [&str; 4] = ["ISS-1", "TTL-2", "REV-1", "EXP-1"];
/// The checks that judge the answers to an operation.
const OPERATIONS: [(&str, &[Operation]); 5] = [
    ("ISS-1", &[Operation::Issue]),
    ("LOG-1", &[Operation::Login]),
    ("TTL-2", &[Operation::Renew]),
    ("REV-1", &[Operation::Revoke]),
    ("INV-5", &[Operation::Login, Operation::Relogin]),
];

/// The checks that fail because that one does.
pub(super) fn follows(check: CheckId) -> &'static [&'static str] {
    FOLLOWS.iter().find(|(own, _)| *own == check.as_str()).map_or(&[], |(_, ids)| ids)
}

/// Whether all the checks may fail for credentials whose logins failed.
pub(super) fn of_logins(mut checks: impl Iterator<Item = CheckId>) -> bool {
    checks.all(|check| OF_LOGINS.contains(&check.as_str()))
}

/// Whether all the checks may fail for credentials whose roles Vault could not make or remove.
pub(super) fn of_roles(mut checks: impl Iterator<Item = CheckId>) -> bool {
    checks.all(|check| OF_ROLES.contains(&check.as_str()))
}

/// Whether the check judges requests with which Vault makes or removes roles.
pub(super) fn is_of_roles(check: CheckId) -> bool {
    matches!(check.as_str(), "ISS-1" | "REV-1")
}

/// Whether all the checks may fail while a connection does, which the `own` checks report. A Vault that answers some requests
/// revokes leases too, and so does one whose own connection works.
pub(super) fn at_the_same_time(
    connection: &Connection,
    mut own: impl Iterator<Item = CheckId>,
    mut checks: impl Iterator<Item = CheckId>,
) -> bool {
    let ids = match connection.server {
        Server::Vault if !connection.is_down() => OF_SLOW_ANSWERS,
        Server::Vault => AT_THE_SAME_TIME,
        Server::Postgres if own.any(|check| OF_VAULT.contains(&check.as_str())) => AT_THE_SAME_TIME,
        Server::Postgres => WITHOUT_VAULT,
    };
    checks.all(|check| ids.contains(&check.as_str()))
}

/// Whether the findings of THR-1 are about the share of failures of operations that those checks judge.
pub(super) fn is_share_of_failures(group: &Group, checks: &[CheckId]) -> bool {
    let fails = |name: &str| {
        let Some(Metric::Failed(op) | Metric::Unanswered(op)) = metric(name) else { return false };
        let judged = |check: &CheckId| {
            let of = |(id, ops): &(&str, &[Operation])| *id == check.as_str() && ops.contains(&op);
            check.as_str() == "AVL-1" || OPERATIONS.iter().any(of)
        };
        checks.iter().any(judged)
    };
    group.about.keys().all(|subject| matches!(subject, Subject::Metric(name) if fails(name)))
}

/// The metric that a threshold names, e.g. `issue.failed{phase=steady}`.
fn metric(name: &str) -> Option<Metric> {
    name.split('{').next()?.parse().ok()
}

/// The labels of that name, of which one may be [`DURING_FAULT`].
fn labels(name: &str) -> &str {
    name.split_once('{').map_or("", |(_, labels)| labels)
}

/// Whether thresholds are on requests in fault windows.
pub(super) fn is_in_faults(group: &Group) -> bool {
    group.about.keys().any(|subject| matches!(subject, Subject::Metric(name) if labels(name).contains(DURING_FAULT)))
}

/// The operations of which AVL-1, or a threshold, says that requests had no answer or were dropped.
pub(super) fn unanswered(check: CheckId, group: &Group) -> Vec<Operation> {
    match check.as_str() {
        "AVL-1" => group.operations(),
        "THR-1" => {
            let metrics = metrics(group).unwrap_or_default();
            metrics.into_iter().filter_map(|metric| unanswered_of(metric, group)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether thresholds are on those operations, and fail for requests without an answer.
pub(super) fn is_of_unanswered(group: &Group, ops: &[Operation]) -> bool {
    let is = |metric: &Metric| unanswered_of(*metric, group).is_some_and(|op| ops.contains(&op));
    metrics(group).is_some_and(|metrics| metrics.iter().all(is))
}

/// The operation of which a threshold says that requests had no answer or were dropped.
fn unanswered_of(metric: Metric, group: &Group) -> Option<Operation> {
    match metric {
        Metric::Failed(op) | Metric::Unanswered(op) => Some(op).filter(|_| has_unanswered(group)),
        Metric::Response(op, _) | Metric::Service(op, _) => Some(op).filter(|_| is_lower_bound(group)),
        Metric::Dropped => Some(Operation::Issue),
        Metric::ExpiryLag(_) => None,
    }
}

/// Whether thresholds are on the time until roles go.
pub(super) fn is_of_lag(group: &Group) -> bool {
    metrics(group).is_some_and(|metrics| metrics.iter().all(|metric| matches!(metric, Metric::ExpiryLag(_))))
}

/// The metrics of thresholds; none of those in fault windows, where requests may have no answer.
fn metrics(group: &Group) -> Option<Vec<Metric>> {
    let of = |subject: &Subject| {
        let Subject::Metric(name) = subject else { return None };
        metric(name).filter(|_| !labels(name).contains(DURING_FAULT))
    };
    group.about.keys().map(of).collect()
}

/// Whether a threshold was crossed by requests of which only the least time is known.
fn is_lower_bound(group: &Group) -> bool {
    group.example().what.contains(", got > ")
}

/// Whether a threshold's finding says that requests had no answer.
fn has_unanswered(group: &Group) -> bool {
    group.example().what.contains(" due were answered, ")
}

/// Saturation and availability come before what they make fail, and so do issues, wrong privileges and TTLs, and lost
/// credentials; what is left over comes last, and the others stand as in the catalogue.
pub(super) fn rank(check: CheckId) -> (u8, CheckId) {
    let place = match check.as_str() {
        "SAT-1" => 0,
        "AVL-1" => 1,
        "ISS-1" | "GRA-1" | "TTL-7" => 2,
        "INV-2" => 3,
        "RUN-2" => 5,
        _ => 4,
    };
    (place, check)
}
