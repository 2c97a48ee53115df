//! Trying out a role's privileges with a lifecycle's own credential.

use std::collections::BTreeSet;
use std::sync::Arc;

use leaseproof_domain::{Event, Expected, Grant, Micros, ProbeOutcome, ProbeRecord, Username};
use leaseproof_postgres::{Login, Prober};
use leaseproof_scenario::ProbePlan;

use crate::lifecycle::Lifecycle;
use crate::record::Credential;
use crate::trial::{Step, Trial, promised};

impl Lifecycle {
    /// Tries the role's privileges out, where the lifecycle is one that does. The step after it is due when it ends; nothing
    /// of it is an operation.
    pub(crate) async fn probe(&self, credential: &mut Credential) {
        let (Some(plan), true) = (self.role.probes, self.probed) else { return };
        let Some(login) = self.logins(credential).into_iter().next() else { return };
        self.log_in_with_a_wrong_password(&login, credential).await;
        let probing =
            Probing { lifecycle: self.clone(), username: credential.issue.username.clone(), oid: credential.oid };
        let _cut_short = self.context.apart(probing.try_all(login, plan)).await;
        credential.last = credential.last.max(self.context.now());
    }
}

/// Who probes.
struct Probing {
    lifecycle: Lifecycle,
    username: Username,
    oid: Option<u32>,
}

impl Probing {
    async fn try_all(self, login: Login, plan: ProbePlan) {
        let (context, role) = (&self.lifecycle.context, &self.lifecycle.role);
        let known = context.trial(&role.name);
        let opened = Prober::open_with(&login, known.as_ref().map(|trial| Arc::clone(&trial.facts)));
        let begun = context.now();
        let mut prober = match opened.await {
            Ok(prober) => prober,
            Err(error) => {
                if let Some(fault) = error.harness() {
                    context.trouble(begun, fault, &error.to_string());
                }
                return self.give_up(&login, begun, &error.to_string());
            }
        };
        let trial = known.unwrap_or_else(|| context.keep_trial(&role.name, Trial::new(prober.facts(), role)));
        for step in trial.of_lifecycle(plan, self.lifecycle.choices.draw_forbidden()) {
            // Once the lifecycle may not go on, its credential may go at any moment.
            if context.go_on().is_err() {
                break;
            }
            let from = context.now();
            let (grant, expected, outcome) = match step {
                Step::Try(grant, expected) => {
                    let outcome = prober.probe(&grant).await;
                    (grant, expected, outcome)
                }
                Step::Leave(grant, why) => (grant, Expected::Forbidden, ProbeOutcome::Unproved { why }),
            };
            let lost = matches!(outcome, ProbeOutcome::Indeterminate { .. });
            self.record(&login, from, grant, expected, outcome);
            if lost {
                break;
            }
        }
        prober.close().await;
    }

    /// Without a session no promised privilege was tried, and that is reported.
    fn give_up(&self, login: &Login, from: Micros, why: &str) {
        let trial = self.lifecycle.context.trial(&self.lifecycle.role.name);
        let tried =
            trial.map_or_else(|| promised(&self.lifecycle.role, &BTreeSet::new()), |trial| trial.promised.clone());
        for grant in tried {
            let outcome = ProbeOutcome::Indeterminate { why: why.to_owned() };
            self.record(login, from, grant, Expected::Promised, outcome);
        }
    }

    fn record(&self, login: &Login, from: Micros, grant: Grant, expected: Expected, mut outcome: ProbeOutcome) {
        let context = &self.lifecycle.context;
        match &mut outcome {
            ProbeOutcome::Allowed => {}
            ProbeOutcome::Refused { message: words, .. }
            | ProbeOutcome::Blocked { message: words, .. }
            | ProbeOutcome::Unproved { why: words }
            | ProbeOutcome::Indeterminate { why: words } => *words = context.scrub(words),
        }
        context.recorder().record(Event::Probe(ProbeRecord {
            lifecycle: self.lifecycle.tag.lifecycle,
            from,
            to: context.now(),
            oid: self.oid,
            username: self.username.clone(),
            database: login.database.clone(),
            grant,
            expected,
            outcome,
        }));
    }
}
