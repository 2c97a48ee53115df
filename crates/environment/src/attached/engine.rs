//! What a setup writes to its database secrets engine: Vault's account and Vault's statements must stay within the roles
//! and databases that the setup creates, as the setup's own SQL must.

mod connection;
mod keywords;

use std::collections::{BTreeMap, BTreeSet};

use leaseproof_domain::Origin;
use leaseproof_history::MadeThere;
use leaseproof_scenario::{AttachedPlan, Plan, SettingValue, SetupAction, SetupStep};

use self::connection::{Place, place};
use super::AttachError;
use super::statement::{Scope, of_vault};
use crate::placeholders::Placeholders;

/// What a connection of the engine is called: mount and name.
type Name = (String, String);

/// A write to a mount, in the parts that matter here.
struct Write<'a> {
    step: &'a SetupStep,
    mount: String,
    /// What follows the mount: `config`, `roles`, …
    kind: String,
    name: String,
    data: &'a BTreeMap<String, SettingValue>,
}

/// Refuses the first write through which Vault would change what is not the setup's.
///
/// # Errors
/// [`AttachError::NotOurs`], with the line of the key.
pub(super) fn within(
    plan: &Plan,
    attached: &AttachedPlan,
    placeholders: &Placeholders,
    made: &BTreeSet<MadeThere>,
) -> Result<(), AttachError> {
    let writes: Vec<Write<'_>> = plan.setup.iter().filter_map(|step| of(step, made)).collect();
    let mut connections: BTreeMap<Name, Vec<Place>> = BTreeMap::new();
    let mut accounts: BTreeMap<Name, Vec<String>> = BTreeMap::new();
    for write in writes.iter().filter(|write| write.kind == "config") {
        let of = || (write.mount.clone(), write.name.clone());
        accounts.entry(of()).or_default().extend(write.text("username", placeholders)?);
        if let Some(url) = write.text("connection_url", placeholders)? {
            let found = place(&url, attached).map_err(|why| write.refused("connection_url", why))?;
            accounts.entry(of()).or_default().extend(found.user.clone());
            connections.entry(of()).or_default().push(found);
        }
    }
    let guard = Guard { connections: &connections, accounts: &accounts, placeholders, made };
    writes.iter().try_for_each(|write| guard.check(write))
}

fn of<'a>(step: &'a SetupStep, made: &BTreeSet<MadeThere>) -> Option<Write<'a>> {
    let SetupAction::Write { path, data } = &step.action else { return None };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = parts.join("/");
    let mounts = made.iter().filter_map(|made| match made {
        MadeThere::Mount { path: mount } if path.starts_with(&format!("{mount}/")) => Some(mount),
        _ => None,
    });
    let mount = mounts.max_by_key(|mount| mount.len())?.clone();
    let (kind, name) = path[mount.len() + 1..].split_once('/').unwrap_or((&path[mount.len() + 1..], ""));
    Some(Write { step, kind: kind.to_owned(), name: name.to_owned(), mount, data })
}

impl Write<'_> {
    fn refused(&self, key: &str, why: String) -> AttachError {
        let origin: &Origin = self.step.keys.get(key).unwrap_or(&self.step.origin);
        AttachError::NotOurs { origin: origin.clone(), why: format!("`{key}` of {}/{}: {why}", self.kind, self.name) }
    }

    /// The texts of a key, with what `${…}` is.
    fn texts(&self, key: &str, placeholders: &Placeholders) -> Result<Vec<String>, AttachError> {
        let settings = match self.data.get(key) {
            Some(SettingValue::Text(text)) => vec![text.expose()],
            Some(SettingValue::List(texts)) => texts.iter().map(|text| text.expose()).collect(),
            _ => Vec::new(),
        };
        let fill = |text: &str| placeholders.fill(text).map_err(|why| self.refused(key, why.to_string()));
        settings.into_iter().map(fill).collect()
    }

    fn text(&self, key: &str, placeholders: &Placeholders) -> Result<Option<String>, AttachError> {
        Ok(self.texts(key, placeholders)?.into_iter().next())
    }
}

