use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use hdrhistogram::Histogram;
use leaseproof_domain::{
    Cause, CredentialEnd, EndReason, Event, Judgment, Micros, Observed, Operation, RunOutcome, RunVerdicts,
    SecondFigures, Subject, VERDICTS_SCHEMA, Verdict, count,
};
use leaseproof_history::ReadEnd;
use leaseproof_scenario::{Ask, LifecyclePlan, Plan};

use crate::arrivals::Arrivals;
use crate::causes::{self, Failed, GeneratedNames};
use crate::check::{Asked, Outcome, Whole};
use crate::checks::{self, Totaller};
use crate::clusters::Clusters;
use crate::collector::Written;
use crate::coverage;
use crate::fold::{Lifecycle, MET, Orphan, Run};
use crate::known_issue;
use crate::observed;
use crate::outcome::outcome;
use crate::part::Part;
use crate::saturation;
use crate::server_words;
use crate::statistics::{Clocking, Extent, Statistics};
use crate::timeouts::Timeouts;
use crate::validity::{self, Punctuality};
use crate::windows::{Selection, Windows};

/// All that is judged of one run.
pub struct Judged {
    /// The verdicts: the content of `verdicts.json`.
    pub verdicts: RunVerdicts,
    /// The figures second by second: the content of `seconds.csv`.
    pub seconds: Vec<SecondFigures>,
    /// The distributions behind the figures, in microseconds.
    pub histograms: BTreeMap<(Operation, Clocking, Extent), Histogram<u64>>,
}

/// Judges a run by its events.
///
/// Only what the plan asks is judged. `ended` is asked once, after the last event. The same plan and events always give
/// the same verdicts.
pub fn judge(plan: &Plan, events: impl Iterator<Item = Event>, ended: impl FnOnce() -> ReadEnd) -> Judged {
    let mut judging = Judging::new(plan);
    for event in events {
        judging.see(&event);
    }
    judging.close(&ended())
}

/// How each issued credential of a run ended, by the number of its lifecycle: the totals of [`judge`] count the same.
pub fn credential_ends(plan: &Plan, events: impl Iterator<Item = Event>) -> BTreeMap<u64, CredentialEnd> {
    // No check has a part in it.
    let plan = Plan { asks: Vec::new(), ..plan.clone() };
    let mut judging = Judging { totaller: Totaller::of_each(), ..Judging::new(&plan) };
    for event in events {
        judging.see(&event);
    }
    judging.see_the_left();
    judging.totaller.into_ends()
}

/// The verdict over several judgments. Fail outranks Unknown outranks Pass; a failure that is declared as known does not
/// count; no judgment at all is Unknown.
pub fn overall(verdicts: &[Judgment]) -> Verdict {
    let counted = |judgment: &Judgment| match judgment.known_issue {
        Some(_) => Verdict::Pass,
        None => judgment.verdict,
    };
    verdicts.iter().map(counted).max().unwrap_or(Verdict::Unknown)
}

/// The checks at work on one run.
struct Judging<'p> {
    clusters: Clusters<'p>,
    /// The whole run, then what it is in each of several clusters.
    parts: Vec<Part<'p>>,
    windows: Windows<'p>,
    totaller: Totaller,
    observed: Observed,
    asked: Vec<Asked>,
    asks_known: Vec<Ask>,
}

impl<'p> Judging<'p> {
    fn new(plan: &'p Plan) -> Self {
        let (asks_known, asks): (Vec<&Ask>, Vec<&Ask>) =
            plan.asks.iter().partition(|ask| ask.check.as_str() == "KNO-1");
        let clusters = Clusters::of(plan);
        let names = Rc::new(GeneratedNames::of(plan));
        let new = |ask| Asked::new(ask, plan, &clusters, &names, || checks::check(ask, plan));
        let asked = asks.into_iter().map(new).collect();
        let whole = if clusters.several().is_empty() { Run::new(plan) } else { Run::without_roles(plan) };
        let mut parts = vec![Part { cluster: None, run: whole }];
        parts.extend(clusters.several().iter().map(|name| Part { cluster: Some(name), run: Run::new(plan) }));
        Self {
            clusters,
            parts,
            windows: Windows::new(Timeouts::of(plan)),
            totaller: Totaller::default(),
            observed: Observed::default(),
            asked,
            asks_known: asks_known.into_iter().cloned().collect(),
        }
    }

