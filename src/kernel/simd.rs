//! Instruction sets and their registers, as traits.

use super::{level::Level, real::Real};

/// The instruction set that code is compiled for. Layers pass it on.
pub trait Simd: Copy + Send + Sync + 'static {
    /// A register of `f32`.
    type F32: Vector<f32>;
    /// A register of `f64`.
    type F64: Vector<f64>;
    /// The instruction set as a value.
    const LEVEL: Level;

    /// Does `work` in a separate function, compiled for this instruction set and shared by its callers.
    fn run<W: Work>(self, work: W) -> W::Output;
}

/// Work that can be compiled for any instruction set.
pub trait Work {
    /// The result.
    type Output;

    /// Does the work. Mark it `#[inline(always)]`, so that it is compiled for the instruction set.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// The lanes of the longest register.
pub(super) const MOST_LANES: usize = 16;

/// A register: several numbers that are loaded, computed and stored together.
pub trait Vector<T>: Real {
    /// A register half as long, if the instruction set computes with those at twice the rate; else the register itself.
    type Half: Vector<T>;
    /// How many numbers a register holds.
    const LANES: usize;
    /// How many rows of a matrix product keep the processor busy with two registers each: 4, 6 or 8.
    const ROWS: usize;
    /// How many independent sums hide the latency of a multiply-add.
    const SUMS: usize;

    /// `value` in each lane.
    fn broadcast(value: T) -> Self;
    /// The first numbers of `from`; zeros where it ends.
    fn load(from: &[T]) -> Self;
    /// Writes the first numbers of `to`, as far as it reaches.
    fn store(self, to: &mut [T]);
    /// The first `count` lanes; zeros in the others.
    #[must_use]
    fn first(self, count: usize) -> Self;
    /// The sum of all lanes, added in pairs.
    fn sum(self) -> T;
    /// The lanes of both registers in turn, `a₀ b₀ a₁ b₁ …`, as the first and the second half.
    fn interleave(self, other: Self) -> (Self, Self);
    /// The largest lane.
    fn largest(self) -> T;
}
