//! Which checks a scenario's promises ask for, of what, and which line asks.

use std::collections::HashMap;

use leaseproof_domain::{CheckId, Operation, Origin, Subject};

use crate::plan::{Ask, LifecyclePlan, Plan, RolePromise};

/// A lifecycle, and the lines that its checks rest on.
pub(crate) struct LifecycleSaid {
    pub(crate) plan: LifecyclePlan,
    /// How it ends.
    pub(crate) end: Origin,
    /// How its lease is renewed, where it is.
    pub(crate) renewal: Option<Origin>,
    /// How it keeps a session, where it does.
    pub(crate) kept: Option<Origin>,
}

/// Every asked check in the catalogue's order, by subject.
pub(crate) fn derive(plan: &Plan, lifecycles: &[LifecycleSaid]) -> Vec<Ask> {
    let mut asks = Asks::default();
    let mut of_role: HashMap<&str, Vec<&LifecycleSaid>> = HashMap::new();
    for lifecycle in lifecycles.iter().filter(|lifecycle| lived(plan, lifecycle)) {
        of_role.entry(lifecycle.plan.role.as_str()).or_default().push(lifecycle);
    }
    for role in &plan.roles {
        if let Some(lifecycles) = of_role.get(role.name.as_str()) {
            asks.role(plan, role, lifecycles);
        }
    }
    asks.environment(plan, lifecycles.iter().find(|lifecycle| lived(plan, lifecycle)));
    let kept =
        lifecycles.iter().filter(|lifecycle| lived(plan, lifecycle)).find_map(|lifecycle| lifecycle.kept.as_ref());
    if let (Some(promise), Some(_)) = (&plan.promise.sessions_after_revoke, kept) {
        asks.add("INV-6b", Subject::Environment, &promise.origin);
    }
    for account in &plan.accounts {
        asks.add("ACC-1", Subject::Account(account.name.clone()), &account.origin);
    }
    for threshold in &plan.thresholds {
        asks.add("THR-1", Subject::Metric(threshold.subject()), &threshold.origin);
    }
    if let Some(pdns) = &plan.pdns {
        asks.add("DNS-1", Subject::Environment, &pdns.answers.origin);
        asks.add("DNS-2", Subject::Environment, &pdns.cycle_within.origin);
        if let Some(writes) = &pdns.write_every {
            asks.add("DNS-3", Subject::Environment, &writes.origin);
        }
        asks.add("DNS-4", Subject::Environment, &pdns.policies.origin);
    }
    for known in &plan.known_issues {
        asks.add("KNO-1", Subject::Environment, &known.origin);
    }
    let mut asks = asks.0;
    asks.sort_by(|one, other| (one.check, &one.subject).cmp(&(other.check, &other.subject)));
    asks
}

/// Whether a phase mixes the lifecycle.
fn lived(plan: &Plan, lifecycle: &LifecycleSaid) -> bool {
    plan.phases.iter().any(|phase| phase.mix.get(&lifecycle.plan.name).is_some_and(|weight| *weight > 0))
}

#[derive(Default)]
struct Asks(Vec<Ask>);

impl Asks {
    fn add(&mut self, check: &str, subject: Subject, origin: &Origin) {
        self.0.push(Ask { check: CheckId::of(check), subject, origin: origin.clone() });
    }

    fn all(&mut self, checks: &[&str], subject: &Subject, origin: &Origin) {
        checks.iter().for_each(|check| self.add(check, subject.clone(), origin));
    }