    fn see(&mut self, event: &Event) {
        let event = &*self.parts[0].run.own(event);
        // All parts have the same fault windows.
        for Part { run, .. } in &mut self.parts {
            match event {
                Event::Operation(record) => run.faults.see(record),
                Event::Dropped(dropped) => run.faults.due(dropped.intended, dropped.intended),
                _ => {}
            }
        }
        let faults = &self.parts[0].run.faults;
        let in_fault = match event {
            Event::Operation(record) => faults.in_window_of(record.op, record.start, record.end),
            Event::Dropped(dropped) => faults.in_window_of(Operation::Issue, dropped.intended, dropped.intended),
            _ => false,
        };
        self.windows.see(event, in_fault);
        if self.clusters.is_unnamed(event) {
            self.asked.iter_mut().for_each(Asked::blind);
        }
        for number in 0..self.parts.len() {
            let part = &mut self.parts[number];
            let Some(event) = part.cluster.map_or(Some(Cow::Borrowed(event)), |name| self.clusters.part(event, name))
            else {
                continue;
            };
            let event = part.run.excuse(&event);
            let event = &*event;
            part.run.fold(event);
            if number == 0 {
                observed::see(&mut self.observed, event);
            }
            if part.run.keeps_roles() {
                observed::residue(&mut self.observed, event, &part.run);
            }
            for asked in &mut self.asked {
                asked.see(event, number, &part.run);
            }
            while let Some(lifecycle) = self.parts[number].run.next_ended() {
                self.lifecycle(number, &lifecycle);
            }
        }
    }

    /// Sees a lifecycle of a part that keeps what was seen of roles; the whole ends it too.
    fn lifecycle(&mut self, number: usize, lifecycle: &Lifecycle) {
        let run = &self.parts[number].run;
        self.totaller.lifecycle(lifecycle, run);
        let lag = checks::expiry_lag(lifecycle, run);
        self.parts[0].run.flow.lifecycle(lifecycle, lag.map(|lag| (lag.from, lag.gone.then_some(lag.to))));
        if let Some(lag) = lag {
            let in_fault = self.parts[0].run.faults.in_window_of(Operation::Revoke, lag.from, lag.to);
            lag.record(self.windows.expiry_lag(&lifecycle.phase, &lifecycle.role, in_fault));
        }
        let whole = if number == 0 { None } else { self.parts[0].run.close(lifecycle.number) };
        for asked in &mut self.asked {
            asked.lifecycle(lifecycle, number, &self.parts[number].run);
            if let Some(lifecycle) = &whole {
                asked.lifecycle(lifecycle, 0, &self.parts[0].run);
            }
        }
    }

    /// Sees the lifecycles that had not ended when the history did.
    fn see_the_left(&mut self) {
        for number in 0..self.parts.len() {
            while let Some(lifecycle) = self.parts[number].next_left() {
                self.lifecycle(number, &lifecycle);
            }
        }
    }

