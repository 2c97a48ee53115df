//! GRANT and REVOKE.

use pg_query::NodeEnum;
use pg_query::protobuf::{GrantRoleStmt, GrantStmt, GrantTargetType, Node, ObjectType};

use super::{Effect, Scope, is_beyond_a_database, name};

/// Of memberships: they go with a role of the set-up's where all groups are, or all members.
pub(super) fn of_roles(grant: &GrantRoleStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    let group = |node: &Node| match &node.node {
        Some(NodeEnum::AccessPriv(group)) => scope.has_role(&group.priv_name),
        _ => false,
    };
    let member = |node: &Node| match &node.node {
        Some(NodeEnum::RoleSpec(member)) => scope.is_ours(Some(member)),
        _ => false,
    };
    if grant.granted_roles.iter().all(group) || grant.grantee_roles.iter().all(member) {
        return Ok(Effect::OnOurs);
    }
    Err("neither its groups nor its members are roles that the set-up makes".to_owned())
}

/// Of rights on objects: they go with the database that the objects are in.
pub(super) fn on_objects(grant: &GrantStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    match grant.objtype() {
        ObjectType::ObjectDatabase => {
            let is_ours = |object: &Node| name(Some(object)).is_some_and(|name| scope.has_database(name));
            if grant.targtype() == GrantTargetType::AclTargetObject && grant.objects.iter().all(is_ours) {
                Ok(Effect::OnOurs)
            } else {
                Err("it is about a database that the set-up does not make".to_owned())
            }
        }
        kind if is_beyond_a_database(kind) => Err("what it is about is not of one database".to_owned()),
        _ if scope.is_in_ours() => Ok(Effect::Within),
        _ => Err(format!("the database {} is not one that the set-up makes", scope.database)),
    }
}