    fn role(&mut self, plan: &Plan, role: &RolePromise, lifecycles: &[&LifecycleSaid]) {
        let subject = Subject::Role(role.name.clone());
        self.all(&["ISS-1", "ISS-2", "LOG-1", "INV-2", "INV-5"], &subject, &role.origin);
        if let Some(grants) = &role.grants {
            self.add("GRA-1", subject.clone(), &grants.origin);
            if role.probes.is_some() {
                self.all(&["PRB-1", "PRB-2", "PWD-2"], &subject, &grants.origin);
            }
        }
        if let Some(ttl) = role.default_ttl.as_ref().or(role.max_ttl.as_ref()) {
            self.all(&["ISS-4", "TTL-7", "INV-4"], &subject, &ttl.origin);
        }
        if let Some(max) = &role.max_ttl {
            self.add("INV-7", subject.clone(), &max.origin);
        }
        if let Some(renewal) = lifecycles.iter().find_map(|lifecycle| lifecycle.renewal.as_ref()) {
            self.add("TTL-2", subject.clone(), renewal);
        }
        if let Some(renew) =
            lifecycles.iter().find(|lifecycle| lifecycle.plan.renew.is_some_and(|renew| renew.share > 0.0))
        {
            self.add("INV-9", subject.clone(), renew.renewal.as_ref().unwrap_or(&role.origin));
        }
        if !plan.client.policies.is_empty() {
            self.add("POL-1", subject.clone(), &role.origin);
        }
        if let Some(usable) = &plan.promise.usable_within {
            self.add("INV-1", subject.clone(), &usable.origin);
        }
        let ends = plan.actions.iter().find(|action| action.ends_leases_of.contains(&role.name));
        if let Some(action) = ends {
            self.add("ACT-2", subject.clone(), &action.step.origin);
        }
        self.ends(plan, &subject, lifecycles);
    }

    /// What is asked of lifecycles' ends.
    fn ends(&mut self, plan: &Plan, subject: &Subject, lifecycles: &[&LifecycleSaid]) {
        let revoked = lifecycles.iter().find(|lifecycle| lifecycle.plan.revoke > 0.0);
        let expired = lifecycles.iter().any(|lifecycle| lifecycle.plan.revoke < 1.0);
        let dead = plan.promise.dead_within.as_ref().filter(|_| expired);
        if let Some(lifecycle) = revoked {
            self.add("REV-1", subject.clone(), &lifecycle.end);
        }
        if let Some(dead) = dead {
            self.add("EXP-1", subject.clone(), &dead.origin);
        }
        if let Some(origin) = dead.map(|dead| &dead.origin).or(revoked.map(|lifecycle| &lifecycle.end)) {
            self.add("INV-6a", subject.clone(), origin);
        }
    }

    fn environment(&mut self, plan: &Plan, lifecycle: Option<&LifecycleSaid>) {
        let promise = &plan.promise;
        if let Some(audit) = promise.audit.as_ref().filter(|audit| audit.value) {
            self.add("AUD-1", Subject::Environment, &audit.origin);
        }
        if let Some(encrypted) = promise.encrypted.as_ref().filter(|encrypted| encrypted.value) {
            self.add("TLS-1", Subject::Environment, &encrypted.origin);
        }
        if let Some(never) = &promise.password_in_logs {
            self.add("PWD-1", Subject::Environment, &never.origin);
        }
        if let Some(orphans) = &promise.orphans {
            self.all(&["RUN-2", "INV-3"], &Subject::Environment, &orphans.origin);
        }
        if let Some(before) = &promise.orphans_before {
            self.add("RUN-7", Subject::Environment, &before.origin);
        }
        let stops_issuing = plan.actions.iter().find(|action| action.affects(Operation::Issue));
        let faults = plan.faults.first().map(|fault| &fault.origin);
        if let Some(origin) = faults.or(stops_issuing.map(|action| &action.step.origin)) {
            self.add("FLT-1", Subject::Environment, origin);
        }
        if let Some(action) = plan.actions.first() {
            self.add("ACT-1", Subject::Environment, &action.step.origin);
        }
        if let Some(fault) = plan.faults.iter().find(|fault| plan.replication_of(fault).is_some()) {
            self.add("FLT-2", Subject::Environment, &fault.origin);
        }
        if let Some(lifecycle) = lifecycle {
            let answered = promise.unanswered.as_ref().map_or(&lifecycle.plan.origin, |unanswered| &unanswered.origin);
            self.add("AVL-1", Subject::Environment, answered);
            if let Some(phase) = plan.phases.iter().find(|phase| !phase.overload) {
                self.add("SAT-1", Subject::Environment, &phase.origin);
            }
            self.all(&["INV-8", "INV-10", "INV-11"], &Subject::Environment, &lifecycle.plan.origin);
        }
    }
}
