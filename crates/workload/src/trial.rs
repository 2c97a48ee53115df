//! Which privileges a probed lifecycle tries.

use std::collections::BTreeSet;
use std::sync::Arc;

use leaseproof_domain::{Expected, Grant, Object, ObjectKind};
use leaseproof_postgres::{Facts, Recipe};
use leaseproof_scenario::{Draw, ProbePlan, PublicDefaults, RolePromise};

/// Why a privilege is not tried that the scenario does not promise and does not mind.
const GIVEN: &str =
    "PUBLIC, or a role that it is promised to be a member of, has had it since the cluster or the extension was made";

/// The privileges that the probed lifecycles of a role try: worked out once, with what the first of them saw of the database.
pub(crate) struct Trial {
    pub(crate) facts: Arc<Facts>,
    pub(crate) promised: Vec<Grant>,
    /// Those that are not promised and can be tried at all.
    forbidden: Vec<Grant>,
    /// Those that are not promised and are not tried, with why.
    untried: Vec<(Grant, String)>,
}

/// What a lifecycle does with one privilege.
pub(crate) enum Step {
    Try(Grant, Expected),
    /// It is named only.
    Leave(Grant, String),
}

impl Trial {
    pub(crate) fn new(facts: &Arc<Facts>, role: &RolePromise) -> Self {
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
    pub(crate) fn of_lifecycle(&self, plan: ProbePlan, mut draw: Draw) -> Vec<Step> {
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
pub(crate) fn promised(role: &RolePromise, objects: &BTreeSet<Object>) -> Vec<Grant> {
    let mut promised = Vec::new();
    for (grant, _) in role.promised(objects) {
        if grant.grantable {
            promised.push(Grant { grantable: false, ..grant.clone() });
        }
        promised.push(grant);
    }
    promised
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
