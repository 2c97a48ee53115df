use super::residue::{self, Held};
use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "REV-5",
    says: "Default revocation by a superuser removes grants on tables, columns and views of any schema that has such a grant, on sequences and materialized views of public, memberships and settings, and drops the user",
    shown: "A user is given each of them in turn and its lease is revoked: 204, and the user is gone.",
    source: "Vault, plugins/database/postgresql/postgresql.go, defaultDeleteUser; measured",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const CLEARED: &[Held] = &[
    Held { what: "nothing", give: "SELECT" },
    Held { what: "a table of public", give: "GRANT SELECT, INSERT ON things TO {name}" },
    Held { what: "DELETE alone on a table of public", give: "GRANT DELETE ON things TO {name}" },
    Held { what: "a sequence of public", give: "GRANT USAGE ON SEQUENCE public.s TO {name}" },
    Held { what: "a materialised view of public", give: "GRANT SELECT ON public.m TO {name}" },
    Held {
        what: "a table and USAGE elsewhere",
        give: "GRANT USAGE ON SCHEMA app TO {name}; GRANT SELECT ON app.t TO {name}",
    },
    Held { what: "a view elsewhere", give: "GRANT SELECT ON app.v TO {name}" },
    Held { what: "a column elsewhere", give: "GRANT SELECT (word) ON app.t TO {name}" },
    Held { what: "a membership", give: "GRANT {group} TO {name}" },
    Held { what: "a setting", give: "ALTER ROLE {name} SET work_mem = '8MB'" },
    Held { what: "CONNECT on its database", give: "GRANT CONNECT ON DATABASE {database} TO {name}" },
];

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    residue::prepare(context).await?;
    for held in CLEARED {
        let (issued, _) = residue::give(context, held).await?;
        residue::revoked(context, held.what, &issued, Expect::status(204), false).await?;
    }
    Ok(())
}