    fn close(mut self, read_end: &ReadEnd) -> Judged {
        self.see_the_left();
        let plan = self.parts[0].run.plan;
        let cause = cause(&self.parts[0].run, read_end);
        let cause = cause.as_ref();
        let complete = cause.is_none();
        let mut orphans: Vec<Vec<Orphan>> = self.parts.iter_mut().map(|part| part.run.unclaimed(complete)).collect();
        if orphans.len() > 1 {
            orphans[0] = orphans.concat();
        }
        let left = self.parts[0].run.before.left(plan);
        let mut wholes = Vec::new();
        for (part, orphans) in self.parts.iter().zip(&orphans) {
            let own = |role: &str| part.cluster.is_none_or(|own| self.clusters.of_role(role) == Some(own));
            let arrivals = complete.then(|| Arrivals::of(&part.run, &self.windows, own));
            let groups = self.parts.iter().map(|part| &part.run.groups).collect();
            wholes.push(Whole { windows: &self.windows, orphans, groups, left: &left, arrivals, complete });
        }
        let run = &self.parts[0].run;
        let totals = self.totaller.totals();
        let mut judged: Vec<(Judgment, Vec<usize>)> = Vec::new();
        let mut failed: Vec<Failed> = Vec::new();
        let mut left_out: BTreeMap<String, String> = BTreeMap::new();
        for asked in self.asked {
            let (ask, mut outcome) = asked.end(&self.parts, &wholes);
            // Without any credential, more requests fail in the same way.
            outcome.raise = if totals.issued > 0 { outcome.raise } else { &[] };
            if outcome.written.samples == 0 || outcome.written.lacks_samples {
                outcome.futile = nothing_works(outcome.raise, &ask.subject, plan, &self.windows);
            }
            if let Some(why) = outcome.not_judged().filter(|_| cause.is_none()) {
                left_out.insert(ask.check.to_string(), why.to_owned());
                continue;
            }
            let Written { findings, groups, .. } = &mut outcome.written;
            findings.iter_mut().for_each(|finding| server_words::complete(finding, &self.observed.notes));
            groups.complete(|finding| server_words::complete(finding, &self.observed.notes));
            judged.push(judgment(&ask, outcome, cause, plan, &mut failed));
        }
        for ask in &self.asks_known {
            let outcome = known_issue::judge(ask, plan, &judged);
            let verdict = judgment(ask, outcome, cause, plan, &mut failed);
            judged.push(verdict);
        }
        let mut checks: Vec<Judgment> = judged.into_iter().map(|(judgment, _)| judgment).collect();
        checks.sort_by_key(|judgment| judgment.check);
        let statistics = self.windows.merged(Selection::default());
        let mut verdicts = verdicts(run, read_end, checks, &statistics, &self.totaller);
        verdicts.cause = cause.cloned();
        let fault = |at: Micros, codes: &BTreeSet<String>| run.faults.of_cause(at, codes);
        let context = causes::Context { timeout: plan.client.timeout.duration(), fault: &fault };
        verdicts.causes = causes::causes(failed, &context);
        causes::complete(&mut verdicts.causes, plan, &self.observed.notes);
        causes::undecided_by(&mut verdicts.checks, &verdicts.causes, plan);
        verdicts.warnings.clone_from(&plan.warnings);
        verdicts.observed = self.observed;
        verdicts.observed.notes = server_words::kept(std::mem::take(&mut verdicts.observed.notes));
        verdicts.observed.dns = run.dns.figures();
        observed::roles(&mut verdicts.observed, left, &self.parts);
        verdicts.observed.revocation = run.revocation.figures();
        verdicts.observed.load = saturation::figures(run);
        verdicts.faults = run.faults.figures();
        verdicts.actions = run.actions.figures(run.faults.windows());
        for cause in &mut verdicts.causes {
            // A finding about an action itself has its beginning.
            let met = if cause.check.as_str() == "ACT-1" { Duration::ZERO } else { MET };
            cause.after = cause.first_at.map(|at| run.actions.before(at, met)).unwrap_or_default();
        }
        verdicts.errors_outside = run.faults.errors_outside();
        let planned = plan.left_out.iter();
        left_out.extend(planned.map(|left| (left.check.to_string(), left.why.clone())));
        verdicts.observed.left_out = left_out;
        verdicts.outcome = outcome(&verdicts);
        Judged { verdicts, seconds: self.windows.seconds(), histograms: statistics.histograms() }
    }
}

/// What ended the run early, where anything did: nothing of such a run can pass.
fn cause(run: &Run<'_>, read_end: &ReadEnd) -> Option<Cause> {
    if run.header.is_none() {
        return Some(Cause::of("the history has no header"));
    }
    let end = run.end.as_ref().filter(|_| *read_end == ReadEnd::Complete);
    match end {
        Some(end) if end.reason == EndReason::Completed => None,
        Some(end) if end.cause.is_some() => end.cause.clone(),
        _ => Some(Cause::of(&format!("the run ended early: {}", ending(run, read_end)))),
    }
}

/// How the run ended, in words.
fn ending(run: &Run<'_>, read_end: &ReadEnd) -> String {
    if let ReadEnd::CutOff { why } | ReadEnd::TooLarge { why } = read_end {
        return format!("its history is cut off {why}");
    }
    match run.end.as_ref().map(|end| end.reason) {
        Some(EndReason::Completed) => "completed".to_owned(),
        Some(EndReason::Interrupted) => "interrupted".to_owned(),
        Some(EndReason::EnvironmentLost) => match &run.lost {
            Some(lost) => format!("the environment was lost: {lost}"),
            None => "the environment was lost".to_owned(),
        },
        Some(EndReason::SetupFailed) => "a setup step was rejected".to_owned(),
        Some(EndReason::Refused) => "the scenario does not fit the environment".to_owned(),
        Some(EndReason::Repeated) => "ended early: the same failure repeated".to_owned(),
        Some(EndReason::Aborted) => "ended to protect the environment".to_owned(),
        Some(EndReason::HarnessFailed) => "leaseproof itself could not continue".to_owned(),
        None => "the history does not record the end".to_owned(),
    }
}

