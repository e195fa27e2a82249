//! Instruction sets and their registers, as traits.

use super::{int8, level::Level, real::Real};

/// The instruction set that code is compiled for. Layers pass it on to kernels.
pub trait Simd: Copy + Send + Sync + 'static {
    /// A register of `f32`.
    type F32: Vector<f32>;
    /// A register of `f64`.
    type F64: Vector<f64>;
    /// The instruction set as a value.
    const LEVEL: Level;

    /// Runs `work` in a separate function, compiled for this instruction set and shared by all callers.
    fn run<W: Work>(self, work: W) -> W::Output;

    /// `Σₖ x[p][k]·weights[n][k]` of integers, for each row and each output. All have the same length.
    #[doc(hidden)]
    #[inline(always)]
    fn dots<const P: usize, const N: usize>(self, x: [&[i16]; P], weights: [&[i8]; N]) -> [[i32; P]; N] {
        let mut sums = [[0; P]; N];
        for n in 0..N {
            for p in 0..P {
                for (x, weight) in x[p].iter().zip(weights[n]) {
                    sums[n][p] += i32::from(*x) * i32::from(*weight);
                }
            }
        }
        sums
    }

    /// Computes the outputs of an int8 layer, if the processor has a way of its own; returns whether it has.
    #[doc(hidden)]
    #[inline(always)]
    fn int8_layer(self, _x: &[i8], _layer: int8::Layer<'_>, _y: &mut [i8]) -> bool {
        false
    }
}

/// The instruction set `S` for a small network and one sample. Its kernels are compiled into their caller: calls, and
/// results that pass through memory, would take longer than the kernels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inlined<S>(pub S);

impl<S: Simd> Simd for Inlined<S> {
    type F32 = S::F32;
    type F64 = S::F64;
    const LEVEL: Level = S::LEVEL;

    #[inline(always)]
    fn run<W: Work>(self, work: W) -> W::Output {
        work.run(self)
    }

    #[inline(always)]
    fn dots<const P: usize, const N: usize>(self, x: [&[i16]; P], weights: [&[i8]; N]) -> [[i32; P]; N] {
        self.0.dots(x, weights)
    }

    #[inline(always)]
    fn int8_layer(self, x: &[i8], layer: int8::Layer<'_>, y: &mut [i8]) -> bool {
        self.0.int8_layer(x, layer, y)
    }
}

/// Work that can be compiled for any instruction set.
pub trait Work {
    /// The result.
    type Output;

    /// Runs the work. Mark the method `#[inline(always)]`, so that it is compiled for the instruction set.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// The number of lanes of the longest register.
pub(super) const MOST_LANES: usize = 16;

/// A register: several numbers that are loaded, processed and stored together.
pub trait Vector<T>: Real {
    /// A register of half the length, if the instruction set processes such registers at twice the rate; otherwise this
    /// register.
    type Half: Vector<T>;
    /// The number of lanes.
    const LANES: usize;
    /// The height of the tiles of a matrix product, with rows of two registers, that keeps the processor busy: 4, 6 or
    /// 8.
    const ROWS: usize;
    /// The number of independent sums that hides the latency of a multiply-add.
    const SUMS: usize;

    /// `value` in each lane.
    fn broadcast(value: T) -> Self;
    /// The first numbers of `from`, padded with zeros if it is shorter than the register.
    fn load(from: &[T]) -> Self;
    /// Writes the lanes to `to`, up to its length.
    fn store(self, to: &mut [T]);
    /// The first `count` lanes, and zeros in the others.
    #[must_use]
    fn first(self, count: usize) -> Self;
    /// The sum of all lanes, computed pairwise.
    fn sum(self) -> T;
    /// The lanes of both registers interleaved, `a₀ b₀ a₁ b₁ …`, as the first and the second half.
    fn interleave(self, other: Self) -> (Self, Self);
    /// The largest lane.
    fn largest(self) -> T;
}
