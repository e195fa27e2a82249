//! The passes of a recurrent layer: a loop over the steps of all rows.
//!
//! The numbers of several steps are in the order `[step][row][unit]`, so that those of a step, and those of all steps,
//! are rows of a matrix.

use core::mem::MaybeUninit;

use super::{Recurrent, Returns, Unit};
use crate::{
    Tensor, Zeroed,
    kernel::{Element, Plus, Real as _, Simd, copy, elementwise, map_each, nn_from, nt_from, sum_rows, tn},
    layer::rows_at_once,
    layers::image::Channels,
    zeroed::{fits_stack, large},
};

/// Copies frame `step` of each sample. Samples have `length` numbers, and frames `width`.
#[inline(always)]
fn gather<T: Element>(samples: &[T], length: usize, step: usize, width: usize, frames: &mut [T]) {
    for (sample, frame) in samples.chunks_exact(length.max(1)).zip(frames.chunks_exact_mut(width.max(1))) {
        copy(sample.get(step * width..).unwrap_or(&[]), frame);
    }
}

/// The inverse of [`gather`].
#[inline(always)]
fn scatter<T: Element>(frames: &[T], length: usize, step: usize, width: usize, samples: &mut [T]) {
    for (sample, frame) in samples.chunks_exact_mut(length.max(1)).zip(frames.chunks_exact(width.max(1))) {
        copy(frame, sample.get_mut(step * width..).unwrap_or(&mut []));
    }
}

/// The numbers as rows.
#[inline(always)]
fn rows_of<X: Tensor, const N: usize>(numbers: &[X]) -> &[[X::Element; N]] {
    if const { N > 0 } { X::flat(numbers).as_chunks::<N>().0 } else { &[] }
}

/// The mutable version of [`rows_of`].
#[inline(always)]
fn rows_of_mut<X: Tensor, const N: usize>(numbers: &mut [X]) -> &mut [[X::Element; N]] {
    if const { N > 0 } { X::flat_mut(numbers).as_chunks_mut::<N>().0 } else { &mut [] }
}

/// The items of one step, of which there are `count`.
#[inline(always)]
fn at<X>(items: &[X], step: usize, count: usize) -> &[X] {
    items.get(step * count..(step + 1) * count).unwrap_or(&[])
}

/// The mutable version of [`at`].
#[inline(always)]
fn at_mut<X>(items: &mut [X], step: usize, count: usize) -> &mut [X] {
    items.get_mut(step * count..(step + 1) * count).unwrap_or(&mut [])
}

/// Adds the products of all gates to the first rows: `product(gate, from, to)` continues those in `from`.
#[inline(always)]
fn continued<X: Copy>(gates: usize, [rows, spare]: [&mut [X]; 2], mut product: impl FnMut(usize, &[X], &mut [X])) {
    let mut places = [rows, spare];
    for gate in 0..gates {
        let [from, to] = &mut places;
        product(gate, from, to);
        places.swap(0, 1);
    }
    let [last, first] = places;
    if gates % 2 == 1 {
        copy(last, first);
    }
}