/// Why more load does not give a check samples: no request that it needs succeeds.
fn nothing_works(raise: &[&str], subject: &Subject, plan: &Plan, windows: &Windows<'_>) -> Option<String> {
    let role = if let Subject::Role(role) = subject { Some(role.as_str()) } else { None };
    // A lease is shortened by a renewal: without it, it does not end in the run.
    let of_role = |lifecycle: &&LifecyclePlan| role.is_none_or(|role| lifecycle.role == role);
    let is_shortened = || plan.lifecycles.iter().filter(of_role).any(|lifecycle| lifecycle.lease.is_some());
    let (op, noun) = match *raise.first()? {
        "renew.share" => (Operation::Renew, "renewal"),
        "end.expire" if is_shortened() => (Operation::Renew, "renewal"),
        "end.revoke" => (Operation::Revoke, "revocation"),
        _ => return None,
    };
    let statistics = windows.merged(Selection { role, ..Selection::default() });
    let figures = statistics.operations.get(&op).filter(|figures| figures.ok == 0 && figures.total() > 0)?;
    let all = count(figures.total(), noun);
    Some(format!("none of {all} succeeded ({} rejected, {} without an answer)", figures.failed, figures.indeterminate))
}

/// Why samples are missing, and which keys give more of them.
fn with_remedy(why: &str, raise: &[&str], futile: Option<&str>) -> String {
    if let Some(futile) = futile {
        return format!("{why}: {futile}");
    }
    let keys: Vec<String> = raise.iter().map(|key| format!("`{key}`")).collect();
    match keys.split_last() {
        None => why.to_owned(),
        Some((only, [])) => format!("{why}: for more samples, raise {only}"),
        Some((last, others)) => format!("{why}: for more samples, raise {} or {last}", others.join(", ")),
    }
}

fn judgment(
    ask: &Ask,
    outcome: Outcome,
    cause: Option<&Cause>,
    plan: &Plan,
    failures: &mut Vec<Failed>,
) -> (Judgment, Vec<usize>) {
    let Outcome { mut written, crashed, without_samples, raise, futile, rests_on_timing } = outcome;
    let futile = futile.as_deref();
    let mut not_run = false;
    let (verdict, reason) = if let Some(words) = crashed {
        (Verdict::Unknown, Some(format!("the check itself crashed: {words}")))
    } else if !written.findings.is_empty() {
        (Verdict::Fail, None)
    } else if let Some(cause) = cause {
        not_run = true;
        (Verdict::Unknown, Some(format!("not run: {}", cause.what)))
    } else if let Some(why) = written.cannot_say.take() {
        (Verdict::Unknown, Some(if written.lacks_samples { with_remedy(&why, raise, futile) } else { why }))
    } else if written.samples == 0 {
        (Verdict::Unknown, Some(with_remedy(without_samples, raise, futile)))
    } else if let Some(why) = written.coverage.as_ref().and_then(coverage::too_little) {
        (Verdict::Unknown, Some(why))
    } else {
        (Verdict::Pass, None)
    };
    let failed = verdict == Verdict::Fail;
    let known_issue = if failed { known_issue::declared(plan, &written.known_issues) } else { None };
    if failed {
        let Written { samples, groups, .. } = &written;
        let groups = groups.clone().promised_at(&ask.origin);
        failures.push(Failed { check: ask.check, known_issue: known_issue.is_some(), samples: *samples, groups });
    }
    let info = ask.check.info();
    let judgment = Judgment {
        check: ask.check,
        title: info.title.to_owned(),
        subject: ask.subject.clone(),
        verdict,
        samples: written.samples,
        coverage: written.coverage.map(|(_, coverage)| coverage),
        reason,
        undecided_by: None,
        not_run,
        findings: if failed { written.findings } else { Vec::new() },
        more_findings: if failed { written.more } else { 0 },
        promised: Some(ask.origin.clone()),
        rests_on_timing: rests_on_timing.unwrap_or(info.timing.rests()),
        known_issue,
        measured_of: written.measured.is_some().then_some(written.measured_of).flatten(),
        measured: written.measured,
        notes: written.notes,
    };
    (judgment, written.known_issues)
}

/// The verdict over all checks and what happened beside them: a rejected setup, something that is left.
fn of_the_run(run: &Run<'_>, checks: &[Judgment]) -> Verdict {
    let end = run.end.as_ref();
    let failed = end.is_some_and(|end| end.reason == EndReason::SetupFailed || end.left_behind.is_some());
    let beside = if failed { Verdict::Fail } else { Verdict::Pass };
    overall(checks).max(beside)
}

