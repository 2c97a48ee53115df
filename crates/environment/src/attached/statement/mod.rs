//! What the statements of a setup do, as PostgreSQL's own grammar reads them: whether it goes away with the roles and
//! databases that the setup creates.
//!
//! It is an allow-list. What is not named here is refused, whatever it does.

mod body;
mod composed;
mod declared;
mod names;
mod nested;
mod plpgsql;
mod reads;
mod rights;
mod sessions;
mod settings;
mod vault;

use std::collections::BTreeSet;
use std::ops::Range;

use leaseproof_history::MadeThere;
use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterOwnerStmt, CommentStmt, CreatedbStmt, DefElem, Node, ObjectType, RenameStmt, RoleSpec, RoleSpecType,
    TransactionStmtKind,
};

pub(super) use self::vault::of_vault;

/// What a statement does beyond the databases that the setup creates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: it goes with its database, or with its session.
    Within,
    /// It changes a role or a database that the setup made, and no other.
    OnOurs,
    /// It makes a role.
    MakesRole(MadeThere),
    /// It makes a database.
    MakesDatabase(MadeThere),
    /// It begins a transaction, or ends one.
    Transaction {
        /// Whether one is open after it.
        opens: bool,
        /// Whether it commits one.
        commits: bool,
    },
}

/// One statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its place in the script, in bytes.
    pub(super) place: Range<usize>,
    /// What it does.
    pub(super) effect: Effect,
}

/// Why a script is not run, and where in it, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) at: usize,
    pub(super) why: String,
}

/// Where a script runs, and what the setup has made until then.
pub(super) struct Scope<'a> {
    /// The cluster.
    pub(super) on: &'a str,
    /// The database.
    pub(super) database: &'a str,
    /// What has been made.
    pub(super) made: &'a mut BTreeSet<MadeThere>,
    /// Whether Vault runs it, for a credential.
    pub(super) is_of_vault: bool,
    /// Whether the account under which Vault runs it is one that the setup creates: what `CURRENT_USER` is.
    pub(super) has_own_account: bool,
}

impl Scope<'_> {
    fn has_role(&self, name: &str) -> bool {
        let made = || MadeThere::Role { cluster: self.on.to_owned(), name: name.to_owned() };
        self.is_credential(name) || (is_known(name) && self.made.contains(&made()))
    }

    /// Whether it is the role of Vault's credential: exactly `{{name}}`. No lease names another one.
    fn is_credential(&self, name: &str) -> bool {
        self.is_of_vault && name == vault::CREDENTIAL
    }

    fn has_database(&self, name: &str) -> bool {
        is_known(name)
            && self.made.contains(&MadeThere::Database { cluster: self.on.to_owned(), name: name.to_owned() })
    }

    fn is_ours(&self, role: Option<&RoleSpec>) -> bool {
        role.is_some_and(|role| match role.roletype() {
            RoleSpecType::RolespecCstring => self.has_role(&role.rolename),
            _ => rights::is_account(role) && self.is_of_vault && self.has_own_account,
        })
    }

    /// Why what would go with this database stays.
    fn not_ours(&self) -> String {
        format!("the database {} is not one that the setup creates", self.database)
    }

    /// Whether what is done in this database goes with it.
    fn is_in_ours(&self) -> bool {
        self.has_database(self.database)
    }
}

/// Whether a name is known before the statement runs.
fn is_known(name: &str) -> bool {
    !name.contains(composed::UNKNOWN)
}

/// The statements of a script, in order; what they make is added to the scope.
///
/// # Errors
/// [`Refused`] for the first one that PostgreSQL's grammar does not know, or that does more than go with what the setup
/// makes.
pub(super) fn read(script: &str, scope: &mut Scope<'_>) -> Result<Vec<Statement>, Refused> {
    let parsed = pg_query::parse(script, 0).map_err(|why| Refused { at: 0, why: format!("it is no SQL: {why}") })?;
    let mut statements = Vec::new();
    for raw in parsed.protobuf.stmts {
        let begin = usize::try_from(raw.stmt_location).unwrap_or_default();
        let length = usize::try_from(raw.stmt_len).unwrap_or_default();
        let end = if length == 0 { script.len() } else { begin + length };
        let begin = end - script[begin..end].trim_start().len();
        let refused = |why: String| Refused { at: begin, why };
        let node = raw.stmt.and_then(|stmt| stmt.node).ok_or_else(|| refused(UNREAD.to_owned()))?;
        let effect = effect(&node, scope).map_err(refused)?;
        if let Effect::MakesRole(made) | Effect::MakesDatabase(made) = &effect {
            scope.made.insert(made.clone());
        }
        statements.push(Statement { place: begin..end, effect });
    }
    Ok(statements)
}

