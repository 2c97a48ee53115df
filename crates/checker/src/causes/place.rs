//! Where a cause is to be looked for: lines of the setup and warnings about the scenario; and what could
//! not be judged for it.

use leaseproof_domain::{
    FailureCause, Finding, Judgment, ObservedNote, Origin, RoleStatements, ScenarioWarning, SetupLine, Subject, Verdict,
};
use leaseproof_scenario::{EnvironmentKind, Plan, SetupAction, SetupStep};

use super::connection::{CONNECTS, Connection};
use super::notes;
use super::steps::{OF_THE_SETUP, steps_of, tunes};
use crate::fold::COULD_NOT_REVOKE;

/// Checks without which nothing else can be judged: requests are not answered, credentials are not issued, or cannot log in.
const BASIC: [&str; 4] = ["SAT-1", "AVL-1", "ISS-1", "LOG-1"];
/// The SQLSTATEs with which PostgreSQL rejects Vault's account.
const REJECTED: [&str; 2] = ["SQLSTATE 28P01", "SQLSTATE 28000"];
/// PostgreSQL's words where a statement took longer than `statement_timeout`. A statement that was canceled on request has
/// the same SQLSTATE, 57014.
const TIMED_OUT: &str = "canceling statement due to statement timeout";
const STATEMENT_TIMEOUT: &str = "statement_timeout";
/// What comes before a key that Vault does not have, in a warning about the scenario.
const NO_PARAMETER: &str = " has no parameter `";
/// Checks that fail if Vault cannot revoke a lease.
const OF_REVOCATION: [&str; 7] = ["REV-1", "EXP-1", "INV-6a", "INV-10", "INV-11", "RUN-2", "ACT-2"];
/// Of so many expected samples fewer than one in as many are too few (see [`crate::collector::too_little`]).
const ONE_IN: u64 = 2;

/// Adds to the causes what their findings do not have.
pub(crate) fn complete(causes: &mut [FailureCause], plan: &Plan, notes: &[ObservedNote]) {
    for cause in causes {
        let wrong = plan.wrong_key(&cause.example.what, None);
        if let Some(wrong) = wrong {
            let line = SetupLine { key: wrong.key.to_owned(), origin: wrong.origin };
            let roles = cause.about.iter_mut().filter(|about| matches!(about.subject, Subject::Role(_)));
            roles.for_each(|about| about.setup = Some(line.clone()));
        } else {
            let (key, timed_out) = (key_of(cause), cause.example.what.contains(TIMED_OUT));
            for about in &mut cause.about {
                if let Subject::Role(role) = &about.subject {
                    let timeout = if timed_out { timeout_line(plan, role) } else { None };
                    about.setup = timeout.or_else(|| setup_line(plan, role, key.as_deref()?));
                }
            }
        }
        cause.hint = hint(cause, plan);
        cause.warnings = plan.warnings.iter().filter(|warning| concerns(warning, cause, plan)).cloned().collect();
        cause.notes = notes::of(cause, notes, plan);
    }
}

/// Where to find a reason that Vault writes only to its log.
fn hint(cause: &FailureCause, plan: &Plan) -> Option<String> {
    let Finding { what, lease, code, .. } = &cause.example;
    let of_revocation = OF_REVOCATION.contains(&cause.check.as_str()) && lease.is_some() && code.is_none();
    let is_known = what.contains(COULD_NOT_REVOKE) || Connection::of(&cause.example).is_some();
    (plan.environment == EnvironmentKind::Attached && of_revocation && !is_known).then(|| {
        "Vault's log is not read in an attached environment: if Vault could not revoke the lease, the reason is there, in \
         the lines `failed to revoke lease` with the lease's id"
            .to_owned()
    })
}

/// The key of a Vault role, or of its connection, that determines whether what failed works. A request that the client's
/// policy does not allow never came to the role.
fn key_of(cause: &FailureCause) -> Option<String> {
    if let Some(statements) = &cause.example.statements {
        return Some(statements.key.clone());
    }
    let what = cause.example.what.as_str();
    if let Some((_, why)) = what.split_once(CONNECTS) {
        if REJECTED.iter().any(|code| why.contains(code)) {
            return Some("password".to_owned());
        }
        // What other operations report too was reached before, and a fault of the scenario is not written there.
        let reached = !cause.faults.is_empty() || cause.seen.iter().any(|seen| seen.check != cause.check);
        return (!reached).then(|| "connection_url".to_owned());
    }
    if Connection::of(&cause.example).is_some() {
        return None;
    }
    let key = match cause.check.as_str() {
        "ISS-1" if cause.example.code.as_deref() != Some("403") => Some("creation_statements"),
        "REV-1" | "EXP-1" => Some("revocation_statements"),
        "TTL-7" if what.contains("default TTL") => Some("default_ttl"),
        "TTL-7" => Some("max_ttl"),
        "INV-9" => Some("renew_statements"),
        _ => None,
    };
    key.map(str::to_owned)
}

