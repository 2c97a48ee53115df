use std::sync::Arc;

use clap::{Args, ValueEnum};
use leaseproof_conformance::{Asked, CATALOGUE, Fact, Proof, Proofs, Standing};
use leaseproof_domain::Redactor;
use leaseproof_environment::{Layout, Replication};
use leaseproof_pipeline::Interrupt;

use crate::console;
use crate::exit::Exit;
use crate::facts;
use crate::failure::{Ended, Failure};
use crate::keeper::{forget, own_ledger};
use crate::progress::Screen;

/// Test how Vault and PostgreSQL behave, fact by fact, on real servers
///
/// Each fact is tested with its own roles, database and secrets engine, and reported as confirmed, refuted or
/// undecided, with the expected and the actual result. Facts that break servers get their own servers. docs/facts.md
/// lists all facts.
///
/// With several versions of PostgreSQL, the table at the end has one row per fact and one column per version. If a
/// fact is known not to hold on a version, it is reported as an exception with the reason.
///
/// Ends with 0 if each fact is confirmed or a listed exception, with 1 if one is refuted, with 3 if one is undecided.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof conformance --help",
    after_long_help = "Examples:\n  leaseproof conformance\n  leaseproof conformance --only ISS-7,REV-1\n  \
                             leaseproof conformance --slow --postgres 14,15,16,17,18\n  \
                             leaseproof conformance --layout haproxy-ha --only DOW-1,DOW-2,CON-1\n  leaseproof conformance --json > facts.json"
)]
pub(crate) struct ConformanceArgs {
    /// Tests only these facts, for example `ISS-7`; slow facts are included
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = fact)]
    only: Vec<&'static Fact>,
    /// Also tests the facts that take minutes
    #[arg(long)]
    slow: bool,
    /// PostgreSQL's major versions
    #[arg(long, value_name = "MAJOR", value_delimiter = ',', default_value = "15")]
    postgres: Vec<u16>,
    /// PostgreSQL's layout: one server, or a primary and a synchronous standby (`remote_apply`) behind HAProxy
    #[arg(long, value_enum, default_value = "standalone")]
    layout: Ground,
    /// How many facts are tested at the same time
    #[arg(long, value_name = "N", default_value = "4")]
    at_once: u8,
    /// Prints all results as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ground {
    Standalone,
    HaproxyHa,
}

impl From<Ground> for Layout {
    fn from(ground: Ground) -> Self {
        match ground {
            Ground::Standalone => Self::Standalone,
            Ground::HaproxyHa => Self::HaproxyHa { standbys: 1, replication: Replication::RemoteApply },
        }
    }
}

fn fact(id: &str) -> Result<&'static Fact, leaseproof_conformance::UnknownFact> {
    leaseproof_conformance::find(id.trim())
}

pub(crate) fn conformance(args: &ConformanceArgs) -> Ended {
    super::runtime()?.block_on(async {
        let interrupt = Interrupt::listen()?;
        let asked = || CATALOGUE.iter().filter(|fact| wanted(args, fact)).collect::<Vec<_>>();
        let mut all = Vec::new();
        for version in &args.postgres {
            if !args.json && args.postgres.len() > 1 {
                console::out(format!("PostgreSQL {version}\n"));
            }
            all.push(one(args, asked(), *version, &interrupt).await?);
        }
        if args.json {
            let text = serde_json::to_string_pretty(&facts::document(&all)).map_err(Failure::environment)?;
            console::json(text + "\n");
        } else {
            console::out(facts::table(&all));
        }
        Ok(exit(&all))
    })
}

fn wanted(args: &ConformanceArgs, fact: &Fact) -> bool {
    if args.only.is_empty() { args.slow || !fact.slow } else { args.only.iter().any(|only| only.id == fact.id) }
}

/// Tests all facts on one version, in its own run.
async fn one(
    args: &ConformanceArgs,
    facts: Vec<&'static Fact>,
    version: u16,
    interrupt: &Interrupt,
) -> Result<Proofs, Failure> {
    let (folder, ledger) = own_ledger("conformance", leaseproof_pipeline::harness(), "conformance")?;
    let asked = Asked {
        facts,
        postgres: version.to_string(),
        layout: args.layout.into(),
        run: folder.name().to_owned(),
        ledger: ledger.clone(),
        redactor: Arc::new(Redactor::new()),
        at_once: args.at_once.into(),
    };
    let tell = |proof: &Proof| {
        if !args.json {
            console::out(facts::line(proof));
        }
    };
    let stage = Screen::new(args.json).stage("testing facts");
    let proved = interrupt.unless_asked(leaseproof_conformance::prove(asked, tell)).await;
    drop(stage);
    match proved {
        Ok(Ok(proofs)) => {
            ledger.closed().map_err(Failure::environment)?;
            forget(&folder);
            Ok(proofs)
        }
        Ok(Err(why)) => Err(Failure::environment(why)),
        Err(_) => {
            // The servers ended together with their owner.
            ledger.closed().map_err(Failure::environment)?;
            forget(&folder);
            Err(Failure::new(
                interrupt.signal().map_or(Exit::Interrupted, Exit::from),
                "interrupted; the servers are stopped",
            ))
        }
    }
}

fn exit(all: &[Proofs]) -> Exit {
    let worst = all.iter().flat_map(|proofs| &proofs.proofs).map(|proof| proof.standing).max();
    match worst {
        Some(Standing::Confirmed | Standing::Excepted) => Exit::Passed,
        Some(Standing::Refuted) => Exit::Failed,
        Some(Standing::Undecided) | None => Exit::Undecided,
    }
}
