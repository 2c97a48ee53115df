use super::residue::{self, Held};
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-6",
    says: "If a role has anything that default revocation does not remove, revocation fails with 400 and 2BP01, and the user stays; pg_shdepend shows each such dependency beforehand",
    shown: "A user is given each in turn: sequences, functions, types and materialized views outside public, USAGE alone, DELETE or TRUNCATE alone outside public, CREATE on public, TEMPORARY, another database, ownership, a user mapping, a default privilege; its lease is revoked.",
    source: "Vault, plugins/database/postgresql/postgresql.go, defaultDeleteUser; PostgreSQL, src/backend/commands/user.c, DropRole",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const KEPT: &[Held] = &[
    Held { what: "a sequence elsewhere", give: "GRANT USAGE ON SEQUENCE app.s TO {name}" },
    Held { what: "USAGE alone on a schema", give: "GRANT USAGE ON SCHEMA app TO {name}" },
    Held { what: "a function", give: "GRANT EXECUTE ON FUNCTION app.f() TO {name}" },
    Held { what: "a type", give: "GRANT USAGE ON TYPE app.mood TO {name}" },
    Held { what: "a materialised view elsewhere", give: "GRANT SELECT ON app.m TO {name}" },
    Held { what: "DELETE alone elsewhere", give: "GRANT DELETE ON app.t TO {name}" },
    Held { what: "TRUNCATE alone elsewhere", give: "GRANT TRUNCATE ON app.t TO {name}" },
    Held { what: "CREATE on public", give: "GRANT CREATE ON SCHEMA public TO {name}" },
    Held { what: "TEMPORARY on the database", give: "GRANT TEMPORARY ON DATABASE {database} TO {name}" },
    Held { what: "CONNECT on another database", give: "GRANT CONNECT ON DATABASE template1 TO {name}" },
    Held { what: "a user mapping", give: "CREATE USER MAPPING FOR {name} SERVER elsewhere" },
    Held { what: "a table of its own", give: "CREATE TABLE owned (id int); ALTER TABLE owned OWNER TO {name}" },
    Held {
        what: "a default privilege",
        give: "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {name}",
    },
];
const PARAMETER: Held = Held { what: "SET on a parameter", give: "GRANT SET ON PARAMETER log_statement TO {name}" };

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    residue::prepare(context).await?;
    // Parameters have ACLs from 15 on.
    let parameter = (context.postgres() >= 15).then_some(&PARAMETER);
    for held in KEPT.iter().chain(parameter) {
        let (issued, rows) = residue::give(context, held).await?;
        context.holds(format!("rows of pg_shdepend for {}", held.what), "at least 1", rows, rows > 0);
        let expect = Expect::status(400).says("cannot be dropped because some objects depend on it").says("2BP01");
        residue::revoked(context, held.what, &issued, expect, true).await?;
    }
    Ok(())
}
