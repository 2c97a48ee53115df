use clap::Args;
use leaseproof_conformance::Fact;
use leaseproof_domain::{CheckId, UnknownCheck};

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Explain a check
///
/// Shows what the check compares, what it does not judge, the source of the promise or of the server's behavior, and
/// whether a failure rests on timing. Without an id: lists every check, one per line.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof explain --help",
    after_long_help = "Examples:\n  leaseproof explain\n  leaseproof explain GRA-1"
)]
pub(crate) struct ExplainArgs {
    /// The check's id
    #[arg(value_name = "CHECK-ID")]
    check: Option<String>,
}

pub(crate) fn explain(args: &ExplainArgs) -> Ended {
    match &args.check {
        Some(id) => match id.parse::<CheckId>() {
            Ok(check) => console::out(leaseproof_report::explain(check, console::width())),
            Err(unknown) => {
                let fact = leaseproof_conformance::find(id).map_err(|_| no_such(&unknown))?;
                explain_fact(fact);
            }
        },
        None => console::out(leaseproof_report::explain_all(console::width())),
    }
    Ok(Exit::Passed)
}

fn no_such(unknown: &UnknownCheck) -> Failure {
    let end = if unknown.nearest.is_some() { "" } else { "." };
    Failure::usage(format!("{unknown}{end} `leaseproof explain` lists all checks, and docs/facts.md all facts"))
}

/// A fact is about the servers themselves; `conformance` tests it.
fn explain_fact(fact: &Fact) {
    let Fact { id, says, shown, source, .. } = fact;
    console::out(format!(
        "{id}  {says}\n\nA fact about Vault and PostgreSQL, not a check of a scenario: `leaseproof conformance --only {id}` \
         tests it, and docs/facts.md lists all of them.\n\nHow it is shown: {shown}\n\nSource: {source}\n"
    ));
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::CheckId;

    use super::no_such;

    #[test]
    fn an_unknown_id_is_answered_with_the_nearest_and_with_the_command_that_lists_all() {
        let words = |id: &str| no_such(&id.parse::<CheckId>().unwrap_err()).words;
        let list = "`leaseproof explain` lists all checks, and docs/facts.md all facts";
        assert_eq!(words("XX"), format!("there is no check `XX`. {list}"));
        assert_eq!(words("GRA-l"), format!("there is no check `GRA-l`; did you mean `GRA-1`? {list}"));
    }
}