/// Each statement of a text, with the text from there on; none where libpg_query returns no statement.
fn each<'a>(text: &'a str, parsed: &'a pg_query::ParseResult) -> impl Iterator<Item = (&'a str, Option<&'a NodeEnum>)> {
    parsed.protobuf.stmts.iter().map(move |raw| {
        let begin = usize::try_from(raw.stmt_location).unwrap_or_default();
        (text.get(begin..).unwrap_or_default(), raw.stmt.as_ref().and_then(|stmt| stmt.node.as_ref()))
    })
}

const UNREAD: &str = "leaseproof cannot read what kind of statement it is";

/// The first words of a statement. Never more than three: a password comes later.
pub(super) fn first_words(code: &str) -> String {
    let is_name = |word: &&str| word.chars().all(|sign| sign.is_alphanumeric() || matches!(sign, '_' | '"'));
    code.split_whitespace().take(3).take_while(is_name).collect::<Vec<_>>().join(" ")
}

/// The same statement, which makes a database, under another name.
pub(super) fn renamed(create_database: &str, name: &str) -> Option<String> {
    let mut parsed = pg_query::parse(create_database, 0).ok()?.protobuf;
    let [statement] = parsed.stmts.as_mut_slice() else { return None };
    let Some(NodeEnum::CreatedbStmt(create)) = statement.stmt.as_mut()?.node.as_mut() else { return None };
    create.dbname = name.to_owned();
    pg_query::deparse(&parsed, pg_query::DeparseOptions::default()).ok()
}

fn effect(node: &NodeEnum, scope: &Scope<'_>) -> Result<Effect, String> {
    harmless(node, scope)?;
    let on_ours = |is_ours: bool, why: &str| if is_ours { Ok(Effect::OnOurs) } else { Err(why.to_owned()) };
    match node {
        NodeEnum::CreateRoleStmt(create) => {
            rights::of_new_members(create, scope)?;
            Ok(Effect::MakesRole(MadeThere::Role { cluster: scope.on.to_owned(), name: create.role.clone() }))
        }
        NodeEnum::CreatedbStmt(create) => {
            database_options(&create.options, scope)?;
            let CreatedbStmt { dbname, .. } = create;
            Ok(Effect::MakesDatabase(MadeThere::Database { cluster: scope.on.to_owned(), name: dbname.clone() }))
        }
        NodeEnum::AlterRoleStmt(alter) if rights::is_of_members(alter) => rights::of_group(alter, scope),
        NodeEnum::AlterRoleStmt(alter) => {
            on_ours(scope.is_ours(alter.role.as_ref()), "it changes a role that the setup does not create")
        }
        NodeEnum::AlterRoleSetStmt(alter) => {
            settings::of_role(alter, scope)?;
            on_ours(scope.is_ours(alter.role.as_ref()), "it changes settings of roles that the setup does not create")
        }
        NodeEnum::AlterDatabaseStmt(alter) => {
            database_options(&alter.options, scope)?;
            on_ours(scope.has_database(&alter.dbname), "it changes a database that the setup does not create")
        }
        NodeEnum::AlterDatabaseSetStmt(alter) => {
            settings::of_database(alter, scope)?;
            on_ours(scope.has_database(&alter.dbname), "it changes a database that the setup does not create")
        }
        NodeEnum::GrantRoleStmt(grant) => rights::of_roles(grant, scope),
        NodeEnum::GrantStmt(grant) => rights::on_objects(grant, scope),
        NodeEnum::AlterOwnerStmt(alter) => owner(alter, scope),
        NodeEnum::RenameStmt(rename) => renames(rename, scope),
        NodeEnum::CommentStmt(comment) => comments(comment, scope),
        NodeEnum::VariableSetStmt(set) => settings::of_session(set, scope),
        NodeEnum::VariableShowStmt(_) => Ok(Effect::Within),
        NodeEnum::DoStmt(block) => body::of_do(block, scope),
        NodeEnum::TransactionStmt(statement) => transaction(statement.kind(), statement.chain),
        _ if !scope.is_in_ours() => Err(scope.not_ours()),
        NodeEnum::DropStmt(drop) if drop.concurrent => Err(CONCURRENTLY.to_owned()),
        NodeEnum::IndexStmt(index) if index.concurrent => Err(CONCURRENTLY.to_owned()),
        NodeEnum::DropStmt(drop) if is_beyond_a_database(drop.remove_type()) => {
            Err("what it removes is not of one database".to_owned())
        }
        node if nested::is_of_a_database(node) => Ok(Effect::Within),
        _ => Err("it may change more than what the setup creates".to_owned()),
    }
}

const CONCURRENTLY: &str = "CONCURRENTLY cannot be undone as a whole: leave that word out";

