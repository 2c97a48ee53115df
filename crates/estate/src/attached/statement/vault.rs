//! Statements that Vault runs for a credential. They may change the credential's role, and what the setup creates.

use pg_query::NodeEnum;
use pg_query::protobuf::Node;

use super::{Scope, effect, nested};

/// Stands for the name that Vault gives a credential, `{{name}}`: it belongs to the run.
pub(super) const CREDENTIAL: &str = "leaseproof_credential";

/// Reads statements as Vault does: as they are, or cut at each semicolon, also at one in a literal. DO blocks, and
/// statements in texts, cannot be read.
///
/// # Errors
/// The first words of the statement that changes something else, and why it does.
pub(in crate::attached) fn of_vault(text: &str, scope: &mut Scope<'_>) -> Result<(), (String, String)> {
    let filled = filled(text);
    match pg_query::parse(&filled, 0) {
        Ok(_) => within(&filled, false, scope)?,
        Err(why) => return Err((first_words(&filled), format!("it is no SQL: {why}"))),
    }
    let pieces = filled.split(';').map(str::trim).filter(|piece| pg_query::parse(piece, 0).is_ok());
    for piece in pieces {
        within(piece, true, scope)?;
    }
    Ok(())
}

fn filled(text: &str) -> String {
    let names = ["{{name}}", "{{username}}"].iter().fold(text.to_owned(), |text, name| text.replace(name, CREDENTIAL));
    names.replace("{{password}}", "x").replace("{{expiration}}", "2030-01-01 00:00:00+00")
}

fn within(text: &str, is_piece: bool, scope: &mut Scope<'_>) -> Result<(), (String, String)> {
    let parsed = pg_query::parse(text, 0).map_err(|why| (first_words(text), why.to_string()))?;
    for raw in &parsed.protobuf.stmts {
        let begin = usize::try_from(raw.stmt_location).unwrap_or_default();
        let node = raw.stmt.as_ref().and_then(|stmt| stmt.node.as_ref());
        let judged = node.map_or(Ok(()), |node| judge(node, is_piece, scope));
        judged.map_err(|why| (first_words(text.get(begin..).unwrap_or_default()), why))?;
    }
    Ok(())
}

fn judge(node: &NodeEnum, is_piece: bool, scope: &Scope<'_>) -> Result<(), String> {
    let ours = |roles: &[Node]| {
        let is_ours = |role: &Node| matches!(&role.node, Some(NodeEnum::RoleSpec(role)) if scope.is_ours(Some(role)));
        if roles.iter().all(is_ours) {
            Ok(())
        } else {
            Err("it changes a role that is neither the credential's nor one that the setup creates".to_owned())
        }
    };
    match node {
        NodeEnum::DoStmt(_) => Ok(()),
        // `EXECUTE` of PL/pgSQL, in a piece of a DO block.
        NodeEnum::ExecuteStmt(_) if is_piece => Ok(()),
        NodeEnum::DropRoleStmt(drop) => ours(&drop.roles),
        NodeEnum::DropOwnedStmt(drop) => ours(&drop.roles),
        NodeEnum::ReassignOwnedStmt(reassign) if scope.is_ours(reassign.newrole.as_ref()) => ours(&reassign.roles),
        NodeEnum::CreateRoleStmt(create) if !create.role.contains(CREDENTIAL) => {
            Err(format!("it creates the role {}, which is the same for every credential", create.role))
        }
        // Such rights end with the credential.
        NodeEnum::GrantStmt(grant) if ours(&grant.grantees).is_ok() => Ok(()),
        // It closes the credential's sessions.
        NodeEnum::SelectStmt(_) => nested::harmless_to_others(node),
        node => effect(node, scope).map(drop),
    }
}

/// Never more: a password comes later.
fn first_words(text: &str) -> String {
    let is_name = |word: &&str| word.chars().all(|sign| sign.is_alphanumeric() || matches!(sign, '_' | '"'));
    let words: Vec<&str> = text.split_whitespace().take(3).take_while(is_name).collect();
    words.join(" ").replace(CREDENTIAL, "{{name}}")
}
