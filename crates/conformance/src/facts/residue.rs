//! What a credential can be given beside what its role grants, for the facts of what default revocation clears.

use leaseproof_domain::Username;
use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, FactContext};

/// One thing that the user of a credential holds when it is revoked.
pub(super) struct Held {
    pub(super) what: &'static str,
    /// SQL that gives it, as a superuser, in the fact's database; `{name}` is the user, quoted.
    pub(super) give: &'static str,
}

/// The schema and objects that [`Held`] speaks of.
pub(super) const OBJECTS: &str = "CREATE SCHEMA app; CREATE SCHEMA \"Big-App\"; \
     CREATE TABLE app.t (id int, word text); CREATE TABLE \"Big-App\".t (id int); CREATE SEQUENCE app.s; \
     CREATE SEQUENCE public.s; CREATE VIEW app.v AS SELECT id FROM app.t; \
     CREATE MATERIALIZED VIEW app.m AS SELECT id FROM app.t; CREATE MATERIALIZED VIEW public.m AS SELECT id FROM app.t; \
     CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE app.mood AS ENUM ('ok'); \
     CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere";

/// Makes the connection, the role without any grant, and the objects.
pub(super) async fn prepare(context: &FactContext) -> Result<(), Obstacle> {
    context.config("pg", json!({})).await?;
    context.role("plain", json!({ "creation_statements": CREATE })).await?;
    context.sql(OBJECTS).await?;
    let group = format!("{}_group", context.account());
    context.sql(&format!("CREATE ROLE {group} NOLOGIN")).await?;
    Ok(())
}

/// Issues a credential and gives its user what is to be held. Answers with the user, and with how many rows of
/// pg_shdepend speak of it then.
pub(super) async fn give(context: &FactContext, held: &Held) -> Result<(leaseproof_vault::Issued, u64), Obstacle> {
    let issued = context.issue("plain").await?;
    let name = format!("\"{}\"", issued.username.as_str());
    let group = format!("{}_group", context.account());
    let sql = held.give.replace("{name}", &name).replace("{group}", &group).replace("{database}", &context.account());
    context.sql(&sql).await?;
    let rows = residue(context, &issued.username).await?;
    Ok((issued, rows))
}

/// How many rows of pg_shdepend speak of a user.
async fn residue(context: &FactContext, name: &Username) -> Result<u64, Obstacle> {
    let sql = format!(
        "SELECT count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid \
         WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname = '{}'",
        name.as_str()
    );
    let count = context.value(&sql).await?.and_then(|count| count.parse().ok());
    count.ok_or_else(|| Obstacle::of("pg_shdepend cannot be counted"))
}

/// Revokes it, and records the answer and whether the user is there.
pub(super) async fn revoked(
    context: &mut FactContext,
    what: &str,
    issued: &leaseproof_vault::Issued,
    expect: Expect,
    there: bool,
) -> Result<(), Obstacle> {
    let revoked = context.vault().revoke(&issued.lease).await;
    context.answers(format!("a revocation of a user with {what}"), &revoked, expect);
    let got = context.has_role(&issued.username).await?;
    context.equals(format!("the user with {what} is there"), there, got);
    Ok(())
}
