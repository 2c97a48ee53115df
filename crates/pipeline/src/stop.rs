//! Why a run ended early.

use leaseproof_domain::{Cause, EndReason, HarnessFault, ServerLost};
use leaseproof_environment::{EnvironmentError, SetupError};
use leaseproof_history::RunFolder;

use crate::error::Error;
use crate::interrupt::Cut;

/// The cause of an early end.
#[derive(Debug)]
pub enum Stop {
    /// A signal.
    Asked,
    /// A server that ended by itself.
    Lost(ServerLost),
    /// A setup step that did not end as the scenario expects.
    Setup(SetupError),
    /// The scenario does not fit the environment: nothing was created.
    Refused(String),
    /// The harness itself, to protect an attached environment.
    Aborted(String),
    /// The harness itself, because the same failure repeated.
    Repeated(String),
    /// The harness's own token or account ended, or its machine has no more resources: the environment is not the cause.
    Harness(String),
    /// The environment, or an observer connection, is not available.
    Environment(String),
    /// The run's folder cannot be written any more: its disk is full, or the folder is gone.
    Unwritten(String),
}

impl Stop {
    /// An environment that is not available.
    pub(crate) fn environment(error: impl std::fmt::Display) -> Self {
        Self::Environment(error.to_string())
    }

    /// An environment that is not available, or what leaseproof itself lacked.
    pub(crate) fn because_of(fault: Option<HarnessFault>, error: impl std::fmt::Display) -> Self {
        match fault {
            Some(fault) => Self::Harness(fault.explain(error)),
            None => Self::environment(error),
        }
    }

    /// An error during the load, when every server had been reached before.
    pub(crate) fn during_load(error: EnvironmentError) -> Self {
        match error.harness() {
            Some(fault) => Self::Harness(fault.explain(error)),
            None => Self::from(error),
        }
    }

    /// The warning if the leases cannot be revoked after the load: only the checks that observe what is left then are not
    /// judged. In an attached environment, credentials would stay: that ends the run.
    ///
    /// # Errors
    /// The stop, if it ends the run.
    pub(crate) fn of_release(self, attached: bool) -> Result<String, Self> {
        match self {
            Self::Environment(why) if !attached => {
                Ok(format!("{why}: what is left after the revocation of every lease was not observed"))
            }
            other => Err(other),
        }
    }

    /// How the history records it.
    pub(crate) fn reason(&self) -> EndReason {
        match self {
            Self::Asked => EndReason::Interrupted,
            Self::Setup(_) => EndReason::SetupFailed,
            Self::Refused(_) => EndReason::Refused,
            Self::Aborted(_) => EndReason::Aborted,
            Self::Repeated(_) => EndReason::Repeated,
            Self::Unwritten(_) | Self::Harness(_) => EndReason::HarnessFailed,
            Self::Lost(_) | Self::Environment(_) => EndReason::EnvironmentLost,
        }
    }

    /// The cause for the history and for reports. `last_lines` are the last log lines of a lost server.
    pub(crate) fn cause(&self, last_lines: &[String]) -> Cause {
        match self {
            Self::Setup(error) => {
                let SetupError { hint, origin, wrong, .. } = error;
                let met = error.met();
                // The line that has to be changed comes first, and where it was noticed after it.
                let (mut cause, line) = match wrong {
                    Some(wrong) => {
                        let mut cause = Cause::of(&wrong.to_string());
                        cause.details.push(format!("{origin}: {}", met.lines().next().unwrap_or_default()));
                        cause.details.extend(met.lines().skip(1).map(str::to_owned));
                        (cause, &wrong.origin)
                    }
                    None => (Cause::of(&met), origin),
                };
                cause.details.extend(hint.as_ref().map(|hint| format!("hint: {hint}")));
                Cause { origin: Some(line.clone()), ..cause }
            }
            Self::Lost(_) => Cause { details: last_lines.to_vec(), ..Cause::of(&self.words()) },
            _ => Cause::of(&self.words()),
        }
    }

    /// The run's record cannot be kept: why, and what to do.
    pub(crate) fn unwritten(error: &leaseproof_history::Error) -> Self {
        let is_removed = |source: &std::io::Error| source.kind() == std::io::ErrorKind::NotFound;
        let is_removed = matches!(error, leaseproof_history::Error::Write { source, .. } if is_removed(source));
        Self::Unwritten(unwritten(error, is_removed))
    }

    /// A file of the run's folder could not be written: its disk, or what leaseproof itself ran out of.
    pub(crate) fn unwritten_file(error: Error, folder: &RunFolder) -> Self {
        match error {
            Error::Harness(words) => Self::Harness(words),
            other => Self::Unwritten(unwritten(&other, !folder.path().exists())),
        }
    }

    /// What happened, for people.
    pub fn words(&self) -> String {
        match self {
            Self::Asked => "interrupted by a signal".to_owned(),
            Self::Lost(lost) => format!("{} was lost at {}: {}", lost.server, lost.at, lost.status),
            Self::Setup(error) => error.to_string(),
            Self::Aborted(why) => format!("the load was ended to protect the environment: {why}"),
            Self::Unwritten(words)
            | Self::Repeated(words)
            | Self::Harness(words)
            | Self::Refused(words)
            | Self::Environment(words) => words.clone(),
        }
    }
}

fn unwritten(error: &dyn std::fmt::Display, is_removed: bool) -> String {
    let help = if is_removed {
        "somebody removed the run's folder, or a file in it, during the run: run again"
    } else {
        "free space there, or choose another folder with --output, and run again"
    };
    format!("the run's record could not be written: {error}\n{help}")
}

