//! Proofs of facts as people and programs read them.

use std::fmt::Write as _;

use comfy_table::{Table, presets};
use leaseproof_conformance::{Proof, Proofs, Standing};
use leaseproof_domain::visible;
use serde_json::{Value, json};

/// The version of the JSON document.
const SCHEMA: &str = "leaseproof-facts/1";

/// One line as a fact is decided; of one that is not confirmed everything that was expected and came.
pub(crate) fn line(proof: &Proof) -> String {
    let says = leaseproof_conformance::find(&proof.id).map_or("", |fact| fact.says);
    let mark = match proof.standing {
        Standing::Confirmed => '✔',
        Standing::Excepted => '≠',
        Standing::Undecided => '?',
        Standing::Refuted => '✘',
    };
    let mut text = format!("{mark} {:<7} {:<9} {:>6.1} s  {says}\n", proof.id, proof.standing, proof.seconds);
    for why in proof.why.iter().flat_map(|why| why.lines()) {
        let _ = writeln!(text, "    {}", visible(why));
    }
    if proof.standing != Standing::Confirmed {
        for step in proof.steps.iter().filter(|step| !step.met) {
            let [what, expected, got] = [&step.what, &step.expected, &step.got].map(|words| visible(words));
            let _ = writeln!(text, "    {what}\n      expected {expected}\n      got      {got}");
        }
    }
    text
}

/// The facts down, the versions across, and how many of each standing there are.
pub(crate) fn table(all: &[Proofs]) -> String {
    let mut text = String::from("\n");
    if all.len() > 1 {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["fact".to_owned()].into_iter().chain(all.iter().map(|proofs| proofs.postgres.clone())));
        for proof in all.first().map(|proofs| proofs.proofs.as_slice()).unwrap_or_default() {
            let standing = |proofs: &Proofs| {
                let of = proofs.proofs.iter().find(|other| other.id == proof.id);
                of.map_or("–", |proof| proof.standing.word()).to_owned()
            };
            table.add_row([proof.id.clone()].into_iter().chain(all.iter().map(standing)));
        }
        let _ = writeln!(text, "{}\n", table.trim_fmt());
    }
    for proofs in all {
        let count = |standing| proofs.proofs.iter().filter(|proof| proof.standing == standing).count();
        let _ = writeln!(
            text,
            "Vault {}, PostgreSQL {}: {} confirmed, {} excepted, {} undecided, {} refuted",
            proofs.vault,
            proofs.postgres,
            count(Standing::Confirmed),
            count(Standing::Excepted),
            count(Standing::Undecided),
            count(Standing::Refuted)
        );
    }
    text
}

/// Everything, for programs.
pub(crate) fn document(all: &[Proofs]) -> Value {
    json!({ "schema": SCHEMA, "leaseproof": env!("CARGO_PKG_VERSION"), "runs": all })
}

#[cfg(test)]
mod tests {
    use leaseproof_conformance::{Proof, Proofs, Standing, Step};

    use super::{line, table};

    fn proof(id: &str, standing: Standing) -> Proof {
        let step = |what: &str, met| Step {
            what: what.into(),
            expected: "400 `unknown role: nobody`".into(),
            got: if met { "400 `unknown role: nobody`" } else { "500 `no`" }.into(),
            met,
        };
        let steps =
            vec![step("creds", true), step("creds of a role that does not exist", standing == Standing::Confirmed)];
        Proof { id: id.into(), standing, why: None, steps, seconds: 0.25 }
    }

    #[test]
    fn a_refuted_fact_shows_what_was_expected_and_what_came() {
        insta::assert_snapshot!(line(&proof("ISS-7", Standing::Refuted)));
    }

    #[test]
    fn versions_stand_across() {
        let of = |postgres: &str, standing| Proofs {
            vault: "1.21.0".into(),
            postgres: postgres.into(),
            layout: "standalone".into(),
            proofs: vec![proof("ISS-1", Standing::Confirmed), proof("ISS-7", standing)],
        };
        insta::assert_snapshot!(table(&[of("14.24", Standing::Refuted), of("15.18", Standing::Confirmed)]));
    }
}
