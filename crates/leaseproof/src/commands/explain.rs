use clap::Args;
use leaseproof_domain::CheckId;

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Explain a check
///
/// Shows what the check compares, what it does not judge, the source of the promise or of the server's behavior, and
/// whether a failure rests on timing. Without an id: lists every check, one per line.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof explain\n  leaseproof explain GRA-1")]
pub(crate) struct ExplainArgs {
    /// The check's id
    #[arg(value_name = "CHECK-ID")]
    check: Option<String>,
}

pub(crate) fn explain(args: &ExplainArgs) -> Ended {
    match &args.check {
        Some(id) => {
            let check: CheckId = id.parse().map_err(Failure::usage)?;
            console::out(leaseproof_report::explain(check, console::width()));
        }
        None => console::out(leaseproof_report::explain_all(console::width())),
    }
    Ok(Exit::Passed)
}
