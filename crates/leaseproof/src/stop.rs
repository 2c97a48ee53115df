//! Why a run ended before its last phase did.

use leaseproof_domain::{Cause, EndReason, HarnessFault, ServerLost};
use leaseproof_estate::{EstateError, SetupError};

use crate::exit::Exit;
use crate::interrupt::Cut;

/// What ended a run early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A signal.
    Asked,
    /// A server that ended by itself.
    Lost(ServerLost),
    /// A set-up step that did not end as the scenario says.
    Setup(SetupError),
    /// The scenario does not suit the estate: nothing was made.
    Refused(String),
    /// The harness itself, to spare an estate that is not its own.
    Aborted(String),
    /// The harness itself, because the same failure repeated.
    Repeated(String),
    /// The harness's own token or account ended, or its machine gave it no more: what it lacks is no fault of the estate.
    Harness(String),
    /// The estate, or an observer of it, could not be had.
    Estate(String),
    /// The run's folder cannot be written any more: its disk is full, or the folder is gone.
    Unwritten(String),
}

impl Stop {
    /// An estate that could not be had.
    pub(crate) fn estate(error: impl std::fmt::Display) -> Self {
        Self::Estate(error.to_string())
    }

    /// What kept the end of all leases from being seen, once the load was over: the harness's own accounts may have ended.
    pub(crate) fn after_load(fault: Option<HarnessFault>, error: impl std::fmt::Display) -> Self {
        match fault {
            Some(fault) => Self::Harness(format!("{fault}: {error}\n{}", fault.advice())),
            None => Self::estate(error),
        }
    }

    /// What the history says of it.
    pub(crate) fn reason(&self) -> EndReason {
        match self {
            Self::Asked => EndReason::Interrupted,
            Self::Setup(_) => EndReason::SetupFailed,
            Self::Refused(_) => EndReason::Refused,
            Self::Aborted(_) => EndReason::Aborted,
            Self::Repeated(_) => EndReason::Repeated,
            Self::Unwritten(_) | Self::Harness(_) => EndReason::HarnessFailed,
            Self::Lost(_) | Self::Estate(_) => EndReason::EstateLost,
        }
    }

    /// What it makes `up` end with, signals aside; a run's code follows from its verdicts.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Asked => Exit::Interrupted,
            Self::Refused(_) => Exit::Usage,
            Self::Setup(_) => Exit::Failed,
            Self::Aborted(_) | Self::Repeated(_) => Exit::Undecided,
            Self::Harness(_) => Exit::Invalid,
            Self::Lost(_) | Self::Estate(_) | Self::Unwritten(_) => Exit::Estate,
        }
    }

    /// What the history and every report say of it. `last_lines` are those of the log of a server that was lost.
    pub(crate) fn cause(&self, last_lines: &[String]) -> Cause {
        match self {
            Self::Setup(error) => {
                let SetupError { step, action, fault, words, hint, .. } = error;
                let mut cause = Cause::of(&format!("setup step {step} ({action}) {fault}: {words}"));
                cause.details.extend(hint.as_ref().map(|hint| format!("hint: {hint}")));
                Cause { origin: Some(error.origin.clone()), ..cause }
            }
            Self::Lost(_) => Cause { details: last_lines.to_vec(), ..Cause::of(&self.words()) },
            _ => Cause::of(&self.words()),
        }
    }

    /// What happened, for people.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Asked => "interrupted by a signal".to_owned(),
            Self::Lost(lost) => format!("{} was lost at {}: {}", lost.server, lost.at, lost.status),
            Self::Setup(error) => error.to_string(),
            Self::Aborted(why) => format!("the load was ended to spare the environment: {why}"),
            Self::Unwritten(why) => format!(
                "the run's record could not be kept: {why}\nfree space there, or name another folder with --output, and run again"
            ),
            Self::Repeated(words) | Self::Harness(words) | Self::Refused(words) | Self::Estate(words) => words.clone(),
        }
    }
}

impl From<Cut> for Stop {
    fn from(_: Cut) -> Self {
        Self::Asked
    }
}

impl From<SetupError> for Stop {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

impl From<EstateError> for Stop {
    fn from(error: EstateError) -> Self {
        match error {
            EstateError::SetUp(step) => Self::Setup(*step),
            EstateError::Ended => Self::Asked,
            EstateError::Attached(why) if why.is_unsuitable() => Self::Refused(why.to_string()),
            other => Self::estate(other),
        }
    }
}

impl From<leaseproof_watch::Error> for Stop {
    fn from(error: leaseproof_watch::Error) -> Self {
        Self::estate(error)
    }
}

impl From<leaseproof_postgres::Error> for Stop {
    fn from(error: leaseproof_postgres::Error) -> Self {
        Self::estate(error)
    }
}

impl From<leaseproof_vault::Error> for Stop {
    fn from(error: leaseproof_vault::Error) -> Self {
        Self::estate(error)
    }
}
