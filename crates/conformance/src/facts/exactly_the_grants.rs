use leaseproof_domain::Why;
use leaseproof_postgres::Session;
use leaseproof_vault::Issued;
use serde_json::json;

use crate::context::CREATE;
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "GRA-1",
    says: "A credential has the privileges that its creation statements grant and those of PUBLIC, and nothing else",
    shown: "A credential with SELECT and a column's UPDATE on one of two tables, and a role without grants for comparison: the ACLs of the catalog, has_table_privilege for every privilege of both tables, memberships, attributes, and one probe per privilege.",
    source: "PostgreSQL, 5.8 Privileges; Vault, plugins/database/postgresql/postgresql.go runs only the statements",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.sql("CREATE TABLE secrets (id int); CREATE ROLE gra_1_nobody LOGIN").await?;
    context.config("pg", json!({})).await?;
    let grants = "GRANT SELECT, UPDATE (word) ON things TO \"{{name}}\";";
    context.role("exact", json!({ "creation_statements": format!("{CREATE} {grants}") })).await?;
    let issued = context.issue("exact").await?;
    by_acl(context, &issued).await?;
    by_oracle(context, issued.username.as_str()).await?;
    by_probe(context, &context.session(&issued).await?).await;
    Ok(())
}

/// What the catalog's ACLs give it, and why.
async fn by_acl(context: &mut FactContext, issued: &Issued) -> Result<(), Obstacle> {
    let mut seen = Vec::new();
    for name in [issued.username.clone(), leaseproof_domain::Username::new("gra_1_nobody")] {
        let role = context.catalog().role(&name).await?.ok_or_else(|| Obstacle::of(format!("{name} is not there")))?;
        let set = context.catalog().privileges(&[role.oid]).await?.remove(&role.oid);
        seen.push(set.ok_or_else(|| Obstacle::of(format!("{name} is gone")))?);
    }
    let (Some(nobody), Some(own)) = (seen.pop(), seen.pop()) else { return Ok(()) };
    let mut extra: Vec<String> =
        own.held.difference(&nobody.held).map(|held| words(&held.grant.to_string(), &held.why)).collect();
    extra.sort();
    let expected = "SELECT ON TABLE public.things (direct), UPDATE ON COLUMN public.things(word) (direct)";
    context.equals(
        "what it holds beyond a role without grants, by the catalog's ACLs",
        expected.to_owned(),
        extra.join(", "),
    );
    context.equals("its memberships", 0, own.memberships.len());
    context.holds(
        "its attributes",
        "those of a role without grants",
        if own.attributes == nobody.attributes { "the same" } else { "others" },
        own.attributes == nobody.attributes,
    );
    context.holds(
        "what it has beyond ACLs",
        "what a role without grants has",
        format!("{:?}", own.beyond),
        own.beyond == nobody.beyond,
    );
    Ok(())
}

fn words(grant: &str, why: &Why) -> String {
    let why = if *why == Why::Direct { "direct" } else { "not direct" };
    format!("{grant} ({why})")
}

/// What PostgreSQL's own functions say it may do.
async fn by_oracle(context: &mut FactContext, name: &str) -> Result<(), Obstacle> {
    let mut privileges = vec!["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];
    if context.postgres() >= 17 {
        privileges.push("MAINTAIN");
    }
    let privileges = privileges.join("','");
    let tables = format!(
        "SELECT string_agg(p || ' on ' || t, ', ' ORDER BY p, t) FROM unnest(ARRAY['{privileges}']) p, \
         unnest(ARRAY['things', 'secrets']) t WHERE has_table_privilege('{name}', t, p)"
    );
    context.value_is("what has_table_privilege says, of every privilege", &tables, "SELECT on things").await?;
    let columns = format!(
        "SELECT string_agg(p || ' of ' || c, ', ' ORDER BY p, c) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p, \
         unnest(ARRAY['id', 'word']) c WHERE has_column_privilege('{name}', 'things', c, p)"
    );
    let expected = "SELECT of id, SELECT of word, UPDATE of word";
    context.value_is("what has_column_privilege says of things", &columns, expected).await?;
    let sequence = format!(
        "SELECT count(*) FROM unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) p WHERE has_sequence_privilege('{name}', 'things_id_seq', p)"
    );
    context.value_is("privileges on the sequence of things.id", &sequence, "0").await
}

/// What happens when it tries, each in a transaction that is rolled back.
async fn by_probe(context: &mut FactContext, session: &Session) {
    let denied = || Expect::sqlstate("42501").says("permission denied");
    for (probe, expect) in [
        ("SELECT * FROM things", Expect::ok()),
        ("UPDATE things SET word = 'two'", Expect::ok()),
        ("UPDATE things SET id = 2", denied()),
        ("INSERT INTO things (id) VALUES (4)", denied()),
        ("DELETE FROM things", denied()),
        ("TRUNCATE things", denied()),
        ("SELECT nextval('things_id_seq')", denied()),
        ("SELECT * FROM secrets", denied()),
        ("CREATE SCHEMA own", denied()),
        ("CREATE ROLE another", denied()),
    ] {
        let tried = session.script(&format!("BEGIN; {probe}")).await;
        context.answers(format!("probe: {probe}"), &tried, expect);
        if let Err(why) = session.script("ROLLBACK").await {
            context.answers("rolling it back", &why, Expect::ok());
        }
    }
}
