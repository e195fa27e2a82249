//! The passes of attention, sample by sample: the bits of a sample do not depend on others.
//!
//! Queries, keys and values are transposed, `[feature][step]`. Those of a head are consecutive rows, and each product is one
//! of matrices whose rows have the length of the sequence or of a frame.

use core::slice;

use crate::{
    Zeroed,
    activation::{softmax_row, softmax_row_backward},
    kernel::{
        Element, ElementwiseKernel, Plus, Real, Simd, Unchanged, Work, copy, elementwise_row, nn, nn_from, nt, nt_from,
        sum_of_row, sum_rows, tn,
    },
};

/// A layer of attention as its numbers. `outputs` are those of the weights `kernel`.
pub(super) struct Attention<'a, T, const WIDTH: usize, const STEPS: usize> {
    pub kernel: &'a [[[T; WIDTH]; WIDTH]; 3],
    pub bias: &'a [[T; WIDTH]; 3],
    pub out_kernel: &'a [[T; WIDTH]; WIDTH],
    pub out_bias: &'a [T; WIDTH],
    /// The width of a head.
    pub head: usize,
    pub causal: bool,
    /// The angles of [`Rotary`](super::Rotary).
    pub angles: Option<&'static [[f32; STEPS]; WIDTH]>,
}

/// Queries, keys and values.
pub(super) type Parts<T, const WIDTH: usize, const STEPS: usize> = [[[T; STEPS]; WIDTH]; 3];

/// The memory of a sample at inference.
pub(super) struct Memory<T, const WIDTH: usize, const STEPS: usize> {
    parts: Parts<T, WIDTH, STEPS>,
    weights: [[T; STEPS]; STEPS],
    mixed: [[T; STEPS]; WIDTH],
}

// SAFETY: each field is `Zeroed`.
unsafe impl<T: Zeroed, const WIDTH: usize, const STEPS: usize> Zeroed for Memory<T, WIDTH, STEPS> {}

/// What training saves.
pub struct Tape<T, const WIDTH: usize, const STEPS: usize, const HEADS: usize, const B: usize> {
    /// Queries, keys and values; after the way back, the gradients with respect to them.
    parts: [Parts<T, WIDTH, STEPS>; B],
    /// The weight with which each step attends to each step: `weights[head][step][other]`.
    pub(super) weights: [[[[T; STEPS]; STEPS]; HEADS]; B],
    /// The means of the values, of all heads.
    mixed: [[[T; STEPS]; WIDTH]; B],
    /// The number of steps that other steps attend to, or 0 for all.
    pub(super) lengths: [usize; B],
    /// On the way back, the gradients of one sample with respect to `weights` of a head, and to `mixed`.
    of_weights: [[T; STEPS]; STEPS],
    of_mixed: [[T; STEPS]; WIDTH],
    /// A sum of gradients.
    sum: [[[T; WIDTH]; WIDTH]; 3],
}

// SAFETY: each field is `Zeroed`.
unsafe impl<T: Zeroed, const WIDTH: usize, const STEPS: usize, const HEADS: usize, const B: usize> Zeroed
    for Tape<T, WIDTH, STEPS, HEADS, B>
{
}

