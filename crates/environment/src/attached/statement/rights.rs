//! GRANT and REVOKE.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterRoleStmt, CreateRoleStmt, DefElem, GrantRoleStmt, GrantStmt, GrantTargetType, Node, ObjectType, RoleSpec,
    RoleSpecType,
};

use super::{Effect, Scope, is_beyond_a_database, name, option};

/// The members that options name: `ROLE`, `USER` and `ADMIN`.
fn members(options: &[Node]) -> impl Iterator<Item = &Node> {
    let lists = options.iter().filter_map(option).filter(|option| is_of_members_option(option));
    lists.flat_map(|option| match option.arg.as_ref().and_then(|arg| arg.node.as_ref()) {
        Some(NodeEnum::List(list)) => list.items.as_slice(),
        _ => &[],
    })
}

fn is_of_members_option(option: &DefElem) -> bool {
    matches!(option.defname.as_str(), "rolemembers" | "adminmembers")
}

/// The members of a role that is created: no role of somebody else's becomes one.
pub(super) fn of_new_members(create: &CreateRoleStmt, scope: &Scope<'_>) -> Result<(), String> {
    if members(&create.options).all(|member| is_ours(member, scope)) { Ok(()) } else { Err(MEMBER.to_owned()) }
}

/// `ALTER GROUP … ADD USER` and `… DROP USER`: GRANT and REVOKE of a membership by another name.
pub(super) fn is_of_members(alter: &AlterRoleStmt) -> bool {
    alter.options.iter().filter_map(option).any(is_of_members_option)
}

/// What such a statement does.
pub(super) fn of_group(alter: &AlterRoleStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    memberships(scope.is_ours(alter.role.as_ref()), members(&alter.options), scope)
}

const MEMBER: &str = "a role that the setup does not create would become a member, or would be one no longer";

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

/// Of memberships.
pub(super) fn of_roles(grant: &GrantRoleStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    let groups_are_ours = grant
        .granted_roles
        .iter()
        .all(|group| matches!(&group.node, Some(NodeEnum::AccessPriv(group)) if scope.has_role(&group.priv_name)));
    memberships(groups_are_ours, grant.grantee_roles.iter(), scope)
}

/// All members are roles of the setup's. Those go away with it, and so do their memberships.
fn memberships<'a>(
    groups_are_ours: bool,
    mut members: impl Iterator<Item = &'a Node>,
    scope: &Scope<'_>,
) -> Result<Effect, String> {
    // What PostgreSQL gives the maker of a role is the operator's own to pass on, and to take back.
    let may = |member: &Node| is_ours(member, scope) || (groups_are_ours && is_operator(member));
    if members.all(may) { Ok(Effect::OnOurs) } else { Err(MEMBER.to_owned()) }
}

/// Of rights on objects: they go with the database that the objects are in.
pub(super) fn on_objects(grant: &GrantStmt, scope: &Scope<'_>) -> Result<Effect, String> {
    match grant.objtype() {
        ObjectType::ObjectDatabase => {
            let is_ours = |object: &Node| name(Some(object)).is_some_and(|name| scope.has_database(name));
            if grant.targtype() == GrantTargetType::AclTargetObject && grant.objects.iter().all(is_ours) {
                Ok(Effect::OnOurs)
            } else {
                Err("it is about a database that the setup does not create".to_owned())
            }
        }
        kind if is_beyond_a_database(kind) => Err("what it is about is not of one database".to_owned()),
        _ if scope.is_in_ours() => Ok(Effect::Within),
        _ => Err(scope.not_ours()),
    }
}