/// What leaseproof ran out of before a server was reached for the first time. A name that cannot be resolved and an address
/// that cannot be assigned are left out: the scenario may have them wrong. `localhost`, for example, may also stand for
/// `::1`, which a machine without IPv6 cannot connect to.
fn exhausted_at_start(fault: Option<HarnessFault>) -> Option<HarnessFault> {
    fault.filter(|fault| !matches!(fault, HarnessFault::NameResolution | HarnessFault::Ports))
}

impl From<Cut> for Stop {
    fn from(_: Cut) -> Self {
        Self::Asked
    }
}

impl From<SetupError> for Stop {
    fn from(error: SetupError) -> Self {
        match error.harness {
            // The step is not to blame, and every server had been reached before it.
            Some(fault) => Self::Harness(fault.explain(error)),
            None => Self::Setup(error),
        }
    }
}

impl From<EnvironmentError> for Stop {
    fn from(error: EnvironmentError) -> Self {
        match error {
            EnvironmentError::SetUp(step) => Self::from(*step),
            EnvironmentError::Ended => Self::Asked,
            EnvironmentError::Attached(why) if why.is_unsuitable() => Self::Refused(why.to_string()),
            other => Self::because_of(exhausted_at_start(other.harness()), other),
        }
    }
}

impl From<leaseproof_watch::Error> for Stop {
    fn from(error: leaseproof_watch::Error) -> Self {
        Self::because_of(exhausted_at_start(error.harness()), error)
    }
}

impl From<leaseproof_postgres::Error> for Stop {
    fn from(error: leaseproof_postgres::Error) -> Self {
        Self::because_of(exhausted_at_start(error.harness()), error)
    }
}

impl From<leaseproof_vault::Error> for Stop {
    fn from(error: leaseproof_vault::Error) -> Self {
        Self::because_of(exhausted_at_start(error.harness()), error)
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{EndReason, HarnessFault, Origin};
    use leaseproof_environment::{AttachError, EnvironmentError, SetupError, SetupFault};

    use super::Stop;

    fn setup_error(harness: Option<HarnessFault>) -> SetupError {
        SetupError {
            step: 2,
            origin: Origin { file: "scenario.toml".to_owned(), line: 12, column: 1 },
            action: "write database/config/app".to_owned(),
            fault: SetupFault::Unanswered,
            words: "no answer from Vault: connection refused".to_owned(),
            hint: None,
            wrong: None,
            harness,
        }
    }

    #[test]
    fn a_setup_step_that_leaseproof_could_not_send_was_rejected_by_no_server() {
        for fault in [HarnessFault::FileDescriptors, HarnessFault::Memory, HarnessFault::Ports] {
            for stop in [
                Stop::from(setup_error(Some(fault))),
                Stop::from(EnvironmentError::SetUp(Box::new(setup_error(Some(fault))))),
            ] {
                assert_eq!(stop.reason(), EndReason::HarnessFailed, "{stop:?}");
                let words = stop.words();
                assert!(words.contains(fault.words()) && words.contains("scenario.toml:12"), "{words}");
            }
        }
        assert_eq!(Stop::from(setup_error(None)).reason(), EndReason::SetupFailed);
    }

    /// An attached environment whose Vault cannot be reached for that reason.
    fn unreached(fault: HarnessFault) -> EnvironmentError {
        let source = leaseproof_vault::Error::Harness { fault, why: "error sending request".to_owned() };
        EnvironmentError::Attached(AttachError::Vault {
            address: "http://localhost:8200".to_owned(),
            doing: "look up its own token",
            source,
        })
    }

    #[test]
    fn an_address_or_a_name_that_cannot_be_used_at_the_start_is_no_lack_of_ports() {
        use HarnessFault::{FileDescriptors, NameResolution, Ports};
        for (fault, at_start) in [
            (FileDescriptors, EndReason::HarnessFailed),
            (NameResolution, EndReason::EnvironmentLost),
            (Ports, EndReason::EnvironmentLost),
        ] {
            assert_eq!(Stop::from(unreached(fault)).reason(), at_start, "{fault}");
            assert_eq!(Stop::during_load(unreached(fault)).reason(), EndReason::HarnessFailed, "{fault}");
        }
    }

    #[test]
    fn a_server_that_is_not_asked_for_lack_of_descriptors_is_not_lost() {
        let too_many = || std::io::Error::from_raw_os_error(24);
        let error = || leaseproof_environment::EnvironmentError::Folder {
            doing: "make",
            path: "/x".into(),
            source: too_many(),
        };
        assert!(matches!(Stop::from(error()), Stop::Harness(why) if why.contains("ran out of file descriptors")));
        let path = "/x".into();
        let stop = Stop::from(leaseproof_watch::Error::Log { path, source: too_many() });
        assert!(matches!(stop, Stop::Harness(_)));
    }

    #[test]
    fn a_complete_load_is_judged_even_if_its_leases_cannot_be_revoked() {
        let why = "vault: cannot revoke the client's token: no answer from Vault: it took longer than 90000 ms";
        let reported = Stop::Environment(why.to_owned()).of_release(false);
        assert!(reported.is_ok_and(|reported| reported.starts_with(why)));
        assert!(matches!(Stop::Environment(why.to_owned()).of_release(true), Err(Stop::Environment(_))));
        assert!(matches!(Stop::Harness("no descriptor".to_owned()).of_release(false), Err(Stop::Harness(_))));
    }
}
