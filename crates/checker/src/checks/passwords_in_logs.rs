use std::collections::BTreeMap;

use leaseproof_domain::{Event, Finding, Observer, Username};
use leaseproof_scenario::Plan;

use crate::check::{Check, Whole};
use crate::collector::FindingCollector;
use crate::fold::Run;
use crate::windows::Selection;

/// No password is in any server's log.
#[derive(Default)]
pub(super) struct PasswordsInLogs {
    /// Whether each log was read to its end.
    read: BTreeMap<String, bool>,
}

impl Check for PasswordsInLogs {
    fn see(&mut self, event: &Event, _: &Run<'_>, collector: &mut FindingCollector) {
        match event {
            Event::SecretSeen(seen) => {
                let whose = seen.username.as_ref().map_or("a credential", Username::as_str);
                collector.find(Finding {
                    what: format!("line {} of the log of {} contains a secret of {whose}", seen.line, seen.source),
                    username: seen.username.clone(),
                    at: Some(seen.at),
                    ..Finding::default()
                });
            }
            Event::LogRead { source, lines, complete } => {
                collector.samples(*lines);
                let all = self.read.entry(source.clone()).or_insert(true);
                *all &= complete;
            }
            _ => {}
        }
    }

    fn end(&mut self, run: &Run<'_>, _: &Whole<'_>, collector: &mut FindingCollector) {
        for source in logs(run.plan) {
            collector.expect_of("of the logs", self.read.get(&source) == Some(&true));
            match self.read.get(&source) {
                None => collector.cannot_say(format!("the log of {source} was not read")),
                Some(false) => collector.cannot_say(format!("the log of {source} was not read to its end")),
                Some(true) => {}
            }
        }
    }

    fn relies_on(&self) -> &'static [Observer] {
        &[Observer::Audit]
    }

    fn arrivals(&self) -> Option<Selection<'_>> {
        None
    }

    fn without_samples(&self) -> &'static str {
        "the logs had no lines"
    }

    fn raise(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Every log of a server that has passwords.
fn logs(plan: &Plan) -> Vec<String> {
    let audit = plan.vault.audit.then(|| "audit".to_owned());
    let clusters = plan.postgres.iter().flat_map(|(name, cluster)| {
        let standbys = cluster.layout.replicated().map_or(0, |(standbys, _)| standbys);
        servers(&format!("postgres.{name}"), standbys + 1)
    });
    servers("vault", plan.vault.nodes).into_iter().chain(audit).chain(clusters).collect()
}

/// The names of so many servers of one kind: each has a number if there are several.
fn servers(name: &str, many: u16) -> Vec<String> {
    if many > 1 { (1..=many).map(|number| format!("{name}.{number}")).collect() } else { vec![name.to_owned()] }
}
