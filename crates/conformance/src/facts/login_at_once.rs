use leaseproof_domain::Secret;
use leaseproof_environment::Link;
use leaseproof_postgres::{Login, Session};

use crate::proof::Obstacle;
use crate::{Expect, Fact, FactContext, Ground};

pub(super) const FACT: Fact = Fact {
    id: "LOG-1",
    says: "A credential can log in with SCRAM as soon as Vault has returned it, on every path to PostgreSQL",
    shown: "Eight issues, each followed immediately by a login over TCP and by one through a link; the verifier in pg_authid; a login with another password.",
    source: "Measured: the next login sees a committed transaction",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |context| Box::pin(prove(context)),
};

const ISSUES: usize = 8;

async fn prove(context: &mut FactContext) -> Result<(), Obstacle> {
    context.reader().await?;
    let link = Link::to(context.port()).await?;
    for at in 1..=ISSUES {
        let issued = context.issue("reader").await?;
        let name = issued.username.as_str();
        let straight = context.session(&issued).await;
        context.answers(format!("login {at}, by TCP"), &straight, Expect::ok());
        let through = Login { port: link.port(), ..context.login(name, &issued.password) };
        let through = Session::open(&through).await;
        context.answers(format!("login {at}, through a link"), &through, Expect::ok());
        if at < ISSUES {
            continue;
        }
        if let Ok(session) = &straight {
            let read = session.query("SELECT * FROM things").await;
            context.answers("reading with it", &read, Expect::ok().says("3 rows"));
        }
        // What comes before its salt.
        let verifier = format!("SELECT split_part(rolpassword, ':', 1) FROM pg_authid WHERE rolname = '{name}'");
        context.value_is("the verifier's beginning", &verifier, "SCRAM-SHA-256$4096").await?;
        let wrong = Session::open(&context.login(name, &Secret::new("another-password"))).await;
        context.answers("a login with another password", &wrong, Expect::sqlstate("28P01"));
    }
    Ok(())
}
