//! Grant fragments: what SQL has between GRANT and TO, `SELECT, UPDATE (a) ON TABLE t WITH GRANT OPTION`; and, for
//! objects that are yet to be made, `SELECT ON FUTURE TABLES IN SCHEMA app CREATED BY owner`.
//!
//! Read by hand and not by an SQL parser: every slip has its place inside the fragment. Grammar: PostgreSQL's `GRANT`
//! and `ALTER DEFAULT PRIVILEGES`.

mod on;
mod reader;
mod target;
mod token;
mod types;

use std::ops::Range;

use leaseproof_domain::{Grant, Object, ObjectKind, Privilege};

use self::reader::Reader;
use self::target::On;
use self::token::tokens;
use crate::near::listed;
use crate::plan::{FuturePromise, WholeSchema};

/// The first major version that has MAINTAIN.
const MAINTAIN: u32 = 17;
/// The first major version with privileges on configuration parameters.
const PARAMETERS: u32 = 15;
/// The first major version with default privileges on large objects.
const FUTURE_LARGE_OBJECTS: u32 = 18;

/// What a fragment grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) grants: Vec<Grant>,
    pub(crate) whole_schemas: Vec<WholeSchema>,
    pub(crate) future: Vec<FuturePromise>,
}

/// What is wrong with a fragment, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) at: Range<usize>,
    pub(crate) message: String,
    pub(crate) label: Option<String>,
    pub(crate) help: Option<String>,
}

impl Wrong {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), label: None, help: None }
    }

    /// What a later version brought.
    fn since(at: Range<usize>, what: &str, since: u32, version: u32) -> Self {
        Self::new(at, format!("{what}: PostgreSQL has this from {since} on"))
            .help(format!("the scenario's cluster is of version {version}"))
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Reads a fragment for a server of that major version.
pub(crate) fn read(text: &str, version: u32) -> Result<Granted, Vec<Wrong>> {
    let tokens = tokens(text);
    let mut reader = Reader::new(text, &tokens);
    let fragment = reader.fragment().map_err(|wrong| vec![wrong])?;
    fragment.granted(version)
}

/// Reads objects alone, as they stand behind ON: `TABLE app.orders, app.lines`.
pub(crate) fn read_objects(text: &str) -> Result<Vec<Object>, Vec<Wrong>> {
    let tokens = tokens(text);
    Reader::new(text, &tokens).only_objects().map_err(|wrong| vec![wrong])
}

/// A fragment as written.
struct Fragment {
    privileges: Vec<Listed>,
    on: On,
    /// Where the kind of object stands.
    on_at: Range<usize>,
    grantable: bool,
}

/// A privilege of the list, perhaps on columns.
struct Listed {
    /// None is ALL PRIVILEGES.
    privilege: Option<Privilege>,
    columns: Vec<String>,
    at: Range<usize>,
}

impl Fragment {
    fn granted(&self, version: u32) -> Result<Granted, Vec<Wrong>> {
        let mut granted = Granted::default();
        let mut wrong: Vec<Wrong> = self.too_early(version).into_iter().collect();
        for listed in &self.privileges {
            match self.meant(listed, version) {
                Ok(privileges) => privileges.iter().for_each(|privilege| self.add(*privilege, listed, &mut granted)),
                Err(error) => wrong.push(error),
            }
        }
        if wrong.is_empty() { Ok(granted) } else { Err(wrong) }
    }

    /// What the plan's server cannot grant on at all.
    fn too_early(&self, version: u32) -> Option<Wrong> {
        let (what, since) = match &self.on {
            On::Objects { kind: ObjectKind::Parameter, .. } => ("privileges on parameters", PARAMETERS),
            On::Future { kind: ObjectKind::LargeObject, .. } => {
                ("default privileges on large objects", FUTURE_LARGE_OBJECTS)
            }
            _ => return None,
        };
        (version < since).then(|| Wrong::since(self.on_at.clone(), what, since, version))
    }

    /// The privileges that one of the list stands for, where its kind of object has them.
    fn meant(&self, listed: &Listed, version: u32) -> Result<Vec<Privilege>, Wrong> {
        let of = if listed.columns.is_empty() { self.on.kind() } else { ObjectKind::Column };
        if of == ObjectKind::Column && !matches!(&self.on, On::Objects { kind: ObjectKind::Table, .. }) {
            return Err(Wrong::new(
                listed.at.clone(),
                "columns are allowed only with tables that are named one by one",
            ));
        }
        let known = |privilege: &Privilege| *privilege != Privilege::Maintain || version >= MAINTAIN;
        let has = || of.privileges().iter().copied().filter(known);
        let Some(privilege) = listed.privilege else { return Ok(has().collect()) };
        if has().any(|one| one == privilege) {
            return Ok(vec![privilege]);
        }
        if of.privileges().contains(&privilege) {
            return Err(Wrong::since(listed.at.clone(), privilege.word(), MAINTAIN, version));
        }
        let mut wrong =
            Wrong::new(listed.at.clone(), format!("a {} has no privilege {privilege}", of.word().to_lowercase()))
                .help(format!("it has {}", self::listed(has().map(Privilege::word))));
        let implied = matches!(self.on, On::Objects { implied: true, .. });
        if implied && ObjectKind::Sequence.privileges().contains(&privilege) {
            wrong.label = Some("names without a kind are tables: did you mean `ON SEQUENCE`?".into());
        } else if implied && ObjectKind::Function.privileges().contains(&privilege) {
            wrong.label = Some("names without a kind are tables: did you mean `ON FUNCTION`?".into());
        }
        Err(wrong)
    }

    fn add(&self, privilege: Privilege, listed: &Listed, granted: &mut Granted) {
        let grantable = self.grantable;
        match &self.on {
            On::Schemas { kind, names } => granted.whole_schemas.extend(names.iter().map(|schema| WholeSchema {
                privilege,
                kind: *kind,
                schema: schema.clone(),
                grantable,
            })),
            On::Future { kind, schemas, creators } => {
                for creator in creators {
                    let promise = |schema: Option<&String>| FuturePromise {
                        privilege,
                        kind: *kind,
                        schema: schema.cloned(),
                        creator: creator.clone(),
                        grantable,
                    };
                    match schemas.as_slice() {
                        [] => granted.future.push(promise(None)),
                        schemas => granted.future.extend(schemas.iter().map(|schema| promise(Some(schema)))),
                    }
                }
            }
            On::Objects { objects, .. } => {
                for object in objects {
                    if listed.columns.is_empty() {
                        granted.grants.push(Grant { privilege, object: object.clone(), grantable });
                    }
                    granted.grants.extend(listed.columns.iter().map(|column| {
                        let column = Some(column.clone());
                        Grant {
                            privilege,
                            object: Object { kind: ObjectKind::Column, column, ..object.clone() },
                            grantable,
                        }
                    }));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
