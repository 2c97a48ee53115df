//! `replicate_as`: the account that standbys replicate with, and its password.

use leaseproof_domain::Secret;

use super::{Book, owned};
use crate::plan::{Layout, Plan, ReplicationAccount, Setting, SettingValue, SetupAction};
use crate::problem::Problem;

/// Gives each cluster its account, once the setup is read.
pub(super) fn accounts(book: &Book<'_>, plan: &mut Plan) {
    for (entry, table) in book.root.named("postgres") {
        let (Some(said), Some(cluster)) = (table.text("replicate_as"), plan.postgres.get(&entry.key)) else {
            if let (Some(alone), None) = (table.entry("replicate_password"), table.entry("replicate_as")) {
                let problem =
                    Problem::at(&alone.at, "`replicate_password` is the password of `replicate_as`, which is not said");
                book.add(problem.label("of which account?"));
            }
            continue;
        };
        if !matches!(cluster.layout, Layout::HaproxyHa { .. }) {
            continue;
        }
        let own = owned(table, "replicate_password").map(|password| Setting::Secret(Secret::new(password)));
        let superusers = (cluster.superuser == said.value).then(|| cluster.password.clone());
        let Some(password) = own.or(superusers).or_else(|| in_set_up(plan, said.value)) else {
            let unknown = format!("the password of `{}` is not known", said.value);
            book.add(Problem::at(&said.place, unknown).label("here").help("add `replicate_password`"));
            continue;
        };
        let account = ReplicationAccount { user: said.value.to_owned(), password, origin: said.place.origin() };
        if let Some(cluster) = plan.postgres.get_mut(&entry.key) {
            cluster.replicate_as = Some(account);
        }
    }
}

/// The password that the setup first uses for that account: in a connection of Vault, or in an SQL step.
fn in_set_up(plan: &Plan, account: &str) -> Option<Setting> {
    plan.setup.iter().find_map(|step| match &step.action {
        SetupAction::Write { path, data } if path.contains("/config/") => {
            match (data.get("username"), data.get("password")) {
                (Some(SettingValue::Text(user)), Some(SettingValue::Text(password))) if user.expose() == account => {
                    Some(password.clone())
                }
                _ => None,
            }
        }
        SetupAction::Sql { user: Some(user), password: Some(password), .. } if user == account => {
            Some(password.clone())
        }
        _ => None,
    })
}
