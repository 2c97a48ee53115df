//! Statements that Vault runs for a credential. They may change the credential's role, and what the setup creates.

use pg_query::protobuf::{Node, RoleSpec, RoleSpecType};
use pg_query::{NodeEnum, ParseResult};

use super::{Scope, UNREAD, each, effect, first_words, rights};

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
    of_parsed(&filled, &parsed, false, scope)?;
    for piece in filled.split(';').map(str::trim) {
        if let Ok(parsed) = pg_query::parse(piece, 0) {
            of_parsed(piece, &parsed, true, scope)?;
        }
    }
    Ok(())
}

fn filled(text: &str) -> String {
    let names = ["{{name}}", "{{username}}"].iter().fold(text.to_owned(), |text, name| text.replace(name, CREDENTIAL));
    names.replace("{{password}}", PASSWORD).replace("{{expiration}}", "2030-01-01 00:00:00+00")
}

fn of_parsed(text: &str, parsed: &ParseResult, is_piece: bool, scope: &Scope<'_>) -> Result<(), (String, String)> {
    each(text, parsed).try_for_each(|(code, node)| {
        let judged = node.ok_or_else(|| UNREAD.to_owned()).and_then(|node| judge(node, is_piece, scope));
        judged.map_err(|why| (shown(code), why))
    })
}

/// Whether a statement changes only the credential's role, and what the setup creates.
pub(super) fn judge(node: &NodeEnum, is_piece: bool, scope: &Scope<'_>) -> Result<(), String> {
    let ours = |nodes: &[Node]| roles(nodes)?.into_iter().try_for_each(|role| of_role(role, scope));
    let are_credentials = |nodes: &[Node]| -> Result<bool, String> {
        Ok(roles(nodes)?.iter().all(|role| scope.is_credential(&role.rolename)))
    };
    match node {
        // `EXECUTE`, `CLOSE` and `MOVE` of PL/pgSQL, in a piece of a DO block.
        NodeEnum::ExecuteStmt(_) | NodeEnum::ClosePortalStmt(_) | NodeEnum::FetchStmt(_) if is_piece => Ok(()),
        NodeEnum::DropRoleStmt(drop) => {
            ours(&drop.roles)?;
            if are_credentials(&drop.roles)? { Ok(()) } else { Err(REMOVES.to_owned()) }
        }
        NodeEnum::DropOwnedStmt(drop) => ours(&drop.roles),
        NodeEnum::ReassignOwnedStmt(reassign) => {
            ours(&reassign.roles)?;
            let owner = reassign.newrole.as_ref().ok_or(NO_ROLE)?;
            of_role(owner, scope)?;
            // What it owns there would keep the new owner's role.
            if owner.roletype() == RoleSpecType::RolespecCstring && !scope.is_in_ours() {
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
        NodeEnum::GrantStmt(grant) if are_credentials(&grant.grantees)? => Ok(()),
        NodeEnum::SelectStmt(_) => super::harmless(node, scope),
        node => effect(node, scope).map(drop),
    }
}

const REMOVES: &str = "it removes a role that the setup creates: leaseproof removes it after the run";

fn creates(role: &str) -> String {
    if role.contains(CREDENTIAL) {
        let role = role.replace(CREDENTIAL, "{{name}}");
        return format!(
            "it creates the role \"{role}\", which belongs to no lease and would not be removed: create only \"{{{{name}}}}\""
        );
    }
    format!("it creates the role {role}, which is the same for every credential")
}

const NO_ROLE: &str = "leaseproof cannot read which role it names";

/// The roles that a statement names: at least one, and all of them.
fn roles(nodes: &[Node]) -> Result<Vec<&RoleSpec>, String> {
    let roles = nodes.iter().map(|node| match &node.node {
        Some(NodeEnum::RoleSpec(role)) => Some(role),
        _ => None,
    });
    let roles = roles.collect::<Option<Vec<_>>>().filter(|roles| !roles.is_empty());
    roles.ok_or_else(|| NO_ROLE.to_owned())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

    use std::collections::BTreeSet;

    use pg_query::NodeEnum;
    use pg_query::protobuf::{Node, RoleSpec, RoleSpecType};

    use super::{Scope, judge, of_parsed};

    fn scope<R>(of: impl FnOnce(&Scope<'_>) -> R) -> R {
        let mut made = BTreeSet::new();
        of(&Scope { on: "target", database: "theirs", made: &mut made, is_of_vault: true, has_own_account: false })
    }

    /// The statement with other roles than those that the grammar reads.
    fn with(text: &str, roles: &[Node]) -> NodeEnum {
        let mut parsed = pg_query::parse(text, 0).unwrap().protobuf;
        let mut node = parsed.stmts.remove(0).stmt.unwrap().node.unwrap();
        match &mut node {
            NodeEnum::DropRoleStmt(drop) => drop.roles = roles.to_vec(),
            NodeEnum::DropOwnedStmt(drop) => drop.roles = roles.to_vec(),
            NodeEnum::ReassignOwnedStmt(reassign) => reassign.roles = roles.to_vec(),
            NodeEnum::GrantStmt(grant) => grant.grantees = roles.to_vec(),
            other => panic!("{other:?}"),
        }
        node
    }

    #[test]
    fn a_statement_whose_role_cannot_be_read_is_refused() {
        let roletype = RoleSpecType::RolespecCstring.into();
        let credential = RoleSpec { rolename: super::CREDENTIAL.to_owned(), roletype, location: 0 };
        let known = Node { node: Some(NodeEnum::RoleSpec(credential)) };
        for text in [
            "DROP ROLE \"leaseproof_credential\"",
            "DROP OWNED BY \"leaseproof_credential\"",
            "REASSIGN OWNED BY \"leaseproof_credential\" TO CURRENT_USER",
            "GRANT SELECT ON t TO \"leaseproof_credential\"",
        ] {
            for roles in [vec![], vec![Node { node: None }], vec![known.clone(), Node { node: None }]] {
                let why = scope(|scope| judge(&with(text, &roles), false, scope)).unwrap_err();
                assert!(why.contains("leaseproof cannot read which role it names"), "{text}: {why}");
            }
        }
        let mut reassign = with("REASSIGN OWNED BY \"leaseproof_credential\" TO CURRENT_USER", &[known]);
        if let NodeEnum::ReassignOwnedStmt(reassign) = &mut reassign {
            reassign.newrole = None;
        }
        assert!(scope(|scope| judge(&reassign, false, scope)).unwrap_err().contains("which role it names"));
    }

    #[test]
    fn a_statement_that_cannot_be_read_is_refused() {
        let text = "SELECT 1; ALTER ROLE theirs CREATEDB";
        let mut parsed = pg_query::parse(text, 0).unwrap();
        parsed.protobuf.stmts[1].stmt.as_mut().unwrap().node = None;
        let (shown, why) = scope(|scope| of_parsed(text, &parsed, false, scope)).unwrap_err();
        assert_eq!(
            (shown.as_str(), why.as_str()),
            ("ALTER ROLE theirs", "leaseproof cannot read what kind of statement it is")
        );
    }
}
