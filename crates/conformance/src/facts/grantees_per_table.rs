use crate::proof::Obstacle;
use crate::{Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "RUN-2",
    says: "A table can have about 2,400 grantees: the next GRANT fails with 54000 `row is too big`, so accumulated orphans stop all issuing",
    shown: "Roles are created and granted SELECT on one table, one after another, until PostgreSQL rejects it; then a credential of a role with the same grant is requested.",
    source: "PostgreSQL, src/backend/access/heap/hio.c: pg_class's row with its relacl must fit in one page, and pg_class has no TOAST table",
    ground: Ground::Own(|_| ()),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

/// How many roles are made by one statement.
const AT_ONCE: u32 = 300;
/// More grantees than any table takes.
const ENOUGH: u32 = 6_000;

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    context.sql("CREATE TABLE reached (n int)").await?;
    let mut reached = None;
    for first in (0..ENOUGH).step_by(AT_ONCE as usize) {
        context.sql(&granting(first, first + AT_ONCE)).await?;
        reached = context.value("SELECT n FROM reached").await?.and_then(|n| n.parse::<u32>().ok());
        if reached.is_some() {
            break;
        }
    }
    let got = reached.map_or(format!("none among {ENOUGH}"), |reached| reached.to_string());
    let near = reached.is_some_and(|reached| (2_300..=2_600).contains(&reached));
    context.holds("grantees before the first refusal", "2,300 to 2,600", got, near);
    let refused = context.issue("reader").await;
    let expect = crate::Expect::status(500).says("row is too big").says("SQLSTATE 54000");
    context.answers("creds of one more", &refused, expect);
    Ok(())
}

/// Makes roles of those numbers and grants to each, up to the first that PostgreSQL refuses; its number is kept.
fn granting(first: u32, end: u32) -> String {
    format!(
        "DO $$ BEGIN FOR n IN {first}..{end} - 1 LOOP \
         EXECUTE format('CREATE ROLE orphan_%s', n); \
         BEGIN EXECUTE format('GRANT SELECT ON things TO orphan_%s', n); \
         EXCEPTION WHEN program_limit_exceeded THEN INSERT INTO reached VALUES (n); EXIT; END; \
         END LOOP; END $$"
    )
}
