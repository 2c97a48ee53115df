use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Where in the time up to its end a lifecycle logs in once more.
const RELOGIN: (f64, f64) = (0.3, 0.9);
/// Where in its lease a lifecycle is revoked.
const REVOKE: (f64, f64) = (0.2, 0.8);

/// What one lifecycle chooses. It rests on the run's seed and the lifecycle's number alone: not on the time, not on what the
/// servers answer, not on the lifecycles before it. The same scenario and seed make the same choices.
///
/// Every number is drawn once, evenly from 0 up to 1, in a fixed order; what it means is decided where it is asked
/// for, so that a scenario that changes one share changes no other choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choices {
    lifecycle: f64,
    revoked: f64,
    renews: f64,
    relogin: f64,
    revoke: f64,
    probed: f64,
    keeps: f64,
    /// Where its other draws begin.
    draws: (u64, u64),
}

/// Numbers drawn one after the other.
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// A number below `bound`, which is above zero.
    pub fn below(&mut self, bound: usize) -> usize {
        // The high half of the product is even enough: no bound here is near 2^64.
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }
}

impl Choices {
    /// The choices of lifecycle `number` under `seed`.
    pub fn of(seed: u64, number: u64) -> Self {
        let mut numbers = numbers(seed, number, 0);
        // 53 bits are what a double holds between 0 and 1. Drawn by hand: a library's idea of a uniform double may
        // change from version to version, a run's choices may not.
        let mut draw = || (numbers.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let (lifecycle, revoked, renews, relogin, revoke) = (draw(), draw(), draw(), draw(), draw());
        let (probed, keeps) = (draw(), draw());
        Self { lifecycle, revoked, renews, relogin, revoke, probed, keeps, draws: (seed, number) }
    }

    /// Whether it tries its role's privileges out, where this share of lifecycles does (0 to 1).
    pub fn probes(&self, share: f64) -> bool {
        self.probed < share
    }

    /// The draws that say which of the privileges that are not promised it tries.
    pub fn draw_forbidden(&self) -> Draw {
        let (seed, number) = self.draws;
        Draw(numbers(seed, number, 1))
    }

    /// Which of the weighted lifecycles it is; none where no weight is above zero.
    pub fn lifecycle<'a>(&self, mix: &'a BTreeMap<String, u32>) -> Option<&'a str> {
        let total: u64 = mix.values().copied().map(u64::from).sum();
        let mut place = (self.lifecycle * total as f64) as u64;
        mix.iter().find_map(|(name, weight)| match place.checked_sub(u64::from(*weight)) {
            None => Some(name.as_str()),
            Some(rest) => {
                place = rest;
                None
            }
        })
    }

    /// Whether it is revoked, where this share of lifecycles is (0 to 1); the others are left to expire.
    pub fn revoked(&self, share: f64) -> bool {
        self.revoked < share
    }

    /// Whether it renews, where this share of lifecycles does (0 to 1).
    pub fn renews(&self, share: f64) -> bool {
        self.renews < share
    }

    /// Whether it keeps a session open, where this share of lifecycles does (0 to 1).
    pub fn keeps(&self, share: f64) -> bool {
        self.keeps < share
    }

    /// The point of the lease at which it is revoked, where it is: 0.2 to 0.8.
    pub fn revoke_at(&self) -> f64 {
        between(REVOKE, self.revoke)
    }

    /// The point of the lease at which it logs in once more: 0.3 to 0.9 of the lease, or of the part of the lease
    /// that a lifecycle to be revoked has.
    pub fn relogin_at(&self, revoked: bool) -> f64 {
        let point = between(RELOGIN, self.relogin);
        if revoked { point * self.revoke_at() } else { point }
    }
}

/// The numbers of a lifecycle for one of its uses.
fn numbers(seed: u64, lifecycle: u64, purpose: u8) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8] = purpose;
    let mut numbers = ChaCha8Rng::from_seed(key);
    numbers.set_stream(lifecycle);
    numbers
}

