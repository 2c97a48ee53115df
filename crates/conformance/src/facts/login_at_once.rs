use leaseproof_domain::Secret;
use leaseproof_estate::Link;
use leaseproof_postgres::{Login, Session};

use crate::proof::Obstacle;
use crate::{Bench, Expect, Fact, Ground};

pub(super) const FACT: Fact = Fact {
    id: "LOG-1",
    says: "A credential can log in with SCRAM as soon as Vault has returned it, on every path to PostgreSQL",
    shown: "Eight issues, each followed immediately by a login over TCP and by one through a link; the verifier in pg_authid; a login with another password.",
    source: "Measured: the next login sees a committed transaction",
    ground: Ground::Shared,
    slow: false,
    exceptions: &[],
    prove: |bench| Box::pin(prove(bench)),
};

const ISSUES: usize = 8;

async fn prove(bench: &mut Bench) -> Result<(), Obstacle> {
    bench.reader().await?;
    let link = Link::to(bench.port()).await?;
    for at in 1..=ISSUES {
        let issued = bench.issue("reader").await?;
        let name = issued.username.as_str();
        let straight = bench.session(&issued).await;
        bench.answers(format!("login {at}, by TCP"), &straight, Expect::ok());
        let through = Login { port: link.port(), ..bench.login(name, &issued.password) };
        let through = Session::open(&through).await;
        bench.answers(format!("login {at}, through a link"), &through, Expect::ok());
        if at < ISSUES {
            continue;
        }
        if let Ok(session) = &straight {
            let read = session.query("SELECT * FROM things").await;
            bench.answers("reading with it", &read, Expect::ok().says("3 rows"));
        }
        // What comes before its salt.
        let verifier = format!("SELECT split_part(rolpassword, ':', 1) FROM pg_authid WHERE rolname = '{name}'");
        bench.value_is("the verifier's beginning", &verifier, "SCRAM-SHA-256$4096").await?;
        let wrong = Session::open(&bench.login(name, &Secret::new("another-password"))).await;
        bench.answers("a login with another password", &wrong, Expect::sqlstate("28P01"));
    }
    Ok(())
}