impl<T: Element, const WIDTH: usize, const STEPS: usize> Attention<'_, T, WIDTH, STEPS> {
    /// `1/√head`
    fn scale(&self) -> T {
        T::one() / T::from_f64(self.head as f64).sqrt()
    }

    /// Computes queries, keys and values of some steps. Queries are scaled.
    #[inline(always)]
    pub(super) fn project<S: Simd, const N: usize>(
        &self,
        simd: S,
        x: &[[T; WIDTH]; N],
        parts: &mut Parts<T, WIDTH, N>,
    ) {
        nt_from(simd, zeros(), self.kernel.as_flattened(), x, parts.as_flattened_mut());
        let factors = [self.scale(), T::one(), T::one()];
        for ((part, bias), factor) in parts.iter_mut().zip(self.bias).zip(factors) {
            for (row, bias) in part.iter_mut().zip(bias) {
                elementwise_row(simd, &ScaledSum(bias.to_f64(), factor.to_f64()), [], [row]);
            }
        }
    }

    /// Rotates queries or keys of `N` steps from `start` on, of one head or several, by their angles times `sign`.
    #[inline(always)]
    pub(super) fn rotate<S: Simd, const N: usize>(&self, simd: S, start: usize, part: &mut [[T; N]], sign: f64) {
        let Some(angles) = self.angles else { return };
        let pairs = self.head / 2;
        for (pair, (cosines, sines)) in angles.iter().zip(angles.iter().skip(pairs)).take(pairs).enumerate() {
            let [cosines, sines] = [cosines, sines].map(|row| {
                let (mut numbers, row) = ([T::zero(); N], row.get(start..).unwrap_or(&[]));
                numbers.iter_mut().zip(row).for_each(|(number, of_step)| *number = T::from_f64((*of_step).into()));
                numbers
            });
            for head in part.chunks_exact_mut(self.head.max(1)) {
                let (first, second) = head.split_at_mut(pairs);
                if let (Some(first), Some(second)) = (first.get_mut(pair), second.get_mut(pair)) {
                    elementwise_row(simd, &Rotate(sign), [&cosines, &sines], [first, second]);
                }
            }
        }
    }

    /// Rotates the queries and the keys of all steps.
    #[inline(always)]
    fn rotate_all<S: Simd>(&self, simd: S, [query, key, _]: &mut Parts<T, WIDTH, STEPS>, sign: f64) {
        self.rotate(simd, 0, query, sign);
        self.rotate(simd, 0, key, sign);
    }

    /// Computes with which weights each step attends to each of the first `length` steps, or of all if it is 0.
    #[inline(always)]
    fn weigh<S: Simd>(
        &self,
        simd: S,
        length: usize,
        [query, key]: [&[[T; STEPS]]; 2],
        weights: &mut [[T; STEPS]; STEPS],
    ) {
        tn(simd, query, key, weights);
        let length = if length == 0 { STEPS } else { length };
        for (step, row) in weights.iter_mut().enumerate() {
            let (seen, later) = row.split_at_mut(if self.causal { step + 1 } else { length }.min(STEPS));
            later.fill(T::zero());
            softmax_row(simd, seen);
        }
    }

    #[inline(always)]
    fn output<S: Simd>(&self, simd: S, mixed: &[[T; STEPS]; WIDTH], y: &mut [[T; WIDTH]; STEPS]) {
        tn(simd, mixed, self.out_kernel, y);
        for row in y {
            elementwise_row(simd, &Plus, [self.out_bias], [row]);
        }
    }

    /// The rows of each head.
    #[inline(always)]
    fn heads<'a>(&self, rows: &'a [[T; STEPS]; WIDTH]) -> slice::ChunksExact<'a, [T; STEPS]> {
        rows.chunks_exact(self.head.max(1))
    }

    /// The mutable version of [`heads`](Self::heads).
    #[inline(always)]
    fn heads_mut<'a>(&self, rows: &'a mut [[T; STEPS]; WIDTH]) -> slice::ChunksExactMut<'a, [T; STEPS]> {
        rows.chunks_exact_mut(self.head.max(1))
    }

    /// `y = f(x)` at inference.
    #[inline(always)]
    fn forward<S: Simd>(
        &self,
        simd: S,
        lengths: &[usize],
        x: &[[[T; WIDTH]; STEPS]],
        y: &mut [[[T; WIDTH]; STEPS]],
        Memory { parts, weights, mixed }: &mut Memory<T, WIDTH, STEPS>,
    ) {
        for (row, (x, y)) in x.iter().zip(y).enumerate() {
            let length = lengths.get(row).copied().unwrap_or(0);
            self.project(simd, x, parts);
            self.rotate_all(simd, parts, 1.0);
            let [query, key, value] = &*parts;
            let heads = self.heads(query).zip(self.heads(key)).zip(self.heads(value));
            for (((query, key), value), mixed) in heads.zip(self.heads_mut(mixed)) {
                self.weigh(simd, length, [query, key], weights);
                nt_from(simd, zeros(), value, weights, mixed);
            }
            self.output(simd, mixed, y);
        }
    }

    /// `y = f(x)`, recorded.
    #[inline(always)]
    fn record<S: Simd, const HEADS: usize, const B: usize>(
        &self,
        simd: S,
        x: &[[[T; WIDTH]; STEPS]],
        tape: &mut Tape<T, WIDTH, STEPS, HEADS, B>,
        y: &mut [[[T; WIDTH]; STEPS]],
    ) {
        let saved = tape.parts.iter_mut().zip(&mut tape.weights).zip(tape.mixed.iter_mut().zip(&tape.lengths));
        for ((x, y), ((parts, weights), (mixed, length))) in x.iter().zip(y).zip(saved) {
            self.project(simd, x, parts);
            self.rotate_all(simd, parts, 1.0);
            let [query, key, value] = &*parts;
            let heads = self.heads(query).zip(self.heads(key)).zip(self.heads(value));
            for ((((query, key), value), mixed), weights) in heads.zip(self.heads_mut(mixed)).zip(weights) {
                self.weigh(simd, *length, [query, key], weights);
                nt_from(simd, zeros(), value, weights, mixed);
            }
            self.output(simd, mixed, y);
        }
    }

    /// From `dy`, computes the gradients with respect to queries, keys and values and, unless it is `None`, `dx`.
    #[inline(always)]
    fn backward<S: Simd, const HEADS: usize, const B: usize>(
        &self,
        simd: S,
        dy: &[[[T; WIDTH]; STEPS]],
        tape: &mut Tape<T, WIDTH, STEPS, HEADS, B>,
        dx: Option<&mut [[[T; WIDTH]; STEPS]]>,
    ) {
        let Tape { parts, weights, of_weights, of_mixed, .. } = tape;
        let mut dx = dx.map(|dx| dx.iter_mut());
        for ((dy, parts), weights) in dy.iter().zip(parts).zip(weights) {
            nt(simd, self.out_kernel, dy, of_mixed);
            let [query, key, value] = &mut *parts;
            let heads = self.heads_mut(query).zip(self.heads_mut(key)).zip(self.heads_mut(value));
            for ((((query, key), value), of_mixed), weights) in heads.zip(self.heads_mut(of_mixed)).zip(weights) {
                tn(simd, of_mixed, value, of_weights);
                nn(simd, of_mixed, weights, T::zeros(), &Unchanged, value);
                for (weights, gradient) in weights.iter().zip(&mut *of_weights) {
                    softmax_row_backward(simd, weights, gradient);
                }
                nt(simd, key, of_weights, of_mixed);
                nn(simd, query, of_weights, T::zeros(), &Unchanged, key);
                copy(of_mixed, query);
            }
            self.rotate_all(simd, parts, -1.0);
            let [query, ..] = &mut *parts;
            elementwise_row(simd, &ScaledSum(0.0, self.scale().to_f64()), [], [query.as_flattened_mut()]);
            if let Some(dx) = dx.as_mut().and_then(Iterator::next) {
                tn(simd, parts.as_flattened(), self.kernel.as_flattened(), dx);
            }
        }
    }
}

