//! Which template is in force for a role, as far as the setup says.

use std::collections::{BTreeMap, HashMap};

use leaseproof_domain::Origin;

use crate::plan::{Naming, Promised, Setting, SettingValue, SetupAction, SetupStep, UsernamePattern};

const TEMPLATE: &str = "username_template";

/// What a connection's template is after the steps so far.
#[derive(Clone)]
enum Template {
    /// None was written: the engine's own.
    Default,
    Written(Promised<String>),
    Unknown(String),
}

/// The connections of one mount, and those that its roles name.
#[derive(Default)]
struct Mount<'s> {
    connections: BTreeMap<&'s str, Template>,
    roles: HashMap<&'s str, &'s str>,
    /// A script that may have written connections that no step writes.
    script: Option<&'s Origin>,
}

/// How the usernames of roles are formed. The last write before the first credential counts; what a later write of a
/// connection leaves out stays as it was (Vault, builtin/logical/database/path_config_connection.go).
pub(crate) struct Namings<'s> {
    mounts: HashMap<String, Mount<'s>>,
    theirs: bool,
}

impl<'s> Namings<'s> {
    /// What the steps say of the connections of those mounts.
    ///
    /// `theirs`: the setup was done before the run, and steps need not show all of it.
    pub(crate) fn of<'m>(mounts: impl Iterator<Item = &'m str>, steps: &'s [SetupStep], theirs: bool) -> Self {
        let mut mounts: HashMap<String, Mount<'s>> =
            mounts.map(|mount| (mount.trim_matches('/').to_owned(), Mount::default())).collect();
        for step in steps.iter().filter(|step| step.expect.is_none()) {
            match &step.action {
                SetupAction::Write { path, data } => {
                    let path = path.trim_matches('/');
                    for (kind, name, at) in behind_mounts(path) {
                        let Some(mount) = mounts.get_mut(&path[..at]) else { continue };
                        match (kind, data.get(TEMPLATE), data.get("db_name")) {
                            ("config", template, _) => mount.connection(name, template, &step.origin),
                            ("roles", _, Some(SettingValue::Text(Setting::Text(connection)))) => {
                                mount.roles.insert(name, connection);
                            }
                            _ => {}
                        }
                    }
                }
                SetupAction::Script { text, .. } if text.contains(TEMPLATE) => {
                    mounts.iter_mut().for_each(|(name, mount)| mount.script(text, name, &step.origin));
                }
                _ => {}
            }
        }
        Self { mounts, theirs }
    }

    /// How the usernames of that role are formed.
    pub(crate) fn naming(&self, role: &str, mount: &str) -> Naming {
        let none = Mount::default();
        self.mounts.get(mount.trim_matches('/')).unwrap_or(&none).naming(role, self.theirs)
    }
}

/// Each way to read a path as `<mount>/<kind>/<name>`: the kind, the name, and where the mount ends.
fn behind_mounts(path: &str) -> impl Iterator<Item = (&str, &str, usize)> {
    path.match_indices('/').filter_map(|(at, _)| {
        let (kind, name) = path[at + 1..].split_once('/')?;
        matches!(kind, "config" | "roles").then_some((kind, name, at))
    })
}

impl<'s> Mount<'s> {
    fn connection(&mut self, name: &'s str, template: Option<&'s SettingValue>, origin: &Origin) {
        let known = self.connections.entry(name).or_insert(Template::Default);
        match template {
            None => {}
            Some(SettingValue::Text(Setting::Text(text))) if text.is_empty() => *known = Template::Default,
            Some(SettingValue::Text(Setting::Text(text))) => {
                *known = Template::Written(Promised { value: text.clone(), origin: origin.clone() });
            }
            Some(_) => *known = Template::Unknown(format!("`{TEMPLATE}` at {origin} is not a plain text")),
        }
    }

    /// A script that writes a template.
    fn script(&mut self, text: &str, mount: &str, origin: &'s Origin) {
        let writes = |name: &str| text.contains(&format!("{mount}/config/{name}"));
        let why = format!("the script at {origin} writes a `{TEMPLATE}`");
        let mut any = false;
        for (_, template) in self.connections.iter_mut().filter(|(name, _)| writes(name)) {
            *template = Template::Unknown(why.clone());
            any = true;
        }
        if !any {
            self.script = Some(origin);
        }
    }

