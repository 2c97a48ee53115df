use std::collections::VecDeque;

use leaseproof_domain::PrivilegeSet;

/// How many different sets are remembered. Credentials of one role hold the same set; only an environment that gives each
/// credential something of its own has more.
const REMEMBERED: usize = 64;

/// Gives each different set of privileges a number, so that the history tells it once.
#[derive(Debug, Default)]
pub(crate) struct KnownSets {
    recent: VecDeque<(u32, PrivilegeSet)>,
    next: u32,
}

impl KnownSets {
    /// The set's number, and whether it is new. A set that was forgotten gets a new number when it comes again.
    pub(crate) fn number(&mut self, set: &PrivilegeSet) -> (u32, bool) {
        if let Some((number, _)) = self.recent.iter().find(|(_, known)| known == set) {
            return (*number, false);
        }
        let number = self.next;
        self.next += 1;
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back((number, set.clone()));
        (number, true)
    }
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::PrivilegeSet;

    use super::{KnownSets, REMEMBERED};

    fn set(name: usize) -> PrivilegeSet {
        PrivilegeSet { database: name.to_string(), ..PrivilegeSet::default() }
    }

    #[test]
    fn equal_sets_have_one_number() {
        let mut known = KnownSets::default();
        assert_eq!(known.number(&set(1)), (0, true));
        assert_eq!(known.number(&set(2)), (1, true));
        assert_eq!(known.number(&set(1)), (0, false));
    }

    #[test]
    fn a_forgotten_set_gets_a_new_number() {
        let mut known = KnownSets::default();
        for name in 0..=REMEMBERED {
            assert_eq!(known.number(&set(name)), (u32::try_from(name).unwrap(), true));
        }
        assert_eq!(known.recent.len(), REMEMBERED);
        assert_eq!(known.number(&set(0)), (u32::try_from(REMEMBERED + 1).unwrap(), true));
    }
}
