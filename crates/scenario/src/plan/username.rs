//! How usernames are formed.

use std::collections::BTreeSet;

use super::naming::Naming;
use super::{EnvironmentKind, Plan, RolePromise};

/// What roles are named like that Vault creates for a promised role, on one cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleNames<'p> {
    /// The promised role; none for roles of any other by the engine's own template.
    pub role: Option<&'p RolePromise>,
    /// The cluster, e.g. `target`.
    pub on: &'p str,
    /// A regular expression that the whole names match.
    pub pattern: String,
    /// Whether the scenario says the pattern, which may match names of people too.
    pub said: bool,
}

impl Plan {
    /// The names of roles that Vault creates, as far as the scenario shows. In an environment that leaseproof starts,
    /// those of any Vault role by the engine's own template are among them: every lease there is known.
    pub fn role_names(&self) -> Vec<RoleNames<'_>> {
        let mut names: Vec<RoleNames<'_>> = self.roles.iter().map(RolePromise::role_names).collect();
        let known = |role: &RolePromise| role.naming.is_default() && role.username.is_none();
        if self.attached.is_none() || self.environment != EnvironmentKind::Attached {
            let defaults: BTreeSet<&str> =
                self.roles.iter().filter(|role| known(role)).map(|role| role.on.as_str()).collect();
            let pattern = r"v-.{0,8}-.{0,8}-[A-Za-z0-9]{20}-[0-9]{10}";
            let any = |on| RoleNames { role: None, on, pattern: pattern.to_owned(), said: false };
            names.extend(defaults.into_iter().map(any));
        }
        names
    }
}

impl RolePromise {
    fn role_names(&self) -> RoleNames<'_> {
        let (pattern, said) = match (&self.username, &self.naming) {
            (Some(promised), _) => (promised.value.clone(), true),
            (None, Naming::Template { pattern, .. }) => (pattern.roles.clone(), false),
            // Names that only begin as the template has them are worth an observation too.
            (None, Naming::Default | Naming::Unknown { .. }) => {
                let short: String = self.name.chars().take(8).collect();
                (format!("v-.{{0,8}}-{}-.+", regex::escape(&short)), false)
            }
        };
        RoleNames { role: Some(self), on: &self.on, pattern, said }
    }
}