    fn naming(&self, role: &str, theirs: bool) -> Naming {
        let named = self.roles.get(role).copied();
        let template = match named {
            Some(connection) => self.connections.get(connection),
            None if self.connections.len() == 1 => self.connections.values().next(),
            None => None,
        };
        let script = |origin: &Origin| format!("the script at {origin} writes a `{TEMPLATE}`");
        match (template, self.script) {
            (Some(Template::Written(text)), _) => {
                Naming::Template { pattern: UsernamePattern::of(&text.value, role), template: text.clone() }
            }
            (Some(Template::Unknown(why)), _) => Naming::Unknown { why: why.clone() },
            (Some(Template::Default), _) => Naming::Default,
            (None, Some(origin)) => Naming::Unknown { why: script(origin) },
            (None, None) if self.connections.is_empty() && theirs => {
                Naming::Unknown { why: "the connection was written before the run, and no step shows how".to_owned() }
            }
            (None, None) if self.connections.is_empty() => Naming::Default,
            (None, None) => Naming::Unknown {
                why: match named {
                    Some(name) => format!("no step writes the connection `{name}`"),
                    None => "no step writes the role, and several connections are written".to_owned(),
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::Origin;

    use super::Namings;
    use crate::plan::{ExpectedFailure, Naming, Setting, SettingValue, SetupAction, SetupStep, Warnings};

    fn step(line: u32, action: SetupAction) -> SetupStep {
        let origin = Origin { file: "scenario.toml".into(), line, column: 1 };
        SetupStep {
            name: None,
            action,
            warnings: Warnings::Report,
            expect: None,
            origin,
            keys: std::collections::BTreeMap::new(),
        }
    }

    fn write(line: u32, path: &str, key: &str, value: &str) -> SetupStep {
        let value = SettingValue::Text(Setting::Text(value.to_owned()));
        step(line, SetupAction::Write { path: path.to_owned(), data: [(key.to_owned(), value)].into() })
    }

    fn config(line: u32, name: &str, template: &str) -> SetupStep {
        write(line, &format!("db/main/config/{name}"), "username_template", template)
    }

    fn role(connection: &str) -> SetupStep {
        write(9, "/db/main/roles/app/", "db_name", connection)
    }

    fn script(text: &str) -> SetupStep {
        step(8, SetupAction::Script { file: None, text: text.to_owned() })
    }

    /// The template and its line, `default`, or `unknown`.
    fn of(steps: &[SetupStep]) -> String {
        shown(naming(steps, false))
    }

    fn naming(steps: &[SetupStep], theirs: bool) -> Naming {
        Namings::of(["/db/main/"].into_iter(), steps, theirs).naming("app", "/db/main/")
    }

    fn shown(naming: Naming) -> String {
        match naming {
            Naming::Default => "default".to_owned(),
            Naming::Template { template, .. } => format!("{} ({})", template.value, template.origin.line),
            Naming::Unknown { why } => format!("unknown: {why}"),
        }
    }

    #[test]
    fn the_last_template_of_the_roles_connection_counts() {
        assert_eq!(of(&[]), "default");
        assert_eq!(of(&[config(1, "one", "a"), config(2, "two", "b"), role("two")]), "b (2)");
        assert_eq!(of(&[config(1, "one", "a"), config(2, "one", "b"), role("one")]), "b (2)");
        let other_key = write(3, "db/main/config/one", "allowed_roles", "*");
        assert_eq!(of(&[config(1, "one", "a"), other_key.clone(), role("one")]), "a (1)");
        assert_eq!(of(&[config(1, "one", "a"), config(2, "one", ""), role("one")]), "default");
        // Another mount is none of it, and a step that fails writes nothing.
        assert_eq!(of(&[write(1, "database/config/one", "username_template", "a"), other_key, role("one")]), "default");
        let origin = Origin { file: "scenario.toml".into(), line: 2, column: 1 };
        let failing = ExpectedFailure { status: Some(400), sqlstate: None, says: None, origin };
        let refused = SetupStep { expect: Some(failing), ..config(2, "one", "b") };
        assert_eq!(of(&[config(1, "one", "a"), refused, role("one")]), "a (1)");
        // Without the role's own step the only connection is its.
        assert_eq!(of(&[config(1, "one", "a")]), "a (1)");
    }

    #[test]
    fn what_was_set_up_before_the_run_is_not_known_unless_a_step_shows_it() {
        let of = |steps: &[SetupStep]| shown(naming(steps, true));
        assert_eq!(of(&[]), "unknown: the connection was written before the run, and no step shows how");
        assert_eq!(of(&[config(1, "one", "a"), role("one")]), "a (1)");
        assert_eq!(of(&[config(1, "one", ""), role("one")]), "default");
    }

    #[test]
    fn what_only_a_script_writes_is_not_known() {
        let writes = "vault write db/main/config/one username_template='x-{{random 5}}'";
        let unknown = "unknown: the script at scenario.toml:8:1 writes a `username_template`";
        assert_eq!(of(&[script(writes), role("one")]), unknown);
        assert_eq!(of(&[config(1, "one", "a"), script(writes), role("one")]), unknown);
        // The script is of another connection, or leaves the template as it is.
        assert_eq!(of(&[config(1, "two", "a"), script(writes), role("two")]), "a (1)");
        assert_eq!(of(&[config(1, "one", "a"), script("vault write db/main/config/one x=y"), role("one")]), "a (1)");
        assert_eq!(of(&[config(1, "two", "a"), role("one")]), "unknown: no step writes the connection `one`");
        let several = "unknown: no step writes the role, and several connections are written";
        assert_eq!(of(&[config(1, "one", "a"), config(2, "two", "b")]), several);
    }
}
