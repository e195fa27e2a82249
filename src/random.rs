//! Reproducible random numbers: a seed yields the same sequence on every platform.

use rand::{Rng as _, RngExt as _, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;

/// A seeded random number generator: xoshiro128++, with 16 bytes of state and 32-bit arithmetic.
///
/// A seed yields the same sequence on a microcontroller and on a PC. The generator is not cryptographically secure.
///
/// ```
/// use shiplap::Rng;
///
/// let (mut a, mut b) = (Rng::new(7), Rng::new(7));
/// assert_eq!(a.uniform(), b.uniform());
/// assert!((0.0..1.0).contains(&a.uniform()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "safetensors", derive(serde::Serialize, serde::Deserialize))]
pub struct Rng(#[cfg_attr(feature = "safetensors", serde(deserialize_with = "with_a_sequence"))] Xoshiro128PlusPlus);

/// A generator, except the one whose state is zero, which never leaves that state: it would draw only zeros.
#[cfg(feature = "safetensors")]
fn with_a_sequence<'de, D: serde::Deserializer<'de>>(state: D) -> Result<Xoshiro128PlusPlus, D::Error> {
    let generator = <Xoshiro128PlusPlus as serde::Deserialize>::deserialize(state)?;
    let mut next = generator.clone();
    next.next_u32();
    if next == generator { Err(serde::de::Error::custom("the state is zero")) } else { Ok(generator) }
}

impl Rng {
    /// Creates a generator from a seed.
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro128PlusPlus::seed_from_u64(seed))
    }

    /// Returns the next 32 random bits.
    #[inline]
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Draws from the uniform distribution on `[0, 1)`, in multiples of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// Draws from the normal distribution with mean 0 and standard deviation 1, by the Box–Muller transform (1958).
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(core::f64::consts::TAU * self.uniform())
    }

    /// Shuffles `items` in place (Fisher–Yates).
    ///
    /// ```
    /// let mut rows = [0, 1, 2, 3, 4, 5, 6, 7];
    /// shiplap::Rng::new(1).shuffle(&mut rows);
    /// assert_ne!(rows, [0, 1, 2, 3, 4, 5, 6, 7]);
    /// ```
    pub fn shuffle<I>(&mut self, items: &mut [I]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.0.random_range(0..=last as u64) as usize);
        }
    }
}

/// A random permutation of `0..length` in constant memory.
///
/// A Feistel network of six rounds permutes the numbers below the smallest power of four that is at least `length` and
/// 256. It is applied repeatedly until the result is below `length` (cycle walking; Black and Rogaway, "Ciphers with
///      arbitrary finite domains", 2002).
#[derive(Clone, Debug)]
pub(crate) struct Permutation {
    length: usize,
    half_bits: u32,
    keys: [u32; 6],
}

impl Permutation {
    /// Draws a permutation of `0..length`.
    pub fn new(length: usize, rng: &mut Rng) -> Self {
        let bits = usize::BITS - length.saturating_sub(1).leading_zeros();
        Self { length, half_bits: bits.div_ceil(2).max(4), keys: core::array::from_fn(|_| rng.bits()) }
    }

    /// The image of `index`, or `index` itself if it is not below `length`.
    pub fn get(&self, index: usize) -> usize {
        if index >= self.length {
            return index;
        }
        let mut place = self.scramble(index as u64);
        while place >= self.length as u64 {
            place = self.scramble(place);
        }
        place as usize
    }

    fn scramble(&self, place: u64) -> u64 {
        let mask = (1u64 << self.half_bits) - 1;
        let (mut left, mut right) = (place >> self.half_bits, place & mask);
        for key in self.keys {
            let mixed = (right as u32 ^ key).wrapping_mul(0x9E37_79B1);
            let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA77);
            (left, right) = (right, left ^ (u64::from(mixed ^ (mixed >> 13)) & mask));
        }
        (left << self.half_bits) | right
    }
}

#[cfg(test)]
mod tests {
    use std::{prelude::v1::*, vec};

    use super::*;

    #[test]
    fn a_permutation_contains_every_index_once() {
        let mut rng = Rng::new(11);
        for length in (0..300).chain([1000, 1024, 1025, 2999, 70_000]) {
            let order = Permutation::new(length, &mut rng);
            let mut seen = vec![false; length];
            (0..length).for_each(|index| seen[order.get(index)] = true);
            assert!(seen.into_iter().all(|seen| seen), "{length}");
        }
    }

    #[test]
    fn permutations_are_uniform() {
        let mut rng = Rng::new(5);
        let mut counts = [[0i32; 6]; 6];
        for _ in 0..6000 {
            let order = Permutation::new(6, &mut rng);
            (0..6).for_each(|index| counts[index][order.get(index)] += 1);
        }
        for count in counts.as_flattened() {
            assert!((850..1150).contains(count), "{counts:?}");
        }
    }

    #[test]
    fn the_seed_determines_the_sequence() {
        let mut rng = Rng::new(42);
        assert_eq!([rng.bits(), rng.bits(), rng.bits()], [2_643_743_425, 1_762_251_840, 1_632_151_183]);
        assert_eq!((rng.uniform(), rng.normal()), (0.774_549_377_227_695_1, -2.344_530_403_648_142_2));
        let mut items = [0, 1, 2, 3, 4, 5, 6, 7];
        rng.shuffle(&mut items);
        assert_eq!(items, [7, 5, 0, 6, 3, 2, 1, 4]);
        let order = Permutation::new(8, &mut rng);
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7].map(|index| order.get(index)), [6, 0, 4, 7, 3, 5, 2, 1]);
    }

    #[test]
    fn normal_has_mean_0_and_deviation_1() {
        let mut rng = Rng::new(2);
        let draws: Vec<f64> = (0..20_000).map(|_| rng.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
