use leaseproof_domain::{FailureSource, Outcome};
use leaseproof_scenario::ExpectedFailure;

/// Whether a step failed in the way that the scenario expects: everything that it says has to hold.
///
/// A script has no status of its own; there, and for the SQLSTATE of PostgreSQL inside Vault's answer, the text has
/// to name it, as `vault` (`Code: 400`) and Vault (`SQLSTATE 42501`) do.
pub(super) fn matches(expect: &ExpectedFailure, outcome: &Outcome) -> bool {
    let (source, code, message) = match outcome {
        Outcome::Ok => return false,
        Outcome::Failed(failure) => (Some(failure.source), failure.code.as_str(), failure.message.as_str()),
        Outcome::Indeterminate { why } | Outcome::Harness { why, .. } => (None, "", why.as_str()),
    };
    let status = expect.status.is_none_or(|status| match source {
        Some(FailureSource::Vault) => code == status.to_string(),
        _ => message.contains(&format!("Code: {status}")),
    });
    let sqlstate = expect.sqlstate.as_ref().is_none_or(|sqlstate| match source {
        Some(FailureSource::Postgres) => code == sqlstate,
        _ => message.contains(sqlstate.as_str()),
    });
    let says = expect.says.as_ref().is_none_or(|says| message.contains(says.as_str()));
    status && sqlstate && says
}

/// What is expected, in words.
pub(super) fn words(expect: &ExpectedFailure) -> String {
    let status = expect.status.map(|status| format!("HTTP {status}"));
    let sqlstate = expect.sqlstate.as_ref().map(|sqlstate| format!("SQLSTATE {sqlstate}"));
    let says = expect.says.as_ref().map(|says| format!("the words \"{says}\""));
    let all: Vec<String> = [status, sqlstate, says].into_iter().flatten().collect();
    if all.is_empty() { "a failure".to_owned() } else { all.join(" and ") }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{Failure, FailureSource, Origin, Outcome};
    use leaseproof_scenario::ExpectedFailure;

    use super::{matches, words};

    fn expect(status: Option<u16>, sqlstate: Option<&str>, says: Option<&str>) -> ExpectedFailure {
        let origin = Origin { file: "scenario.toml".to_owned(), line: 1, column: 1 };
        ExpectedFailure { status, sqlstate: sqlstate.map(str::to_owned), says: says.map(str::to_owned), origin }
    }

    fn failed(source: FailureSource, code: &str, message: &str) -> Outcome {
        Outcome::Failed(Failure { source, code: code.to_owned(), message: message.to_owned() })
    }

    #[test]
    fn everything_that_is_said_has_to_hold() {
        let vault = failed(FailureSource::Vault, "400", "error verifying: permission denied (SQLSTATE 42501)");
        let postgres = failed(FailureSource::Postgres, "42501", "permission denied");
        let script = Outcome::Indeterminate { why: "exit status: 2: Code: 400. Errors".to_owned() };
        for (expected, outcome, holds) in [
            (expect(Some(400), None, None), &vault, true),
            (expect(Some(400), Some("42501"), Some("verifying")), &vault, true),
            (expect(Some(500), None, None), &vault, false),
            (expect(Some(400), None, Some("something else")), &vault, false),
            (expect(None, Some("42501"), None), &postgres, true),
            (expect(None, Some("42P01"), None), &postgres, false),
            (expect(Some(400), None, None), &postgres, false),
            (expect(Some(400), None, None), &script, true),
            (expect(None, None, None), &script, true),
            (expect(None, None, None), &Outcome::Ok, false),
        ] {
            assert_eq!(matches(&expected, outcome), holds, "{}", words(&expected));
        }
    }
}