/// `y = f(x)` at inference, compiled once for all callers.
pub(super) struct Forward<'a, T, const WIDTH: usize, const STEPS: usize> {
    pub layer: Attention<'a, T, WIDTH, STEPS>,
    pub lengths: &'a [usize],
    pub x: &'a [[[T; WIDTH]; STEPS]],
    pub y: &'a mut [[[T; WIDTH]; STEPS]],
    pub memory: &'a mut Memory<T, WIDTH, STEPS>,
}

impl<T: Element, const WIDTH: usize, const STEPS: usize> Work for Forward<'_, T, WIDTH, STEPS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.layer.forward(simd, self.lengths, self.x, self.y, self.memory);
    }
}

/// `y = f(x)`, recorded; compiled once for all callers.
pub(super) struct Record<'a, T, const WIDTH: usize, const STEPS: usize, const HEADS: usize, const B: usize> {
    pub layer: Attention<'a, T, WIDTH, STEPS>,
    pub x: &'a [[[T; WIDTH]; STEPS]],
    pub tape: &'a mut Tape<T, WIDTH, STEPS, HEADS, B>,
    pub y: &'a mut [[[T; WIDTH]; STEPS]],
}

impl<T: Element, const WIDTH: usize, const STEPS: usize, const HEADS: usize, const B: usize> Work
    for Record<'_, T, WIDTH, STEPS, HEADS, B>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.layer.record(simd, self.x, self.tape, self.y);
    }
}

