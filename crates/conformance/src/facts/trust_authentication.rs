use leaseproof_domain::Secret;
use leaseproof_postgres::{Login, Session};
use serde_json::json;

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "LOG-4",
    says: "With `trust` in pg_hba.conf, VALID UNTIL and the password are not checked",
    shown: "`trust` for the fact's database and SCRAM for the others: an expired credential, and one with a wrong password, in both.",
    source: "PostgreSQL, CREATE ROLE: VALID UNTIL applies to the password",
    ground: Ground::Own(|bare| {
        bare.hba = Some("host log_4 all 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n".to_owned());
    }),
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let issued = context.issue("reader").await?;
    let name = issued.username.as_str();
    let trusted = context.login(name, &issued.password);
    let asked = Login { database: "postgres".to_owned(), ..trusted.clone() };
    let login = Session::open(&asked).await;
    context.answers("a valid credential by SCRAM", &login, Expect::ok());
    let wrong = Some(Secret::new("another-password"));
    for (expired, what) in [(false, "a valid credential"), (true, "an expired one")] {
        if expired {
            context.sql(&format!("ALTER ROLE \"{name}\" VALID UNTIL '2001-01-01'")).await?;
            let login = Session::open(&asked).await;
            context.answers(format!("{what} by SCRAM"), &login, Expect::sqlstate("28P01"));
            let login = Session::open(&trusted).await;
            context.answers(format!("{what} by trust"), &login, Expect::ok());
        }
        let login = Session::open(&Login { password: wrong.clone(), ..asked.clone() }).await;
        context.answers(format!("{what} with a wrong password by SCRAM"), &login, Expect::sqlstate("28P01"));
        let login = Session::open(&Login { password: wrong.clone(), ..trusted.clone() }).await;
        context.answers(format!("{what} with a wrong password by trust"), &login, Expect::ok());
    }
    // The engine, too, gets in with any password where it is trusted.
    let written = context.config("any", json!({ "password": "another-password" })).await;
    context.answers("a connection with a wrong password by trust", &written, Expect::status(204));
    Ok(())
}
