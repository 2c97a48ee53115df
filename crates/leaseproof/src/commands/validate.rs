use std::path::PathBuf;

use clap::Args;

use leaseproof_domain::{count, visible, visible_lines};
use leaseproof_scenario::EnvironmentKind;

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::overrides::Overrides;
use crate::series::{self, Named};

/// Check scenarios without starting anything
///
/// Reports every problem of each file at once, with its line and a similar valid name. Ends with 2 if there is any.
/// Likely mistakes that do not prevent a run are warnings: a parameter that Vault does not have, a statement without
/// `{{name}}`, a role that its connection does not allow. Warnings do not change the exit code.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof validate --help",
    after_long_help = "Examples:\n  leaseproof validate scenarios/powerdns\n  leaseproof validate scenarios/\n  \
                             leaseproof validate scenarios/powerdns --set phase.steady.rate=5/s"
)]
pub(crate) struct ValidateArgs {
    /// The scenarios: folders, scenario.toml files, or folders of scenarios
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
}

pub(crate) fn validate(args: &ValidateArgs) -> Ended {
    let paths = match series::named(&args.paths)? {
        Named::One(path) => vec![path],
        Named::Several(paths) => paths,
    };
    let mut problems = Vec::new();
    for path in &paths {
        match super::check(path, &args.overrides) {
            Ok((plan, warnings)) => {
                let is_attached = plan.environment == EnvironmentKind::Attached;
                let unfit = if is_attached || plan.attached.is_some() {
                    leaseproof_pipeline::attached::unfit(&plan)
                } else {
                    Vec::new()
                };
                if is_attached && !unfit.is_empty() {
                    problems.push(visible_lines(&unfit.join("\n")).into_owned());
                    continue;
                }
                let counted = |number: usize, noun: &str| count(number as u64, noun);
                let some = |number: usize, noun: &str| (number > 0).then(|| counted(number, noun));
                let setup = counted(plan.setup.len(), "setup step");
                let parts = [Some(setup), some(plan.actions.len(), "action"), Some(counted(plan.asks.len(), "check"))];
                let parts = parts.into_iter().chain([some(warnings.len(), "warning")]).flatten();
                let parts = parts.collect::<Vec<_>>().join(", ");
                console::out(format!("{}: valid; {parts}\n", visible(&path.display().to_string())));
                for why in unfit {
                    console::note(format!("warning: with --environment attached it cannot be run: {why}"));
                }
                if !warnings.is_empty() {
                    console::note_styled(warnings.render(console::coloured()));
                }
            }
            Err(failure) => problems.push(failure.words),
        }
    }
    if problems.is_empty() { Ok(Exit::Passed) } else { Err(Failure::rendered(problems.join("\n"))) }
}
