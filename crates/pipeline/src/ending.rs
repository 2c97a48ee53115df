//! How a run ends that has no verdicts, or whose files are not complete. docs/exit-codes.md has the order of precedence.

use leaseproof_domain::{EndReason, RunOutcome};

use crate::error::Error;
use crate::stop::Stop;

/// What is known of a run's end, apart from its history.
pub(crate) struct Ending<'a> {
    /// The cause of an early end.
    pub(crate) stopped: Option<&'a Stop>,
    /// Why the run's record is not complete.
    pub(crate) unwritten: Option<&'a Stop>,
    /// What is left in servers.
    pub(crate) left: Option<&'a str>,
}

impl Ending<'_> {
    /// A run without verdicts: the cause of its end comes first, and what is left in servers is named.
    pub(crate) fn without_verdicts(&self, error: &Error) -> Error {
        let cause = self.refused().or(self.unwritten).or(self.stopped).map(Stop::words);
        let left = self.left.map(|left| format!("left behind: {left}"));
        let words = [cause, left, Some(format!("there are no verdicts: {error}"))];
        let words = words.into_iter().flatten().collect::<Vec<_>>().join("\n");
        let ended = |reason| self.stopped.is_some_and(|stop| stop.reason() == reason);
        // The run wrote the files itself that cannot be read.
        let is_unreadable = !matches!(error, Error::Harness(_));
        if self.refused().is_some() {
            Error::Input(words)
        } else if is_unreadable || self.unwritten.is_some() || ended(EndReason::EnvironmentLost) {
            Error::Machine(words)
        } else if ended(EndReason::SetupFailed) || self.left.is_some() {
            Error::Failed(words)
        } else {
            Error::Harness(words)
        }
    }

    /// The outcome of a run whose files are not complete.
    pub(crate) fn not_saved(&self) -> RunOutcome {
        if self.refused().is_some() { RunOutcome::Refused } else { RunOutcome::NotSaved }
    }

    /// The stop that decides if the run's record is not complete; the record may lack its last line.
    pub(crate) fn unrecorded(&self) -> Option<&Stop> {
        self.unwritten.map(|unwritten| self.refused().unwrap_or(unwritten))
    }

    fn refused(&self) -> Option<&Stop> {
        self.stopped.filter(|stop| matches!(stop, Stop::Refused(_)))
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{Micros, RunOutcome, ServerLost};

    use super::Ending;
    use crate::error::Error;
    use crate::stop::Stop;

    fn refused() -> Stop {
        Stop::Refused("the scenario does not fit".to_owned())
    }

    fn lost() -> Stop {
        Stop::Lost(ServerLost { at: Micros(0), server: "vault".to_owned(), status: "signal: 9".to_owned() })
    }

    fn unwritten() -> Stop {
        Stop::Unwritten("no space left on device".to_owned())
    }

    #[test]
    fn a_run_without_verdicts_ends_with_what_comes_first_in_the_documented_order() {
        let no_descriptors = || Error::Harness("leaseproof ran out of file descriptors".to_owned());
        let unreadable = || Error::Input("the history has no header".to_owned());
        let (refused, lost, unwritten) = (refused(), lost(), unwritten());
        let (left, aborted) = (Some("the role v-app"), Stop::Aborted("too many leases".to_owned()));
        for (stopped, broken, left, error, expected) in [
            (Some(&refused), None, None, no_descriptors(), "input"),
            (Some(&refused), None, left, unreadable(), "input"),
            (Some(&refused), Some(&unwritten), None, no_descriptors(), "input"),
            (Some(&lost), None, left, no_descriptors(), "machine"),
            (Some(&unwritten), Some(&unwritten), None, no_descriptors(), "machine"),
            (None, None, left, unreadable(), "machine"),
            (None, None, left, no_descriptors(), "failed"),
            (Some(&aborted), None, left, no_descriptors(), "failed"),
            (Some(&aborted), None, None, no_descriptors(), "harness"),
            (None, None, None, no_descriptors(), "harness"),
        ] {
            let ended = Ending { stopped, unwritten: broken, left }.without_verdicts(&error);
            let (got, words) = match ended {
                Error::Input(words) => ("input", words),
                Error::Machine(words) => ("machine", words),
                Error::Failed(words) => ("failed", words),
                Error::Harness(words) => ("harness", words),
            };
            assert_eq!(got, expected, "{words}");
            assert!(words.contains("there are no verdicts: "), "{words}");
            assert_eq!(words.contains("left behind: the role v-app"), left.is_some(), "{words}");
        }
    }

    #[test]
    fn a_refused_run_is_refused_even_if_its_files_cannot_be_written() {
        let (refused, lost, unwritten) = (refused(), lost(), unwritten());
        for (stopped, expected) in
            [(Some(&refused), RunOutcome::Refused), (Some(&lost), RunOutcome::NotSaved), (None, RunOutcome::NotSaved)]
        {
            let ending = Ending { stopped, unwritten: Some(&unwritten), left: None };
            assert_eq!(ending.not_saved(), expected);
            let is_refused = matches!(ending.unrecorded(), Some(Stop::Refused(_)));
            assert_eq!(is_refused, expected == RunOutcome::Refused);
        }
    }
}
