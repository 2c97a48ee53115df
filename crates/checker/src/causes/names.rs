use std::sync::LazyLock;

use leaseproof_scenario::{Plan, RoleNames};
use regex::Regex;

use super::pattern::regex;

/// A name as PostgreSQL quotes it.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| regex("\"([^\"]+)\""));

/// The usernames that Vault generates by templates of a scenario. A failed issue returns none, but PostgreSQL's message
/// quotes it. Names by Vault's own template are recognized without this.
#[derive(Default)]
pub struct GeneratedNames(Option<Regex>);

impl GeneratedNames {
    /// Those of the plan's roles.
    pub fn of(plan: &Plan) -> Self {
        let names = plan.role_names().into_iter();
        let of_template =
            |names: &RoleNames<'_>| names.role.is_some_and(|role| role.username.is_some() || !role.naming.is_default());
        let patterns: Vec<String> = names.filter(of_template).map(|names| format!("(?:{})", names.pattern)).collect();
        if patterns.is_empty() {
            return Self(None);
        }
        Self(Regex::new(&format!("^(?:{})$", patterns.join("|"))).ok())
    }

    /// The generated names that a text quotes.
    pub(super) fn quoted_in(&self, text: &str) -> Vec<String> {
        let Some(pattern) = &self.0 else { return Vec::new() };
        let quoted = QUOTED.captures_iter(text).filter_map(|found| found.get(1)).map(|name| name.as_str());
        quoted.filter(|name| pattern.is_match(name)).map(str::to_owned).collect()
    }

    /// The text with numbers, times, addresses and generated names left out.
    pub fn without_details(&self, text: &str) -> String {
        let cut = self.quoted_in(text).into_iter().fold(text.to_owned(), |text, name| text.replace(&name, "…"));
        super::without_details(&cut)
    }
}

#[cfg(test)]
mod tests {
    use super::{GeneratedNames, Regex};

    #[test]
    fn a_name_by_a_template_is_left_out_where_a_message_quotes_it() {
        let names = GeneratedNames(Some(Regex::new("^(?:app-[A-Za-z0-9]{8})$").unwrap()));
        let text = "ERROR: role \"app-2IydCrE3\" does not exist, nor \"app-readers\" (SQLSTATE 42704)";
        assert_eq!(names.quoted_in(text), ["app-2IydCrE3"]);
        let left = "ERROR: role \"…\" does not exist, nor \"app-readers\" (SQLSTATE 42704)";
        assert_eq!(names.without_details(text), left);
        assert_eq!(GeneratedNames::default().without_details(left), left);
    }
}
