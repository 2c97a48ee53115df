//! Trying out a role's privileges with a lifecycle's own credential.

use std::collections::BTreeSet;
use std::sync::Arc;

use leaseproof_domain::{Event, Expected, Grant, Micros, Object, ObjectKind, ProbeOutcome, ProbeRecord, Username};
use leaseproof_postgres::{Facts, Login, Prober, Recipe};
use leaseproof_scenario::{Draw, ProbePlan, PublicDefaults, RolePromise};

use crate::lifecycle::Lifecycle;
use crate::record::Credential;

/// Why a privilege is not tried that the scenario does not promise and does not mind.
const GIVEN: &str =
    "PUBLIC, or a role that it is promised to be a member of, has had it since the cluster or the extension was made";

/// The privileges that the probed lifecycles of a role try: worked out once, with what the first of them saw of the database.
pub(crate) struct Trial {
    facts: Arc<Facts>,
    promised: Vec<Grant>,
    /// Those that are not promised and can be tried at all.
    forbidden: Vec<Grant>,
    /// Those that are not promised and are not tried, with why.
    untried: Vec<(Grant, String)>,
}

/// What a lifecycle does with one privilege.
enum Step {
    Try(Grant, Expected),
    /// It is named only.
    Leave(Grant, String),
}

impl Trial {
    fn new(facts: &Arc<Facts>, role: &RolePromise) -> Self {
        let objects = facts.objects();
        let columns = |table: &Object| {
            let relation = facts.relation(table);
            relation.iter().flat_map(|relation| &relation.columns).map(|column| column.name.clone()).collect()
        };
        let forbidden = role.forbidden(&objects, columns);
        let defaults = role.public == PublicDefaults::Allowed;
        let is_given = |grant: &Grant| {
            let given = (grant.privilege, grant.object.clone());
            let mut roles = facts.initial_of.iter().filter(|(name, _)| role.promises_membership(name));
            defaults && facts.initial.contains(&given) || roles.any(|(_, brings)| brings.contains(&given))
        };
        let (mut tried, mut untried) = (Vec::new(), Vec::new());
        for grant in forbidden {
            let own_login = grant.object.kind == ObjectKind::Database;
            match Recipe::of(&grant, facts) {
                _ if is_given(&grant) => untried.push((grant, GIVEN.to_owned())),
                Recipe::Unproved { why } if !own_login => untried.push((grant, why)),
                _ => tried.push(grant),
            }
        }
        Self { facts: Arc::clone(facts), promised: promised(role, &objects), forbidden: tried, untried }
    }

    /// Every promised privilege, and as many of the others as the plan says, drawn by the lifecycle. Where too few of them can be
    /// tried, some that cannot stand in for the rest: the history shows then that nothing is missing.
    fn of_lifecycle(&self, plan: ProbePlan, mut draw: Draw) -> Vec<Step> {
        let mut left: Vec<&Grant> = self.forbidden.iter().collect();
        let mut untried = self.untried.iter();
        let mut steps: Vec<_> =
            self.promised.iter().map(|grant| Step::Try(grant.clone(), Expected::Promised)).collect();
        for _ in 0..plan.forbidden {
            if left.is_empty() {
                let Some((grant, why)) = untried.next() else { break };
                steps.push(Step::Leave(grant.clone(), why.clone()));
            } else {
                let grant = left.swap_remove(draw.below(left.len()));
                steps.push(Step::Try(grant.clone(), Expected::Forbidden));
            }
        }
        steps
    }
}

/// The promised privileges. Of one WITH GRANT OPTION the privilege itself is tried as well.
fn promised(role: &RolePromise, objects: &BTreeSet<Object>) -> Vec<Grant> {
    let mut promised = Vec::new();
    for (grant, _) in role.promised(objects) {
        if grant.grantable {
            promised.push(Grant { grantable: false, ..grant.clone() });
        }
        promised.push(grant);
    }
    promised
}

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use leaseproof_postgres::Facts;
    use leaseproof_scenario::{Choices, ProbePlan, RolePromise};

    use super::{Step, Trial};

    #[test]
    fn as_many_privileges_that_are_not_promised_are_in_the_history_as_the_plan_says() {
        let origin = r#"{"file":"scenario.toml","line":1,"column":1}"#;
        let role: RolePromise = serde_json::from_str(&format!(
            r#"{{"name":"app","mount":"database","on":"target","database":"shop","default_ttl":null,"max_ttl":null,
            "grants":{{"value":[],"origin":{origin}}},"attributes":{{"superuser":false,"createdb":false,
            "createrole":false,"replication":false,"bypassrls":false,"login":true,"inherit":true}},"member_of":[],
            "public":"allowed","username":null,"says":null,"origin":{origin}}}"#
        ))
        .unwrap();
        // An event trigger would run at DDL: of the schema's privileges only USAGE can be tried.
        let schemas = BTreeSet::from(["sales".to_owned()]);
        let facts = Facts { database: "shop".into(), schemas, event_triggers: true, ..Facts::default() };
        let trial = Trial::new(&Arc::new(facts), &role);
        let steps = |forbidden| {
            let plan = ProbePlan { first: 1, share: 0.0, forbidden };
            let steps = trial.of_lifecycle(plan, Choices::of(1, 1).draw_forbidden());
            let tried = steps.iter().filter(|step| matches!(step, Step::Try(..))).count();
            (tried, steps.len() - tried)
        };
        // CREATE on the database, USAGE on the schema; CREATE on the schema is named.
        assert_eq!((steps(1), steps(2), steps(3), steps(10)), ((1, 0), (2, 0), (2, 1), (2, 1)));
    }
}
