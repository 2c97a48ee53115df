use std::collections::BTreeSet;

/// How many lifecycles a finding names.
const MOST: usize = 1_000;

/// The lifecycles that a finding is about, by number: the first ones in order of arrival.
#[derive(Default)]
pub(super) struct Named(BTreeSet<u64>);

impl Named {
    pub(super) fn add(&mut self, life: u64) {
        self.0.insert(life);
        if self.0.len() > MOST {
            self.0.pop_last();
        }
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        self.0.iter().copied().collect()
    }
}

impl FromIterator<u64> for Named {
    fn from_iter<I: IntoIterator<Item = u64>>(lives: I) -> Self {
        let mut named = Self::default();
        lives.into_iter().for_each(|life| named.add(life));
        named
    }
}
