use std::path::PathBuf;

use clap::{Args, ValueEnum};
use leaseproof_domain::{CheckId, Event};
use leaseproof_history::{History, RunFolder};
use leaseproof_report::{Fate, LifecycleFilter, LifecycleStory, Lifecycles};

use crate::console;
use crate::execution::shown;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Show the lifecycles of a run, or one of them in full
///
/// Without `--lease` and `--user`: a list of the selected lifecycles, one per line. With one of them: all operations
/// with that credential and all observations of it, in order of time, and the findings that name it.
///
/// With `--check`: the findings of that check, and the lifecycles that they name.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof show --help",
    after_long_help = "Examples:\n  leaseproof show RUN\n  \
                             leaseproof show RUN --outcome failed --role powerdns-role --limit 10\n  \
                             leaseproof show RUN --check REV-1\n  \
                             leaseproof show RUN --lease database/creds/powerdns-role/Ab3dEf6hIj9kLm2nOp5qRs8t\n  \
                             leaseproof show RUN --lease Ab3dEf6hIj9kLm2nOp5qRs8t"
)]
pub(crate) struct ShowArgs {
    /// The run's folder
    run: PathBuf,
    /// One lease in full: its complete id, or the part after the last slash
    #[arg(long, value_name = "ID", conflicts_with_all = ["user", "role", "outcome", "check"])]
    lease: Option<String>,
    /// One PostgreSQL user in full
    #[arg(long, value_name = "NAME", conflicts_with_all = ["role", "outcome", "check"])]
    user: Option<String>,
    /// Lists lifecycles of this Vault role
    #[arg(long, value_name = "VAULT_ROLE")]
    role: Option<String>,
    /// Lists lifecycles with this outcome
    #[arg(long, value_enum)]
    outcome: Option<OutcomeArg>,
    /// Shows the findings of this check, and lists the lifecycles that they name
    #[arg(long, value_name = "CHECK_ID")]
    check: Option<CheckId>,
    /// The maximum number of lifecycles in the list
    #[arg(long, value_name = "N", default_value_t = 40)]
    limit: usize,
}

/// The outcome of a lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutcomeArg {
    /// A server returned an error for one of its operations
    Failed,
    /// One of its operations had no answer
    Unanswered,
    /// Vault acknowledged its revocation, or its role was gone after a revocation without an answer
    Revoked,
    /// Its role was gone after its lease's end
    Expired,
    /// Its end was not observed
    Open,
    /// Its role was gone before its lease's end, without a revocation
    Lost,
}

impl From<OutcomeArg> for Fate {
    fn from(outcome: OutcomeArg) -> Self {
        match outcome {
            OutcomeArg::Failed => Self::Failed,
            OutcomeArg::Unanswered => Self::Unanswered,
            OutcomeArg::Revoked => Self::Revoked,
            OutcomeArg::Expired => Self::Expired,
            OutcomeArg::Open => Self::Open,
            OutcomeArg::Lost => Self::Lost,
        }
    }
}

pub(crate) fn show(args: &ShowArgs) -> Ended {
    let folder = RunFolder::open(&args.run).map_err(Failure::usage)?;
    let story = match (&args.lease, &args.user) {
        (Some(lease), _) => Some(LifecycleStory::of(lease)),
        (None, Some(user)) => Some(LifecycleStory::of_user(user)),
        (None, None) => None,
    };
    match story {
        Some(story) => one(&folder, story, args),
        None => list(&folder, args),
    }
}

fn one(folder: &RunFolder, mut story: LifecycleStory, args: &ShowArgs) -> Ended {
    each(folder, |event| story.identify(event))?;
    if !story.is_known() {
        let (kind, name) = match (&args.lease, &args.user) {
            (Some(lease), _) => ("lease", lease.as_str()),
            (_, user) => ("user", user.as_deref().unwrap_or_default()),
        };
        let words = format!("the run {} has no {kind} `{name}`", folder.name());
        return Err(Failure::usage(format!("{words}; `leaseproof show {}` lists those that it has", shown(folder))));
    }
    each(folder, |event| story.tell(event))?;
    console::out(story.render(leaseproof_pipeline::read_verdicts(folder).as_ref(), console::width()));
    Ok(Exit::Passed)
}

fn list(folder: &RunFolder, args: &ShowArgs) -> Ended {
    let found_by = match args.check {
        Some(check) => Some(found_by(folder, check)?),
        None => None,
    };
    let mut all = Lifecycles::new(leaseproof_pipeline::credential_ends(folder)?);
    each(folder, |event| all.see(event))?;
    let roles = all.roles();
    if let Some(unknown) = args.role.as_deref().filter(|role| !roles.contains(role)) {
        let there = roles.into_iter().collect::<Vec<_>>().join(", ");
        let words = format!("the run {} asked for no credential of role `{unknown}`", folder.name());
        let there = if there.is_empty() { String::new() } else { format!("; its roles are {there}") };
        return Err(Failure::usage(format!("{words}{there}")));
    }
    let filter =
        LifecycleFilter { role: args.role.clone(), fate: args.outcome.map(Fate::from), found_by, limit: args.limit };
    console::out(all.list(&filter, &shown(folder), console::width()));
    Ok(Exit::Passed)
}

/// Calls `take` with every event of the run's history.
fn each(folder: &RunFolder, mut take: impl FnMut(&Event)) -> Result<(), Failure> {
    let mut history = History::open(&folder.history()).map_err(Failure::usage)?;
    history.by_ref().for_each(|event| take(&event));
    Ok(leaseproof_pipeline::check_size(&folder.history(), &history.ended())?)
}

fn found_by(folder: &RunFolder, check: CheckId) -> Result<Vec<leaseproof_domain::Judgment>, Failure> {
    let verdicts = leaseproof_pipeline::read_verdicts(folder).ok_or_else(|| {
        let shown = shown(folder);
        Failure::usage(format!("{shown} has no readable verdicts; `leaseproof judge {shown}` writes them"))
    })?;
    let judged: Vec<_> = verdicts.checks.into_iter().filter(|judgment| judgment.check == check).collect();
    if judged.is_empty() {
        return Err(Failure::usage(format!("the run {} did not include {check}", folder.name())));
    }
    Ok(judged)
}
