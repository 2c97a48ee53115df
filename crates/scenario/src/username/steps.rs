//! Which template is in force for a role, as far as the set-up says.

use std::collections::BTreeMap;

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

/// The connections of one mount, and the one that the role names.
#[derive(Default)]
struct Mount<'s> {
    connections: BTreeMap<&'s str, Template>,
    connection: Option<&'s str>,
    /// A script that may have written connections that no step writes.
    script: Option<&'s Origin>,
}

/// How the usernames of a role are formed. The last write before the first credential counts; what a later write of a
/// connection leaves out stays as it was (Vault, builtin/logical/database/path_config_connection.go).
pub(crate) fn naming(role: &str, mount: &str, steps: &[SetupStep]) -> Naming {
    let mount = mount.trim_matches('/');
    let mut found = Mount::default();
    for step in steps.iter().filter(|step| step.expect.is_none()) {
        match &step.action {
            SetupAction::Write { path, data } => {
                let path = path.trim_matches('/').strip_prefix(mount).and_then(|path| path.strip_prefix('/'));
                let Some((kind, name)) = path.and_then(|path| path.split_once('/')) else { continue };
                match (kind, data.get(TEMPLATE), data.get("db_name")) {
                    ("config", template, _) => found.connection(name, template, &step.origin),
                    ("roles", _, Some(SettingValue::Text(Setting::Text(connection)))) if name == role => {
                        found.connection = Some(connection);
                    }
                    _ => {}
                }
            }
            SetupAction::Script { text, .. } => found.script(text, mount, &step.origin),
            _ => {}
        }
    }
    found.naming(role)
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
            Some(_) => *known = Template::Unknown(format!("`{TEMPLATE}` at {origin} is no plain text")),
        }
    }

    fn script(&mut self, text: &str, mount: &str, origin: &'s Origin) {
        let writes = |name: &str| text.contains(&format!("{mount}/config/{name}"));
        if text.contains(TEMPLATE) {
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
    }

    fn naming(self, role: &str) -> Naming {
        let template = match self.connection {
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
            (None, None) if self.connections.is_empty() => Naming::Default,
            (None, None) => Naming::Unknown {
                why: match self.connection {
                    Some(name) => format!("no step writes the connection `{name}`"),
                    None => "no step writes the role, and several connections are written".to_owned(),
                },
            },
        }
    }
}