/// Kinds of objects that are the cluster's, or that lead out of it.
fn is_beyond_a_database(kind: ObjectType) -> bool {
    matches!(
        kind,
        ObjectType::ObjectRole
            | ObjectType::ObjectDatabase
            | ObjectType::ObjectTablespace
            | ObjectType::ObjectParameterAcl
            | ObjectType::ObjectSubscription
            | ObjectType::ObjectEventTrigger
            | ObjectType::ObjectFdw
            | ObjectType::ObjectForeignServer
            | ObjectType::ObjectForeignTable
            | ObjectType::ObjectUserMapping
            | ObjectType::Undefined
    )
}

/// Options of a database with which leaseproof could not remove it afterwards.
fn database_options(options: &[Node], scope: &Scope<'_>) -> Result<(), String> {
    for option in options.iter().filter_map(option) {
        let value = option.arg.as_ref().and_then(|arg| arg.node.as_ref());
        match (option.defname.as_str(), value) {
            ("owner", Some(NodeEnum::String(owner))) if scope.has_role(&owner.sval) => {}
            ("owner", Some(_)) => return Err("the database's owner is not a role that the setup creates".to_owned()),
            ("is_template" | "allow_connections", Some(_)) => {
                return Err(format!("a database with {} cannot be removed as it was made", option.defname));
            }
            _ => {}
        }
    }
    Ok(())
}

fn option(node: &Node) -> Option<&DefElem> {
    if let Some(NodeEnum::DefElem(option)) = &node.node { Some(option) } else { None }
}

/// The text of a node that is a name or a literal text.
fn name(object: Option<&Node>) -> Option<&str> {
    if let Some(NodeEnum::String(name)) = &object?.node { Some(&name.sval) } else { None }
}

fn owner(alter: &AlterOwnerStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    let object = name(alter.object.as_deref());
    match alter.object_type() {
        ObjectType::ObjectDatabase if object.is_some_and(|name| scope.has_database(name)) => {
            if scope.is_ours(alter.newowner.as_ref()) {
                return Ok(Effect::OnOurs);
            }
            Err("the database's new owner is not a role that the setup creates".to_owned())
        }
        kind if is_beyond_a_database(kind) => Err("what it gives away is not the setup's".to_owned()),
        _ if scope.is_in_ours() => Ok(Effect::Within),
        _ => Err(scope.not_ours()),
    }
}

fn renames(rename: &RenameStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    match rename.rename_type() {
        ObjectType::ObjectRole | ObjectType::ObjectDatabase => {
            Err("it renames a role or a database: make it with the name that it is to have".to_owned())
        }
        kind if is_beyond_a_database(kind) => Err("what it renames is not of one database".to_owned()),
        _ if scope.is_in_ours() => Ok(Effect::Within),
        _ => Err(scope.not_ours()),
    }
}

fn comments(comment: &CommentStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    let object = name(comment.object.as_deref());
    let is_ours = match comment.objtype() {
        ObjectType::ObjectRole => object.is_some_and(|name| scope.has_role(name)),
        ObjectType::ObjectDatabase => object.is_some_and(|name| scope.has_database(name)),
        kind => !is_beyond_a_database(kind) && scope.is_in_ours(),
    };
    if is_ours { Ok(Effect::OnOurs) } else { Err("what it comments on is not the setup's".to_owned()) }
}

fn transaction(kind: TransactionStmtKind, chain: bool) -> Result<Effect, String> {
    use TransactionStmtKind as Kind;
    match kind {
        Kind::TransStmtBegin
        | Kind::TransStmtStart
        | Kind::TransStmtSavepoint
        | Kind::TransStmtRelease
        | Kind::TransStmtRollbackTo => Ok(Effect::Transaction { opens: true, commits: false }),
        Kind::TransStmtCommit => Ok(Effect::Transaction { opens: chain, commits: true }),
        Kind::TransStmtRollback => Ok(Effect::Transaction { opens: chain, commits: false }),
        _ => Err("a prepared transaction outlives its session".to_owned()),
    }
}

/// That nothing inside of it reaches out of its database.
///
/// # Errors
/// Why it may.
fn harmless(node: &NodeEnum, scope: &Scope<'_>) -> Result<(), String> {
    nested::checked(node, scope)?;
    match node {
        NodeEnum::CreateFunctionStmt(create) => {
            nested::with_settings(&create.options, scope)?;
            body::of_function(create, scope)
        }
        NodeEnum::AlterFunctionStmt(alter)
            if alter.actions.iter().filter_map(option).any(body::is_security_definer) =>
        {
            Err(body::DEFINER.to_owned())
        }
        NodeEnum::AlterFunctionStmt(alter) => nested::with_settings(&alter.actions, scope),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