/// The way back, compiled once for all callers.
pub(super) struct Backward<'a, T, const WIDTH: usize, const STEPS: usize, const HEADS: usize, const B: usize> {
    pub layer: Attention<'a, T, WIDTH, STEPS>,
    pub dy: &'a [[[T; WIDTH]; STEPS]],
    pub tape: &'a mut Tape<T, WIDTH, STEPS, HEADS, B>,
    pub dx: Option<&'a mut [[[T; WIDTH]; STEPS]]>,
}

impl<T: Element, const WIDTH: usize, const STEPS: usize, const HEADS: usize, const B: usize> Work
    for Backward<'_, T, WIDTH, STEPS, HEADS, B>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.layer.backward(simd, self.dy, self.tape, self.dx);
    }
}

impl<T: Element, const WIDTH: usize, const STEPS: usize, const HEADS: usize, const B: usize>
    Tape<T, WIDTH, STEPS, HEADS, B>
{
    /// The gradients with respect to the parameters.
    #[inline(always)]
    pub(super) fn gradient<S: Simd>(
        &mut self,
        simd: S,
        x: &[[[T; WIDTH]; STEPS]],
        dy: &[[[T; WIDTH]; STEPS]],
        (kernel, bias): (&mut [[[T; WIDTH]; WIDTH]; 3], &mut [[T; WIDTH]; 3]),
        (out_kernel, out_bias): (&mut [[T; WIDTH]; WIDTH], &mut [T; WIDTH]),
    ) {
        let of_parts = self.parts.iter().map(|parts| parts.as_flattened());
        sum_products(simd, of_parts.zip(x), [kernel.as_flattened_mut(), self.sum.as_flattened_mut()]);
        let mixed = self.mixed.iter().map(|mixed| mixed.as_slice());
        sum_products(simd, mixed.zip(dy), [out_kernel, self.sum.as_flattened_mut()]);
        sum_rows(simd, dy.as_flattened(), out_bias);
        bias.as_flattened_mut().fill(T::zero());
        for (parts, _) in self.parts.iter().zip(x) {
            for (row, bias) in parts.as_flattened().iter().zip(bias.as_flattened_mut()) {
                *bias += sum_of_row(simd, &Unchanged, [row]);
            }
        }
    }
}

/// The sum of several products `left·right`, in the first rows. The second rows, of which there are at least as many, are
/// overwritten.
#[inline(always)]
fn sum_products<'a, S: Simd, T: Element, const WIDTH: usize, const STEPS: usize>(
    simd: S,
    products: impl Iterator<Item = (&'a [[T; STEPS]], &'a [[T; WIDTH]; STEPS])>,
    [rows, spare]: [&mut [[T; WIDTH]]; 2],
) {
    let count = rows.len();
    rows.as_flattened_mut().fill(T::zero());
    let (mut from, mut to) = (rows, spare.get_mut(..count).unwrap_or(&mut []));
    let mut swapped = false;
    for (left, right) in products {
        nn_from(simd, from, left, right, to);
        (from, to) = (to, from);
        swapped = !swapped;
    }
    if swapped {
        copy(from, to);
    }
}

/// The start of sums in order, whatever the number of rows: a frame of a stream has the bits of the sequence.
pub(super) fn zeros<T: Element, const N: usize>() -> &'static [[T; N]] {
    slice::from_ref(T::zeros())
}

/// `y = (x + addend)·factor`
#[derive(Clone, Copy)]
struct ScaledSum(f64, f64);

impl ElementwiseKernel<0, 1> for ScaledSum {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [x]: [V; 1]) -> [V; 1] {
        [(x + V::splat(self.0)) * V::splat(self.1)]
    }
}

/// Rotates pairs of numbers by an angle times a sign.
#[derive(Clone, Copy)]
struct Rotate(f64);

impl ElementwiseKernel<2, 2> for Rotate {
    #[inline(always)]
    fn apply<V: Real>(&self, [cosine, sine]: [V; 2], [a, b]: [V; 2]) -> [V; 2] {
        let sine = sine * V::splat(self.0);
        [a * cosine - b * sine, a * sine + b * cosine]
    }
}
