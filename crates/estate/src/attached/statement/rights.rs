//! GRANT and REVOKE.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    CreateRoleStmt, GrantRoleStmt, GrantStmt, GrantTargetType, Node, ObjectType, RoleSpec, RoleSpecType,
};

use super::{Effect, Scope, is_beyond_a_database, name, option};

/// The members of a role that is created (`ROLE`, `USER`, `ADMIN`): no role of somebody else's becomes one.
pub(super) fn members(create: &CreateRoleStmt, scope: &Scope<'_>) -> Result<(), String> {
    for option in create.options.iter().filter_map(option) {
        let list = match (option.defname.as_str(), option.arg.as_ref().and_then(|arg| arg.node.as_ref())) {
            ("rolemembers" | "adminmembers", Some(NodeEnum::List(list))) => list,
            _ => continue,
        };
        if !list.items.iter().all(|member| is_ours(member, scope)) {
            return Err(MEMBER.to_owned());
        }
    }
    Ok(())
}

const MEMBER: &str = "a role that the setup does not create would become a member";

/// Whether it is a role of the setup's, or Vault's own credential.
pub(super) fn is_ours(member: &Node, scope: &Scope<'_>) -> bool {
    matches!(&member.node, Some(NodeEnum::RoleSpec(member)) if scope.is_ours(Some(member)))
}

/// Whether it is the account that runs the statement, by whichever word.
pub(super) fn is_account(role: &RoleSpec) -> bool {
    use RoleSpecType::{RolespecCurrentRole, RolespecCurrentUser, RolespecSessionUser};
    matches!(role.roletype(), RolespecCurrentRole | RolespecCurrentUser | RolespecSessionUser)
}

/// Whether it is whoever runs the statement.
fn is_operator(member: &Node) -> bool {
    use RoleSpecType::{RolespecCurrentRole, RolespecCurrentUser};
    matches!(&member.node, Some(NodeEnum::RoleSpec(role))
        if matches!(role.roletype(), RolespecCurrentUser | RolespecCurrentRole))
}

/// Of memberships: all members are roles of the set-up's. Those go away with it, and so do their memberships.
pub(super) fn of_roles(grant: &GrantRoleStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    let groups_are_ours = grant
        .granted_roles
        .iter()
        .all(|group| matches!(&group.node, Some(NodeEnum::AccessPriv(group)) if scope.has_role(&group.priv_name)));
    // What PostgreSQL gives the maker of a role is the operator's own to pass on, and to take back.
    let may = |member: &Node| is_ours(member, scope) || (groups_are_ours && is_operator(member));
    if grant.grantee_roles.iter().all(may) { Ok(Effect::OnOurs) } else { Err(MEMBER.to_owned()) }
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
        _ => Err(scope.not_ours()),
    }
}
