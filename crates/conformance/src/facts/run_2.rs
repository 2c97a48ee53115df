use crate::proof::Obstacle;
use crate::{Bench, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "RUN-2",
    says: "A table takes some 2,400 grantees and no more: the next GRANT fails with 54000 `row is too big`, so orphans that pile up end all issuing",
    shown: "Roles are made and granted SELECT on one table, one after another, until PostgreSQL refuses; then a credential of a role with the same grant is asked for.",
    source: "PostgreSQL, src/backend/access/heap/hio.c: pg_class's row with its relacl has to fit one page, and pg_class has no TOAST table",
    ground: Ground::Own(|_| ()),
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const GRANT_ALL: &str = "DO $$ DECLARE n int := 0; BEGIN LOOP \
     EXECUTE format('CREATE ROLE orphan_%s', n); \
     BEGIN EXECUTE format('GRANT SELECT ON things TO orphan_%s', n); \
     EXCEPTION WHEN program_limit_exceeded THEN EXIT; END; \
     n := n + 1; EXIT WHEN n > 6000; END LOOP; CREATE TABLE reached AS SELECT n; END $$";

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    bench.sql(GRANT_ALL).await?;
    let reached: u32 = bench.value("SELECT n FROM reached").await?.and_then(|n| n.parse().ok()).unwrap_or(0);
    bench.holds("grantees before the first refusal", "2,300 to 2,600", reached, (2_300..=2_600).contains(&reached));
    let refused = bench.issue("reader").await;
    let expect = crate::Expect::status(500).says("row is too big").says("SQLSTATE 54000");
    bench.answers("creds of one more", &refused, expect);
    Ok(())
}
