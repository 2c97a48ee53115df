//! Statements that Vault runs for a credential. They may change the credential's role, and what the setup creates.

use pg_query::protobuf::{Node, RoleSpec, RoleSpecType};
use pg_query::{NodeEnum, ParseResult};

use super::{Scope, each, effect, first_words, nested, rights};

/// Stands for the name that Vault gives a credential, `{{name}}`: it belongs to the run.
pub(super) const CREDENTIAL: &str = "leaseproof_credential";
/// Stands for the password, which the setup gives no role as its name.
const PASSWORD: &str = "leaseproof_password";

/// Reads statements as Vault does: as they are, or cut at each semicolon, also at one in a literal.
///
/// # Errors
/// The first words of the statement that changes something else, and why it does.
pub(in crate::attached) fn of_vault(text: &str, scope: &Scope<'_>) -> Result<(), (String, String)> {
    let filled = filled(text);
    let parsed = pg_query::parse(&filled, 0).map_err(|why| (shown(&filled), format!("it is no SQL: {why}")))?;
    within(&filled, &parsed, false, scope)?;
    for piece in filled.split(';').map(str::trim) {
        if let Ok(parsed) = pg_query::parse(piece, 0) {
            within(piece, &parsed, true, scope)?;
        }
    }
    Ok(())
}

fn filled(text: &str) -> String {
    let names = ["{{name}}", "{{username}}"].iter().fold(text.to_owned(), |text, name| text.replace(name, CREDENTIAL));
    names.replace("{{password}}", PASSWORD).replace("{{expiration}}", "2030-01-01 00:00:00+00")
}

fn within(text: &str, parsed: &ParseResult, is_piece: bool, scope: &Scope<'_>) -> Result<(), (String, String)> {
    each(text, parsed).try_for_each(|(code, node)| judge(node, is_piece, scope).map_err(|why| (shown(code), why)))
}

/// Whether a statement changes only the credential's role, and what the setup creates.
pub(super) fn judge(node: &NodeEnum, is_piece: bool, scope: &Scope<'_>) -> Result<(), String> {
    let ours = |roles: &[Node]| roles.iter().filter_map(role).try_for_each(|role| of_role(role, scope));
    let is_credential = |role: &RoleSpec| scope.is_credential(&role.rolename);
    match node {
        // `EXECUTE`, `CLOSE` and `MOVE` of PL/pgSQL, in a piece of a DO block.
        NodeEnum::ExecuteStmt(_) | NodeEnum::ClosePortalStmt(_) | NodeEnum::FetchStmt(_) if is_piece => Ok(()),
        NodeEnum::DropRoleStmt(drop) => {
            ours(&drop.roles)?;
            if drop.roles.iter().filter_map(role).all(is_credential) { Ok(()) } else { Err(REMOVES.to_owned()) }
        }
        NodeEnum::DropOwnedStmt(drop) => ours(&drop.roles),
        NodeEnum::ReassignOwnedStmt(reassign) => {
            ours(&reassign.roles)?;
            reassign.newrole.iter().try_for_each(|role| of_role(role, scope))?;
            let is_named = |role: &RoleSpec| role.roletype() == RoleSpecType::RolespecCstring;
            // What it owns there would keep the new owner's role.
            if reassign.newrole.as_ref().is_some_and(is_named) && !scope.is_in_ours() {
                return Err(scope.not_ours());
            }
            Ok(())
        }
        NodeEnum::CreatedbStmt(_) => Err("it creates a database, which no lease removes".to_owned()),
        NodeEnum::AlterRoleStmt(alter) if !rights::is_of_members(alter) => {
            alter.role.iter().try_for_each(|role| of_role(role, scope))?;
            effect(node, scope).map(drop)
        }
        NodeEnum::AlterRoleSetStmt(alter) => {
            alter.role.iter().try_for_each(|role| of_role(role, scope))?;
            effect(node, scope).map(drop)
        }
        NodeEnum::CreateRoleStmt(create) if !scope.has_role(&create.role) => Err(creates(&create.role)),
        // Such rights end with the credential.
        NodeEnum::GrantStmt(grant) if grant.grantees.iter().filter_map(role).all(is_credential) => Ok(()),
        NodeEnum::SelectStmt(_) => nested::harmless(node, scope),
        node => effect(node, scope).map(drop),
    }
}

const REMOVES: &str = "it removes a role that the setup creates: leaseproof removes it after the run";

fn creates(role: &str) -> String {
    if role.contains(CREDENTIAL) {
        let role = role.replace(CREDENTIAL, "{{name}}");
        return format!(
            "it creates the role \"{role}\", which no lease names and nobody would remove: create only \"{{{{name}}}}\""
        );
    }
    format!("it creates the role {role}, which is the same for every credential")
}

fn role(node: &Node) -> Option<&RoleSpec> {
    if let Some(NodeEnum::RoleSpec(role)) = &node.node { Some(role) } else { None }
}

/// Makes sure that it is the credential's role, or one of the setup's.
fn of_role(role: &RoleSpec, scope: &Scope<'_>) -> Result<(), String> {
    if scope.is_ours(Some(role)) {
        return Ok(());
    }
    Err(if rights::is_account(role) {
        "it changes the account of the connection, which is not a role that the setup creates".to_owned()
    } else {
        "it changes a role that is neither the credential's nor one that the setup creates".to_owned()
    })
}

/// The first words of a statement as the setup has them.
pub(super) fn shown(text: &str) -> String {
    first_words(text).replace(CREDENTIAL, "{{name}}")
}