fn between((low, high): (f64, f64), drawn: f64) -> f64 {
    low + (high - low) * drawn
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::Choices;

    #[test]
    fn shares_are_kept_over_many_lifecycles() {
        let lifecycles: Vec<Choices> = (1..=4_000).map(|number| Choices::of(1, number)).collect();
        for share in [0.0, 0.3, 0.6, 1.0] {
            let kept = |test: &dyn Fn(&Choices) -> bool| {
                lifecycles.iter().filter(|lifecycle| test(lifecycle)).count() as f64 / 4_000.0
            };
            assert!((kept(&|lifecycle| lifecycle.revoked(share)) - share).abs() < 0.03, "revoked {share}");
            assert!((kept(&|lifecycle| lifecycle.keeps(share)) - share).abs() < 0.03, "keeps {share}");
            assert!((kept(&|lifecycle| lifecycle.renews(share)) - share).abs() < 0.03, "renews {share}");
            assert!((kept(&|lifecycle| lifecycle.probes(share)) - share).abs() < 0.03, "probes {share}");
        }
        let mix = BTreeMap::from([("app".to_owned(), 3), ("batch".to_owned(), 1), ("never".to_owned(), 0)]);
        let picked = |name| {
            lifecycles.iter().filter(|lifecycle| lifecycle.lifecycle(&mix) == Some(name)).count() as f64 / 4_000.0
        };
        assert!((picked("app") - 0.75).abs() < 0.03);
        assert!((picked("batch") - 0.25).abs() < 0.03);
        assert_eq!(picked("never"), 0.0);
    }

    #[test]
    fn what_a_lifecycle_draws_is_its_own_and_never_changes() {
        let drawn = |seed, number| {
            let mut draw = Choices::of(seed, number).draw_forbidden();
            [10, 10, 10, 1_000, 1].map(|bound| draw.below(bound))
        };
        assert_eq!(drawn(1, 1), drawn(1, 1));
        assert_ne!(drawn(1, 1), drawn(1, 2));
        assert_ne!(drawn(1, 1), drawn(2, 1));
        assert_eq!(drawn(1, 1)[4], 0);
        // Every place is drawn about as often.
        let mut draw = Choices::of(1, 1).draw_forbidden();
        let mut times = [0; 7];
        (0..7_000).for_each(|_| times[draw.below(7)] += 1);
        assert!(times.iter().all(|times| (900..1_100).contains(times)), "{times:?}");
    }

    #[test]
    fn a_mix_without_weight_has_no_lifecycle() {
        assert_eq!(Choices::of(1, 1).lifecycle(&BTreeMap::from([("app".to_owned(), 0)])), None);
        assert_eq!(Choices::of(1, 1).lifecycle(&BTreeMap::new()), None);
    }

    #[test]
    fn the_choices_of_a_seed_never_change() {
        // Recorded runs are compared with later ones: these numbers are part of what a seed means.
        let mix = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 1)]);
        let first: Vec<String> = (1..=6)
            .map(|number| {
                let lifecycle = Choices::of(1, number);
                format!(
                    "{} {} {} {:.3} {:.3}",
                    lifecycle.lifecycle(&mix).unwrap(),
                    lifecycle.revoked(0.6),
                    lifecycle.renews(0.3),
                    lifecycle.revoke_at(),
                    lifecycle.relogin_at(false)
                )
            })
            .collect();
        assert_eq!(
            first,
            [
                "a false false 0.415 0.497",
                "a true false 0.796 0.457",
                "b false false 0.247 0.440",
                "a false false 0.563 0.659",
                "a true true 0.717 0.805",
                "a true true 0.272 0.647"
            ]
        );
    }

    proptest! {
        #[test]
        fn the_same_seed_and_number_choose_the_same(seed: u64, number: u64) {
            prop_assert_eq!(Choices::of(seed, number), Choices::of(seed, number));
        }

        #[test]
        fn a_lifecycle_logs_in_before_it_is_revoked(seed: u64, number: u64) {
            let lifecycle = Choices::of(seed, number);
            prop_assert!((0.2..=0.8).contains(&lifecycle.revoke_at()));
            prop_assert!((0.3..=0.9).contains(&lifecycle.relogin_at(false)));
            prop_assert!(lifecycle.relogin_at(true) < lifecycle.revoke_at());
        }
    }
}
