//! Warnings of servers that a cause concerns: they may be its reason.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use leaseproof_domain::{FailureCause, FailureSource, ObservedNote, ServerNote, Severity, Subject};
use leaseproof_scenario::{Plan, SetupAction, SetupStep, nearest};
use regex::Regex;

use super::pattern::regex;
use super::privilege::{denied_object, object_name};
use super::steps::{OF_THE_SETUP, steps_of, tunes};

/// How many of them a cause has.
const KEPT: usize = 4;
/// Names in a message of PostgreSQL.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| regex(r#""((?:[^"]|"")+)""#));
/// What a role still has that is not dropped (`getObjectDescription` in objectaddress.c, in a DETAIL).
static DEPENDS: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(?:privileges for|owner of) \w+ ([^\s;,]+)"));
/// Keys that Vault ignored (sdk/framework/backend.go, `HandleRequest`).
static IGNORED: LazyLock<Regex> = LazyLock::new(|| regex(r"ignored these unrecognized parameters: \[([^\]]*)\]"));
/// Keys of Vault roles, connections and mounts, and the checks that may fail without them.
const KEYS: [(&str, &[&str]); 15] = [
    ("allowed_roles", &["ISS-1"]),
    ("connection_url", &["ISS-1"]),
    ("creation_statements", &["ISS-1", "ISS-4", "LOG-1", "GRA-1", "PRB-1", "PRB-2"]),
    ("credential_config", &["ISS-1", "LOG-1"]),
    ("credential_type", &["ISS-1", "LOG-1"]),
    ("default_lease_ttl", &["TTL-2", "TTL-7", "INV-7"]),
    ("default_ttl", &["TTL-2", "TTL-7", "INV-7"]),
    ("max_lease_ttl", &["TTL-2", "TTL-7", "INV-7"]),
    ("max_ttl", &["TTL-2", "TTL-7", "INV-7"]),
    ("password", &["ISS-1"]),
    ("password_authentication", &["PWD-1"]),
    ("renew_statements", &["TTL-2", "INV-4", "INV-9", "GRA-1"]),
    ("revocation_statements", &["REV-1", "EXP-1", "RUN-2", "INV-6a", "INV-6b", "INV-10", "INV-11"]),
    ("rollback_statements", &["RUN-2", "INV-3"]),
    ("username_template", &["ISS-2"]),
];

/// Those of the notes that concern the cause, each once.
pub(super) fn of(cause: &FailureCause, notes: &[ObservedNote], plan: &Plan) -> Vec<ObservedNote> {
    let names = names(cause);
    let concerns = |noted: &&ObservedNote| match noted.note.source {
        FailureSource::Vault => of_vault(noted, cause, plan),
        FailureSource::Postgres => of_postgres(&noted.note, &names, is_less(cause)),
    };
    let mut found: Vec<ObservedNote> = Vec::new();
    for noted in notes.iter().filter(|noted| noted.note.severity == Severity::Warning).filter(concerns) {
        if found.len() < KEPT && !found.contains(noted) {
            found.push(noted.clone());
        }
    }
    found
}

/// Whether the check can fail when Vault ignores the key that `misspelled` resembles; none if it resembles no key.
pub(super) fn determines(misspelled: &str, check: &str) -> Option<bool> {
    let near = nearest(misspelled, KEYS.iter().map(|(key, _)| *key))?;
    Some(KEYS.iter().any(|(key, checks)| *key == near && checks.contains(&check)))
}

/// Keys that Vault ignored. What the scenario itself shows has a better warning already.
fn of_vault(noted: &ObservedNote, cause: &FailureCause, plan: &Plan) -> bool {
    let check = cause.check.as_str();
    let message = noted.note.message.as_str();
    let Some(ignored) = IGNORED.captures(message).and_then(|found| found.get(1)) else { return false };
    let shown = |name: &str| cause.warnings.iter().any(|warning| warning.what.contains(name));
    let explains = |name: &str| determines(name, check).unwrap_or_else(|| OF_THE_SETUP.contains(&check));
    let fits = ignored.as_str().split_whitespace().any(|name| !shown(name) && explains(name));
    let about = |role: &str| plan.setup.iter().any(|step| is_of(step, noted, role, plan));
    fits && cause.about.iter().any(|about_one| match &about_one.subject {
        Subject::Role(role) => about(role),
        _ => plan.roles.iter().any(|role| about(&role.name)),
    })
}

/// Whether the note is of that step, and the step writes the role, its connection or its mount. Of a script only the text is known.
fn is_of(step: &SetupStep, noted: &ObservedNote, role: &str, plan: &Plan) -> bool {
    if noted.origin.as_ref() != Some(&step.origin) {
        return false;
    }
    match &step.action {
        SetupAction::Script { text, .. } => text.contains(role),
        _ => steps_of(plan, role).any(|(_, own)| own == step) || tunes(step, role, plan),
    }
}

/// A warning that quotes one of the names. What was not granted is missing, and what was not revoked is too much.
fn of_postgres(note: &ServerNote, names: &BTreeSet<String>, less: bool) -> bool {
    let opposite = if less { " revoked " } else { " granted " };
    let mut quoted =
        QUOTED.captures_iter(&note.message).filter_map(|found| Some(found.get(1)?.as_str().replace("\"\"", "\"")));
    !note.message.contains(opposite) && quoted.any(|name| names.contains(&name))
}

/// Whether something is missing, and not too much.
fn is_less(cause: &FailureCause) -> bool {
    let words = [" lacks ", " without GRANT OPTION", "permission denied", "is not a member of ", "cannot "];
    cause.example.code.as_deref() != Some("2BP01")
        && !cause.example.what.contains("2BP01")
        && words.iter().any(|words| cause.example.what.contains(words))
}

/// The objects and roles that the cause is about.
fn names(cause: &FailureCause) -> BTreeSet<String> {
    let what = cause.example.what.as_str();
    let object = |privilege: &String| object_name(privilege).map(str::to_owned);
    let group = |privilege: &String| privilege.strip_prefix("membership of ").map(str::to_owned);
    let privileges = cause.privileges.iter().chain(&cause.example.privilege);
    let mut names: BTreeSet<String> = privileges.flat_map(|one| object(one).into_iter().chain(group(one))).collect();
    names.extend(denied_object(what).map(str::to_owned));
    names.extend(DEPENDS.captures_iter(what).filter_map(|found| Some(found.get(1)?.as_str().to_owned())));
    names
}
