//! Judges a run's folder. It reads only the plan and the history, so a judgment can be repeated on any machine.

use std::path::Path;

use leaseproof_checker::{Clocking, Extent, Judged};
use leaseproof_domain::{Event, Judgment, Micros, RunVerdicts, UnixMicros};
use leaseproof_history::{History, ReadEnd, RunFolder};
use leaseproof_scenario::Plan;

use crate::failure::Failure;

/// The verdicts of a run, and the data for the export of its histograms.
pub(crate) struct JudgedRun {
    /// The verdicts of the checkers.
    pub(crate) verdicts: RunVerdicts,
    /// `latency.hlog`.
    pub(crate) latencies: Vec<u8>,
    /// `seconds.csv`.
    pub(crate) seconds: String,
}

/// Judges a recorded run.
pub(crate) fn of(folder: &RunFolder) -> Result<JudgedRun, Failure> {
    let path = folder.plan();
    let unreadable = |error: &dyn std::fmt::Display| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let text = leaseproof_files::read_text(&path, leaseproof_files::PLAN).map_err(|error| unreadable(&error))?;
    let plan = Plan::from_json(&text).map_err(|error| unreadable(&error))?;
    let history = History::open(&folder.history()).map_err(Failure::usage)?;
    let ending = history.ending();
    let (mut epoch, mut last) = (UnixMicros::default(), Micros::default());
    let noted = history.inspect(|event| match event {
        Event::Header(header) => epoch = header.epoch,
        Event::Operation(record) => last = last.max(record.end),
        Event::End(end) => last = last.max(end.at),
        _ => {}
    });
    let Judged { verdicts, seconds, histograms } = leaseproof_checker::judge(&plan, noted, &ending);
    whole(&folder.history(), &ending())?;
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
    let latencies = leaseproof_report::latency_log(named, epoch, last).map_err(Failure::estate)?;
    let seconds = leaseproof_report::seconds_csv(&seconds);
    Ok(JudgedRun { verdicts, latencies, seconds })
}

/// Checks that the history at `path` was not too large to be read.
pub(crate) fn whole(path: &Path, end: &ReadEnd) -> Result<(), Failure> {
    match end {
        ReadEnd::TooLarge { why } => {
            let limits = "docs/files.md lists the limits";
            Err(Failure::usage(format!("{} is too large to be read, {why}; {limits}", path.display())))
        }
        ReadEnd::Complete | ReadEnd::CutOff { .. } => Ok(()),
    }
}

/// The differences between two judgments of the same run, one line per check.
pub(crate) fn differences(before: &RunVerdicts, now: &RunVerdicts) -> Vec<String> {
    let twin = |of: &Judgment, among: &[Judgment]| {
        among.iter().find(|other| other.check == of.check && other.subject == of.subject).map(|other| other.verdict)
    };
    let changed = now.checks.iter().filter_map(|check| match twin(check, &before.checks) {
        Some(verdict) if verdict == check.verdict => None,
        Some(verdict) => Some(format!("{} {}: {verdict} before, {} now", check.check, check.subject, check.verdict)),
        None => Some(format!("{} {}: not judged before, {} now", check.check, check.subject, check.verdict)),
    });
    let gone = before.checks.iter().filter(|check| twin(check, &now.checks).is_none());
    let gone = gone.map(|check| format!("{} {}: {} before, not judged now", check.check, check.subject, check.verdict));
    changed.chain(gone).collect()
}
