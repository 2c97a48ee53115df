//! The facts, one file each.

mod con_1;
mod con_2;
mod con_3;
mod gra_1;
mod gra_2;
mod gra_3;
mod gra_4;
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
    con_1::FACT,
    con_2::FACT,
    con_3::FACT,
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