fn verdicts(
    run: &Run<'_>,
    read_end: &ReadEnd,
    checks: Vec<Judgment>,
    statistics: &Statistics,
    totaller: &Totaller,
) -> RunVerdicts {
    let punctuality = Punctuality::of(statistics);
    let mut totals = totaller.totals();
    totals.arrivals = statistics.arrived + statistics.dropped;
    totals.dropped = statistics.dropped;
    totals.late = punctuality.late;
    totals.timed = punctuality.timed;
    totals.issues_unanswered = statistics.operations.get(&Operation::Issue).map_or(0, |issues| issues.indeterminate);
    RunVerdicts {
        schema: VERDICTS_SCHEMA.to_owned(),
        leaseproof: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: run.plan.name.clone(),
        title: run.plan.shown_title(),
        run: run.header.as_ref().map(|header| header.run.clone()).unwrap_or_default(),
        started: run.header.as_ref().map(|header| header.epoch).unwrap_or_default(),
        lasted: run.end.as_ref().map_or(run.now, |end| end.at),
        verdict: of_the_run(run, &checks),
        outcome: RunOutcome::default(),
        validity: validity::validity(run, &punctuality, &checks),
        ended: ending(run, read_end),
        end: run.end.as_ref().map(|end| end.reason),
        cause: None,
        left_behind: run.end.as_ref().and_then(|end| end.left_behind.clone()),
        causes: Vec::new(),
        warnings: Vec::new(),
        checks,
        not_requested: run.plan.not_requested.clone(),
        operations: statistics.tables(),
        totals,
        observed: Observed::default(),
        faults: Vec::new(),
        actions: Vec::new(),
        errors_outside: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use leaseproof_domain::{End, EndReason, Event, Header, Micros, UnixMicros, Verdict};
    use leaseproof_history::ReadEnd;
    use leaseproof_scenario::{Ask, Plan};

    use super::{Asked, Clusters, Judging};
    use crate::check::{Check, Whole};
    use crate::collector::FindingCollector;
    use crate::fold::Run;

    /// Finds something, and then breaks.
    struct Broken;

    impl Check for Broken {
        fn see(&mut self, _: &Event, _: &Run<'_>, collector: &mut FindingCollector) {
            collector.sample();
            collector.find(leaseproof_domain::Finding::default());
            panic!("index out of bounds");
        }

        fn end(&mut self, _: &Run<'_>, _: &Whole<'_>, _: &mut FindingCollector) {
            unreachable!("it is left alone after its panic");
        }

        fn without_samples(&self) -> &'static str {
            "never asked"
        }
    }

    fn plan() -> Plan {
        let origin = r#"{"file":"scenario.toml","line":1,"column":1}"#;
        let text = format!(
            r#"{{"name":"p","title":"t","runbook":null,"seed":1,"vault":{{"storage":"inmem","audit":false,"default_lease_ttl":null,
            "max_lease_ttl":null,"port":null,"origin":{origin}}},"postgres":{{}},"setup":[],"client":{{"policies":[],
            "forbidden":"x","timeout":"1s","in_flight":1}},"promise":{{"audit":null,"password_in_logs":null,"orphans":null,
            "usable_within":null,"dead_within":null}},"accounts":[],"roles":[],"lifecycles":[],"phases":[],"thresholds":[],
            "known_issues":[],"asks":[{{"check":"ISS-1","subject":{{"kind":"environment"}},"origin":{origin}}}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_check_that_panics_is_unknown_and_the_others_go_on() {
        let plan = plan();
        let ask: &Ask = &plan.asks[0];
        let mut judging = Judging::new(&plan);
        judging.asked.insert(0, Asked::new(ask, &plan, &Clusters::of(&plan), &Rc::default(), || Box::new(Broken)));
        let header = Header {
            format: 1,
            leaseproof: String::new(),
            run: "r".into(),
            scenario: "p".into(),
            seed: 1,
            epoch: UnixMicros(0),
        };
        judging.see(&Event::Header(header));
        judging.see(&Event::End(End::new(Micros(1), EndReason::Completed)));
        let checks = judging.close(&ReadEnd::Complete).verdicts.checks;
        assert_eq!(checks[0].verdict, Verdict::Unknown);
        assert_eq!(checks[0].reason.as_deref(), Some("the check itself crashed: index out of bounds"));
        assert_eq!(
            checks[1].reason.as_deref(),
            Some("no issue was answered and followed by an observation of its role")
        );
    }
}
