//! Judges a run's folder. It reads only the plan and the history, so a judgment can be repeated on any machine.

use std::collections::BTreeMap;
use std::path::Path;

use leaseproof_checker::{Clocking, Extent, Judged};
use leaseproof_domain::{CredentialEnd, Event, Micros, RunVerdicts, UnixMicros};
use leaseproof_history::{History, ReadEnd, RunFolder};
use leaseproof_scenario::Plan;

use crate::error::Error;

/// The verdicts of a run, and the data for the export of its histograms.
pub struct JudgedRun {
    /// The verdicts of the checkers.
    pub verdicts: RunVerdicts,
    /// `latency.hlog`.
    pub latencies: Vec<u8>,
    /// `seconds.csv`.
    pub seconds: String,
}

/// Judges a recorded run.
///
/// # Errors
/// [`Error::Input`] if its plan or its history cannot be read.
pub fn judge(folder: &RunFolder) -> Result<JudgedRun, Error> {
    let plan = plan(folder)?;
    let history = open(folder)?;
    let ending = history.ending();
    let (mut epoch, mut last) = (UnixMicros::default(), Micros::default());
    let noted = history.inspect(|event| match event {
        Event::Header(header) => epoch = header.epoch,
        Event::Operation(record) => last = last.max(record.end),
        Event::End(end) => last = last.max(end.at),
        _ => {}
    });
    let Judged { verdicts, seconds, histograms } = leaseproof_checker::judge(&plan, noted, &ending);
    check_size(&folder.history(), &ending())?;
    let word = |clocking: &Clocking| match clocking {
        Clocking::Response => "response",
        Clocking::Service => "service",
    };
    let suffix = |extent: &Extent| match extent {
        Extent::Due => "",
        Extent::Unanswered => ".unanswered",
    };
    let name = |op, clocking, extent| format!("{op}.{}{}", word(clocking), suffix(extent));
    let named = histograms.iter().map(|((op, clocking, extent), times)| (name(op, clocking, extent), times));
    let latencies = leaseproof_report::latency_log(named, epoch, last).map_err(Error::machine)?;
    let seconds = leaseproof_report::seconds_csv(&seconds);
    Ok(JudgedRun { verdicts, latencies, seconds })
}

/// How each issued credential of a recorded run ended, by the number of its lifecycle: the totals count the same.
///
/// # Errors
/// [`Error::Input`] if its plan or its history cannot be read.
pub fn credential_ends(folder: &RunFolder) -> Result<BTreeMap<u64, CredentialEnd>, Error> {
    let plan = plan(folder)?;
    let history = open(folder)?;
    let ending = history.ending();
    let ends = leaseproof_checker::credential_ends(&plan, history);
    check_size(&folder.history(), &ending())?;
    Ok(ends)
}

fn plan(folder: &RunFolder) -> Result<Plan, Error> {
    let path = folder.plan();
    let unreadable = |error: &(dyn std::error::Error + 'static)| {
        Error::input(format!("cannot read {}: {error}", path.display())).unless_harness(error)
    };
    let text = leaseproof_files::read_text(&path, leaseproof_files::PLAN).map_err(|error| unreadable(&error))?;
    Plan::from_json(&text).map_err(|error| unreadable(&error))
}

fn open(folder: &RunFolder) -> Result<History, Error> {
    History::open(&folder.history()).map_err(|error| Error::input(&error).unless_harness(&error))
}

/// Checks that the history at `path` was not too large to be read.
///
/// # Errors
/// [`Error::Input`] if it was.
pub fn check_size(path: &Path, end: &ReadEnd) -> Result<(), Error> {
    match end {
        ReadEnd::TooLarge { why } => {
            let limits = "docs/files.md lists the limits";
            Err(Error::input(format!("{} is too large to be read, {why}; {limits}", path.display())))
        }
        ReadEnd::Complete | ReadEnd::CutOff { .. } => Ok(()),
    }
}