struct Guard<'a> {
    connections: &'a BTreeMap<Name, Vec<Place>>,
    /// As whom they log in.
    accounts: &'a BTreeMap<Name, Vec<String>>,
    placeholders: &'a Placeholders,
    made: &'a BTreeSet<MadeThere>,
}

impl Guard<'_> {
    fn check(&self, write: &Write<'_>) -> Result<(), AttachError> {
        let connection = match write.kind.as_str() {
            "config" | "rotate-root" => write.name.clone(),
            _ => write.text("db_name", self.placeholders)?.unwrap_or_default(),
        };
        let none = Vec::new();
        let connection = (write.mount.clone(), connection);
        let places = self.connections.get(&connection).unwrap_or(&none);
        let accounts = self.accounts.get(&connection).map_or(&[] as &[String], Vec::as_slice);
        self.accounts(write, places)?;
        for key in write.data.keys().filter(|key| is_of_statements(key)) {
            let texts = write.texts(key, self.placeholders)?;
            if !texts.is_empty() && places.is_empty() {
                return Err(write.refused(key, "the setup writes no connection for it".to_owned()));
            }
            for text in texts.iter().flat_map(|text| connection::decoded(text)) {
                places.iter().try_for_each(|place| self.statements(write, key, &text, (place, accounts)))?;
            }
        }
        Ok(())
    }

    /// The accounts whose passwords Vault rotates: those of static roles, and a connection's own by rotate-root. To log in
    /// with an account changes nothing.
    fn accounts(&self, write: &Write<'_>, places: &[Place]) -> Result<(), AttachError> {
        let named = write.text("username", self.placeholders)?;
        if write.kind == "static-roles" {
            if places.is_empty() {
                return Err(write.refused("db_name", "the setup writes no connection for it".to_owned()));
            }
            self.ours(write, named.as_slice(), places)?;
        }
        let rotates = write.data.keys().any(|key| key.starts_with("rotation_"));
        if write.kind == "rotate-root" || (write.kind == "config" && rotates) {
            let connection = (write.mount.clone(), write.name.clone());
            let accounts = self.accounts.get(&connection);
            self.ours(write, accounts.map_or(&[], Vec::as_slice), places)?;
        }
        match write.text("username_template", self.placeholders)? {
            Some(template)
                if !["random", "unix_time", "uuid", "timestamp"].iter().any(|part| template.contains(part)) =>
            {
                let why = "every credential would have the same name, which may be that of another role".to_owned();
                Err(write.refused("username_template", why))
            }
            _ => Ok(()),
        }
    }

    /// Makes sure that those are roles that the setup creates.
    fn ours(&self, write: &Write<'_>, names: &[String], places: &[Place]) -> Result<(), AttachError> {
        for (name, place) in names.iter().flat_map(|name| places.iter().map(move |place| (name, place))) {
            let role = MadeThere::Role { cluster: place.cluster.clone(), name: name.clone() };
            if !self.made.contains(&role) {
                let why = format!("it rotates the password of {name}, which is not a role that the setup creates");
                return Err(write.refused("username", why));
            }
        }
        Ok(())
    }

    /// Of the statements that Vault runs in a place, under one of those accounts.
    fn statements(
        &self,
        write: &Write<'_>,
        key: &str,
        text: &str,
        (place, accounts): (&Place, &[String]),
    ) -> Result<(), AttachError> {
        let mut made = self.made.clone();
        let is_made =
            |name: &String| made.contains(&MadeThere::Role { cluster: place.cluster.clone(), name: name.clone() });
        let has_own_account = !accounts.is_empty() && accounts.iter().all(is_made);
        let (on, database) = (&place.cluster, &place.database);
        let scope = Scope { on, database, made: &mut made, is_of_vault: true, has_own_account };
        of_vault(text, &scope).map_err(|(statement, why)| write.refused(key, format!("`{statement}`: {why}")))
    }
}

/// `creation_statements`, `revocation_statements`, `rollback_…`, `renew_…`, `rotation_…`, `root_rotation_…`, and the names
/// that earlier versions of Vault have for them.
fn is_of_statements(key: &str) -> bool {
    key.ends_with("statements") || key.ends_with("_sql") || key == "sql"
}

#[cfg(test)]
mod tests;