/// Which statements of a role determine something, with their line; none if the scenario writes the role without them.
pub(crate) fn statements(plan: &Plan, role: &str, key: &str) -> Option<RoleStatements> {
    let line = setup_line(plan, role, key);
    let is_written = steps_of(plan, role).next().is_some();
    let found = || RoleStatements {
        role: role.to_owned(),
        key: key.to_owned(),
        origin: line.as_ref().map(|line| line.origin.clone()),
    };
    (line.is_some() || !is_written).then(found)
}

/// Where a role's key is written last.
fn setup_line(plan: &Plan, role: &str, key: &str) -> Option<SetupLine> {
    let line = |key| steps_of(plan, role).filter_map(|(_, step): (_, &SetupStep)| step.keys.get(key)).last();
    // A connection's password may be a part of its URL.
    let (key, origin) = match (line(key), key) {
        (Some(origin), key) => (key, origin),
        (None, "password") => ("connection_url", line("connection_url")?),
        (None, _) => return None,
    };
    Some(SetupLine { key: key.to_owned(), origin: origin.clone() })
}

/// Where the setup sets the `statement_timeout` of Vault's sessions: in the connection's URL, or in SQL.
fn timeout_line(plan: &Plan, role: &str) -> Option<SetupLine> {
    let says = |text: &str| text.to_ascii_lowercase().contains(STATEMENT_TIMEOUT);
    let in_url = steps_of(plan, role).filter_map(|(_, step)| match &step.action {
        SetupAction::Write { data, .. } => {
            let mut texts = data.get("connection_url")?.settings().iter();
            texts.any(|text| says(text.expose())).then(|| step.line_of("connection_url"))
        }
        _ => None,
    });
    let in_sql = plan.setup.iter().rev().find_map(|step| match &step.action {
        SetupAction::Sql { text, .. } => says(text).then_some(&step.origin),
        _ => None,
    });
    let origin = in_url.last().or(in_sql)?;
    Some(SetupLine { key: STATEMENT_TIMEOUT.to_owned(), origin: origin.clone() })
}

/// Whether the warning is about a line or a Vault role that the cause is about.
fn concerns(warning: &ScenarioWarning, cause: &FailureCause, plan: &Plan) -> bool {
    let there = |origin: &Origin| (&origin.file, origin.line) == (&warning.origin.file, warning.origin.line);
    let mut promised = cause.about.iter().flat_map(|about| &about.promised);
    if promised.any(there) {
        return true;
    }
    // Statements that stand in a file of their own are not said to be of a role.
    let in_a_file = !plan.setup.iter().any(|step| step.origin.file == warning.origin.file);
    let of_role = |role: &str| {
        let named = warning.what.contains(&format!("`{role}`")) || warning.what.contains(&format!("/{role}`"));
        let is_there = |step: &SetupStep| step.keys.values().any(there) || there(&step.origin);
        let of_mount = || plan.setup.iter().any(|step| tunes(step, role, plan) && is_there(step));
        named || in_a_file || steps_of(plan, role).any(|(_, step)| is_there(step)) || of_mount()
    };
    let check = cause.check.as_str();
    let ignored = warning.what.split_once(NO_PARAMETER).and_then(|(_, name)| name.split('`').next());
    let determines = ignored.and_then(|name| notes::determines(name, check)) == Some(true);
    (determines || OF_THE_SETUP.contains(&check))
        && cause.about.iter().any(|about| match &about.subject {
            Subject::Role(role) => of_role(role),
            // What is asked of the whole environment is asked of each role.
            _ => determines && plan.roles.iter().any(|role| of_role(&role.name)),
        })
}

/// Says of each check that had too little to judge for which cause that is so.
pub(crate) fn undecided_by(checks: &mut [Judgment], causes: &[FailureCause], plan: &Plan) {
    for judgment in checks.iter_mut().filter(|judgment| lacks_samples(judgment)) {
        let of = |subject: &Subject| {
            causes.iter().position(|cause| {
                let mut about = cause.about.iter().map(|about| &about.subject);
                BASIC.contains(&cause.check.as_str())
                    && cause.check != judgment.check
                    && about.any(|about| about == subject || *about == Subject::Environment)
            })
        };
        let found = match &judgment.subject {
            Subject::Role(_) => of(&judgment.subject),
            // What is asked of the whole environment lacks samples where no role has any.
            _ => {
                let each: Option<Vec<usize>> =
                    plan.roles.iter().map(|role| of(&Subject::Role(role.name.clone()))).collect();
                each.and_then(|each| each.into_iter().min())
            }
        };
        judgment.undecided_by = found.map(|place| place + 1);
    }
}

fn lacks_samples(judgment: &Judgment) -> bool {
    let few = judgment.coverage.as_ref().is_some_and(|coverage| coverage.judged * ONE_IN < coverage.expected);
    judgment.verdict == Verdict::Unknown && !judgment.not_run && (judgment.samples == 0 || few)
}
