//! The facts, one file each.

mod aud_1;
mod aud_2;
mod aud_3;
mod con_1;
mod con_2;
mod con_3;
mod dow_1;
mod dow_2;
mod dow_3;
mod dow_4;
mod dow_5;
mod dow_6;
mod dow_7;
mod exp_1;
mod exp_2;
mod exp_3;
mod exp_4;
mod gra_1;
mod gra_2;
mod gra_3;
mod gra_4;
mod ha;
mod ha_1;
mod ha_2;
mod ha_3;
mod ha_4;
mod ha_5;
mod ha_6;
mod ha_7;
mod ha_8;
mod iss_1;
mod iss_10;
mod iss_2;
mod iss_3;
mod iss_4;
mod iss_5;
mod iss_6;
mod iss_7;
mod iss_8;
mod iss_9;
mod log_1;
mod log_2;
mod log_3;
mod log_4;
mod log_5;
mod log_6;
mod pgf;
mod pgf_1;
mod pgf_2;
mod pgf_3;
mod pol_1;
mod pol_2;
mod residue;
mod rev_1;
mod rev_10;
mod rev_11;
mod rev_12;
mod rev_2;
mod rev_3;
mod rev_4;
mod rev_5;
mod rev_6;
mod rev_7;
mod rev_8;
mod rev_9;
mod rot_1;
mod rot_2;
mod rot_3;
mod rot_4;
mod run_1;
mod run_2;
mod run_3;
mod run_4;
mod run_5;
mod run_6;
mod ttl_1;
mod ttl_2;
mod ttl_3;
mod ttl_4;
mod ttl_5;
mod ttl_6;

use crate::Fact;

/// Every fact, in the order of reports.
pub const CATALOGUE: &[Fact] = &[
    iss_1::FACT,
    iss_2::FACT,
    iss_3::FACT,
    iss_4::FACT,
    iss_5::FACT,
    iss_6::FACT,
    iss_7::FACT,
    iss_8::FACT,
    iss_9::FACT,
    iss_10::FACT,
    log_1::FACT,
    log_2::FACT,
    log_3::FACT,
    log_4::FACT,
    log_5::FACT,
    log_6::FACT,
    gra_1::FACT,
    gra_2::FACT,
    gra_3::FACT,
    gra_4::FACT,
    ttl_1::FACT,
    ttl_2::FACT,
    ttl_3::FACT,
    ttl_4::FACT,
    ttl_5::FACT,
    ttl_6::FACT,
    rev_1::FACT,
    rev_2::FACT,
    rev_3::FACT,
    rev_4::FACT,
    rev_5::FACT,
    rev_6::FACT,
    rev_7::FACT,
    rev_8::FACT,
    rev_9::FACT,
    rev_10::FACT,
    rev_11::FACT,
    rev_12::FACT,
    exp_1::FACT,
    exp_2::FACT,
    exp_3::FACT,
    exp_4::FACT,
    rot_1::FACT,
    rot_2::FACT,
    rot_3::FACT,
    rot_4::FACT,
    pol_1::FACT,
    pol_2::FACT,
    aud_1::FACT,
    aud_2::FACT,
    aud_3::FACT,
    dow_1::FACT,
    dow_2::FACT,
    dow_3::FACT,
    dow_4::FACT,
    dow_5::FACT,
    dow_6::FACT,
    dow_7::FACT,
    pgf_1::FACT,
    pgf_2::FACT,
    pgf_3::FACT,
    ha_1::FACT,
    ha_2::FACT,
    ha_3::FACT,
    ha_4::FACT,
    ha_5::FACT,
    ha_6::FACT,
    ha_7::FACT,
    ha_8::FACT,
    con_1::FACT,
    con_2::FACT,
    con_3::FACT,
    run_1::FACT,
    run_2::FACT,
    run_3::FACT,
    run_4::FACT,
    run_5::FACT,
    run_6::FACT,
];

/// A text that is no fact's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no fact `{given}`; the facts are {}", ids())]
pub struct UnknownFact {
    /// What was given.
    pub given: String,
}

/// The fact of that id, in any case.
///
/// # Errors
/// [`UnknownFact`].
pub fn find(id: &str) -> Result<&'static Fact, UnknownFact> {
    let found = CATALOGUE.iter().find(|fact| fact.id.eq_ignore_ascii_case(id));
    found.ok_or_else(|| UnknownFact { given: id.to_owned() })
}

fn ids() -> String {
    CATALOGUE.iter().map(|fact| fact.id).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{CATALOGUE, find};

    #[test]
    fn every_fact_has_one_id_and_says_what_it_is() {
        for fact in CATALOGUE {
            assert_eq!(CATALOGUE.iter().filter(|other| other.id == fact.id).count(), 1, "{}", fact.id);
            assert_eq!(find(&fact.id.to_ascii_lowercase()).unwrap().id, fact.id);
            for text in [fact.says, fact.shown, fact.source] {
                assert!(!text.is_empty() && text == text.trim(), "{}: {text:?}", fact.id);
            }
        }
        assert!(
            find("ISS-99").unwrap_err().to_string().starts_with("there is no fact `ISS-99`; the facts are ISS-1, ")
        );
    }
}
