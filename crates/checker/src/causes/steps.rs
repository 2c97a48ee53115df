//! The steps of the setup that determine what a Vault role does.

use leaseproof_scenario::{Plan, Setting, SettingValue, SetupAction, SetupStep};

/// Checks that fail for what the setup writes of a Vault role or of its connection.
pub(super) const OF_THE_SETUP: [&str; 8] = ["ISS-1", "ISS-4", "LOG-1", "TTL-2", "TTL-7", "REV-1", "EXP-1", "RUN-2"];

/// The steps that write a role or its connection, each with its path below the mount.
pub(super) fn steps_of<'p>(plan: &'p Plan, role: &'p str) -> impl Iterator<Item = (&'p str, &'p SetupStep)> {
    let mount = mount_of(plan, role);
    let writes = move |step: &'p SetupStep| {
        let SetupAction::Write { path, data } = &step.action else { return None };
        let below = path.trim_matches('/').strip_prefix(mount.trim_matches('/'))?.strip_prefix('/')?;
        Some((below, step, data))
    };
    let own = move |below: &str| below.strip_prefix("roles/") == Some(role);
    let connection = plan.setup.iter().filter_map(writes).filter(|(below, ..)| own(below)).find_map(|(_, _, data)| {
        match data.get("db_name")? {
            SettingValue::Text(Setting::Text(name)) => Some(name.as_str()),
            _ => None,
        }
    });
    let of_connection = move |below: &str| connection.is_some() && below.strip_prefix("config/") == connection;
    let steps = plan.setup.iter().filter_map(writes);
    steps.filter(move |(below, ..)| own(below) || of_connection(below)).map(|(below, step, _)| (below, step))
}

/// Whether the step writes the mount of a role.
pub(super) fn tunes(step: &SetupStep, role: &str, plan: &Plan) -> bool {
    let SetupAction::Write { path, .. } = &step.action else { return false };
    let below = path.trim_matches('/').strip_prefix("sys/mounts/").map(|path| path.trim_end_matches("/tune"));
    below == Some(mount_of(plan, role).trim_matches('/'))
}

fn mount_of<'p>(plan: &'p Plan, role: &str) -> &'p str {
    plan.roles.iter().find(|promise| promise.name == role).map_or("database", |promise| &promise.mount)
}
