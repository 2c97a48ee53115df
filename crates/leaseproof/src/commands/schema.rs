use clap::Args;

use crate::console;
use crate::exit::Exit;
use crate::failure::Ended;

/// Print the JSON Schema of scenario files
///
/// Editors with TOML support use it to complete and check scenarios, through the `#:schema` line that `leaseproof new`
/// writes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof schema --help",
    after_long_help = "Examples:\n  leaseproof schema > scenario.schema.json\n  leaseproof schema --verdicts"
)]
pub(crate) struct SchemaArgs {
    /// Prints the schema of verdicts.json instead
    #[arg(long)]
    verdicts: bool,
}

pub(crate) fn schema(args: &SchemaArgs) -> Ended {
    if args.verdicts {
        console::json(leaseproof_report::verdicts_schema());
    } else {
        console::json(format!("{:#}\n", leaseproof_scenario::json_schema()));
    }
    Ok(Exit::Passed)
}