impl<
    I: Channels,
    K: Unit<GATES, SAVED, STATES>,
    R: Returns,
    const UNITS: usize,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
    /// The products of frames with the weights of each gate, to the first of `saved`.
    #[inline(always)]
    pub(super) fn read<S: Simd>(
        &self,
        simd: S,
        frames: &[I::Element],
        saved: &mut [&mut [[I::Element; UNITS]]; SAVED],
    ) {
        for (gate, saved) in saved.iter_mut().enumerate().take(GATES) {
            let mut bias = self.bias[gate];
            if K::RECURRENT[gate] == gate
                && let Some(more) = self.recurrent_bias.as_ref().get(gate)
            {
                elementwise(simd, &Plus, [more], [&mut bias]);
            }
            I::pixels_nn(simd, &[bias], frames, &self.kernel[gate], saved);
        }
    }

    /// One step of several rows, from the products of their frames in the first of `saved`.
    #[inline(always)]
    pub(super) fn step<S: Simd>(
        &self,
        simd: S,
        mut products: [&mut [[I::Element; UNITS]]; GATES],
        saved: [&mut [[I::Element; UNITS]]; SAVED],
        states: [&mut [[I::Element; UNITS]]; STATES],
    ) {
        for gate in 0..GATES {
            let start = match self.recurrent_bias.as_ref().get(gate) {
                Some(bias) if K::RECURRENT[gate] != gate => core::slice::from_ref(bias),
                _ => &*saved[gate],
            };
            nn_from(simd, start, states[0], &self.recurrent_kernel[gate], products[gate]);
        }
        K::forward(
            simd,
            map_each(&mut products, |rows| rows.as_flattened()),
            saved.map(<[_]>::as_flattened_mut),
            states.map(<[_]>::as_flattened_mut),
        );
    }

    /// Writes the output of a step.
    #[inline(always)]
    fn write(step: usize, state: &[[I::Element; UNITS]], y: &mut [R::Of<I, UNITS>]) {
        if R::ALL || step + 1 == Self::STEPS {
            let step = if R::ALL { step } else { 0 };
            scatter(state.as_flattened(), R::Of::<I, UNITS>::LEN, step, UNITS, Tensor::flat_mut(y));
        }
    }

    /// The states after reading `x`, step by step, for as many rows at once as the stack allows.
    #[inline(always)]
    pub(super) fn states<S: Simd, const B: usize>(&self, simd: S, x: &[I], y: &mut [R::Of<I, UNITS>]) {
        // A branch whose `const` condition is false is not compiled.
        if const { B >= 16 && rows_at_once(size_of::<Step<I, UNITS, 1, GATES, SAVED, STATES>>()) >= 16 } {
            self.states_in_blocks::<S, 16>(simd, x, y);
        } else if const { B >= 4 && rows_at_once(size_of::<Step<I, UNITS, 1, GATES, SAVED, STATES>>()) >= 4 } {
            self.states_in_blocks::<S, 4>(simd, x, y);
        } else {
            self.states_in_blocks::<S, 1>(simd, x, y);
        }
    }

    #[inline(always)]
    fn states_in_blocks<S: Simd, const B: usize>(&self, simd: S, x: &[I], y: &mut [R::Of<I, UNITS>]) {
        if const { fits_stack(size_of::<Step<I, UNITS, B, GATES, SAVED, STATES>>()) } {
            self.states_in(simd, x, y, Step::<_, _, B, _, _, _>::zeroed_in(&mut MaybeUninit::uninit()));
        } else {
            self.states_in(simd, x, y, &mut large::<Step<_, _, B, _, _, _>>());
        }
    }

    #[inline(always)]
    fn states_in<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[I],
        y: &mut [R::Of<I, UNITS>],
        memory: &mut Step<I, UNITS, B, GATES, SAVED, STATES>,
    ) {
        for (x, y) in x.chunks(B).zip(y.chunks_mut(B)) {
            memory.states = Zeroed::zeroed_on_stack();
            for step in 0..Self::STEPS {
                let frames = Tensor::flat_mut(&mut memory.frames);
                gather(I::flat(x), I::LEN, step, I::INNERMOST, frames);
                let mut saved = map_each(&mut memory.saved, |rows| at_mut(rows, 0, x.len()));
                self.read(simd, at(frames, 0, x.len() * I::INNERMOST), &mut saved);
                let products = map_each(&mut memory.products, |rows| at_mut(rows, 0, x.len()));
                let states = map_each(&mut memory.states, |rows| at_mut(rows, 0, x.len()));
                self.step(simd, products, saved, states);
                Self::write(step, &memory.states[0], y);
            }
        }
    }
}

/// The memory of one step of `B` rows.
struct Step<
    I: Channels,
    const UNITS: usize,
    const B: usize,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> {
    frames: [I::Each<I::Element>; B],
    products: [[[I::Element; UNITS]; B]; GATES],
    saved: [[[I::Element; UNITS]; B]; SAVED],
    states: [[[I::Element; UNITS]; B]; STATES],
}

// SAFETY: each field is `Zeroed`.
unsafe impl<
    I: Channels,
    const UNITS: usize,
    const B: usize,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Zeroed for Step<I, UNITS, B, GATES, SAVED, STATES>
{
}

/// The values that training saves for up to `B` rows, and the memory of its passes.
#[derive(Debug)]
pub struct Tape<
    I: Channels,
    R: Returns,
    const UNITS: usize,
    const B: usize,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> {
    /// The input, with the frames of a step side by side.
    x: [I; B],
    /// The numbers that the unit saves for each step. After the way back, they are gradients.
    saved: [[I::Resized<UNITS>; B]; SAVED],
    /// The states before each step.
    before: [[I::Resized<UNITS>; B]; STATES],
    /// The states of the current step; on the way back, the gradients with respect to them.
    states: [[[I::Element; UNITS]; B]; STATES],
    /// The states after the last step, with which the next batch starts.
    kept: R::Kept<[[[I::Element; UNITS]; B]; STATES]>,
    products: [[[I::Element; UNITS]; B]; GATES],
    /// On the way back, the gradients with respect to the frames of a step.
    frames: [[I::Each<I::Element>; B]; 2],
}

// SAFETY: each field is `Zeroed`.
unsafe impl<
    I: Channels,
    R: Returns,
    const UNITS: usize,
    const B: usize,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Zeroed for Tape<I, R, UNITS, B, GATES, SAVED, STATES>
{
}

impl<
    I: Channels,
    R: Returns,
    const UNITS: usize,
    const B: usize,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Tape<I, R, UNITS, B, GATES, SAVED, STATES>
{
    /// `y = f(x)`. The products with the frames are one for all steps. A stateful layer starts with the states that
    /// the batch before has kept in the tape.
    #[inline(always)]
    pub(super) fn record<S: Simd, K: Unit<GATES, SAVED, STATES>>(
        &mut self,
        layer: &Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>,
        simd: S,
        x: &[I],
        y: &mut [R::Of<I, UNITS>],
    ) {
        let (rows, steps) = (x.len(), Recurrent::<I, UNITS, K, R, GATES, SAVED, STATES>::STEPS);
        let frames = I::flat_mut(&mut self.x);
        for step in 0..steps {
            gather(I::flat(x), I::LEN, step, I::INNERMOST, at_mut(frames, step, rows * I::INNERMOST));
        }
        let mut saved = map_each(&mut self.saved, |numbers| at_mut(rows_of_mut::<_, UNITS>(numbers), 0, steps * rows));
        layer.read(simd, at(frames, 0, rows * I::LEN), &mut saved);
        match self.kept.as_ref() {
            [kept] => copy(kept.as_flattened(), self.states.as_flattened_mut()),
            [..] => self.states.as_flattened_mut().fill(*I::Element::zeros()),
        }
        for step in 0..steps {
            for (before, state) in self.before.iter_mut().zip(&self.states) {
                copy(at(state, 0, rows), at_mut(rows_of_mut::<_, UNITS>(before), step, rows));
            }
            layer.step(
                simd,
                map_each(&mut self.products, |numbers| at_mut(numbers, 0, rows)),
                map_each(&mut saved, |numbers| at_mut(numbers, step, rows)),
                map_each(&mut self.states, |numbers| at_mut(numbers, 0, rows)),
            );
            Recurrent::<I, UNITS, K, R, GATES, SAVED, STATES>::write(step, &self.states[0], y);
        }
        if let [kept] = self.kept.as_mut() {
            copy(self.states.as_flattened(), kept.as_flattened_mut());
        }
    }

    /// Computes the gradients with respect to the products and, unless `dx` is `None`, to the input.
    #[inline(always)]
    pub(super) fn backward<S: Simd, K: Unit<GATES, SAVED, STATES>>(
        &mut self,
        layer: &Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>,
        simd: S,
        dy: &[R::Of<I, UNITS>],
        mut dx: Option<&mut [I]>,
    ) {
        let (rows, steps) = (dy.len(), Recurrent::<I, UNITS, K, R, GATES, SAVED, STATES>::STEPS);
        let Self { saved, before, states, products, frames, .. } = self;
        states.as_flattened_mut().fill(*I::Element::zeros());
        let [frames, spare_frames] = frames;
        for step in (0..steps).rev() {
            if R::ALL || step + 1 == steps {
                let (from, arrived) = (if R::ALL { step } else { 0 }, products[0].as_flattened_mut());
                gather(Tensor::flat(dy), R::Of::<I, UNITS>::LEN, from, UNITS, arrived);
                let arrived = at(arrived, 0, rows * UNITS);
                elementwise(simd, &Plus, [arrived], [states[0].as_flattened_mut()]);
            }
            K::backward(
                simd,
                map_each(before, |numbers| at(rows_of::<_, UNITS>(numbers), step, rows).as_flattened()),
                map_each(saved, |numbers| at_mut(rows_of_mut::<_, UNITS>(numbers), step, rows).as_flattened_mut()),
                map_each(states, |numbers| at_mut(numbers, 0, rows).as_flattened_mut()),
            );
            let gradient = |index: usize| at(rows_of::<_, UNITS>(&saved[index]), step, rows);
            if step > 0 {
                let places = [at_mut(&mut states[0], 0, rows), at_mut(&mut products[0], 0, rows)];
                continued(GATES, places, |gate, from, to| {
                    nt_from(simd, from, gradient(K::RECURRENT[gate]), &layer.recurrent_kernel[gate], to);
                });
            }
            if let Some(dx) = &mut dx {
                let places = [&mut *frames, &mut *spare_frames].map(|frames| Tensor::flat_mut(frames));
                let [first, spare] = places.map(|frames| at_mut(frames, 0, rows * I::INNERMOST));
                first.fill(I::Element::splat(0.0));
                continued(GATES, [&mut *first, spare], |gate, from, to| {
                    I::pixels_nt(simd, from, gradient(gate), &layer.kernel[gate], to);
                });
                scatter(first, I::LEN, step, I::INNERMOST, I::flat_mut(dx));
            }
        }
    }

    /// The gradients with respect to the parameters, each from all steps at once.
    #[inline(always)]
    pub(super) fn gradient<S: Simd, K: Unit<GATES, SAVED, STATES>>(
        &self,
        simd: S,
        rows: usize,
        gradient: &mut Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>,
    ) {
        let all = rows * Recurrent::<I, UNITS, K, R, GATES, SAVED, STATES>::STEPS;
        let frames = at(I::flat(&self.x), 0, rows * I::LEN);
        let before = at(rows_of::<_, UNITS>(&self.before[0]), 0, all);
        for gate in 0..GATES {
            let of_frames = at(rows_of::<_, UNITS>(&self.saved[gate]), 0, all);
            let of_states = at(rows_of::<_, UNITS>(&self.saved[K::RECURRENT[gate]]), 0, all);
            I::pixels_tn(simd, frames, of_frames, &mut gradient.kernel[gate]);
            tn(simd, before, of_states, &mut gradient.recurrent_kernel[gate]);
            sum_rows(simd, of_frames, &mut gradient.bias[gate]);
            if let Some(bias) = gradient.recurrent_bias.as_mut().get_mut(gate) {
                sum_rows(simd, of_states, bias);
            }
        }
    }
}
