//! Where the outputs of layers in int8 are stored.

use core::{
    marker::PhantomData,
    mem::{MaybeUninit, swap},
};

use super::{Int8Layer, Int8Tensor, Run};
use crate::{
    Zeroed as _,
    kernel::{
        Simd, Work, copy,
        int8::{Room, apart, first_of, first_of_mut},
    },
};

/// Where the output of a layer is stored: [`Apart`] from the input, or [`Within`] it.
pub trait Place {
    /// Whether the output is the bytes of the input.
    const WITHIN: bool;
    /// The memory of the output, if that of the input is an `Input`.
    type Memory<Input>;
    /// The turn of the input, if that of the output is `T`.
    type Before<T: Turn>: Turn;
    /// The place of a layer like this one, with its output in a `Y`.
    type Of<Y>: Place;
    /// The place of two layers, of which the second is at `P`.
    type Then<P: Place>: Place;
}

/// The output is at the start of memory of its own, a `Y`.
pub struct Apart<Y>(PhantomData<fn() -> Y>);

impl<Y> Place for Apart<Y> {
    const WITHIN: bool = false;
    type Memory<Input> = Y;
    type Before<T: Turn> = T::Next;
    type Of<Z> = Apart<Z>;
    type Then<P: Place> = Self;
}

/// The output is the bytes of the input, in another shape. It is neither computed nor copied.
pub struct Within;

impl Place for Within {
    const WITHIN: bool = true;
    type Memory<Input> = Input;
    type Before<T: Turn> = T;
    type Of<Y> = Self;
    type Then<P: Place> = P;
}

/// Which of the two memories of a sequence has an output.
pub trait Turn {
    /// Whether it has the last output.
    const LAST: bool;
    /// The other one.
    type Next: Turn;
    /// `Y`, if it has the last output; else nothing.
    type IfLast<Y>;
    /// Nothing, if it has the last output; else `Y`.
    type IfOther<Y>;
}

/// The memory of the last output.
pub struct Last;

impl Turn for Last {
    const LAST: bool = true;
    type Next = Other;
    type IfLast<Y> = Y;
    type IfOther<Y> = ();
}

/// The other memory.
pub struct Other;

impl Turn for Other {
    const LAST: bool = false;
    type Next = Last;
    type IfLast<Y> = ();
    type IfOther<Y> = Y;
}

/// The bytes of memory that the output of `L` takes.
pub(super) const fn room<L: Int8Layer>() -> usize {
    if L::Place::WITHIN { 0 } else { L::Output::LEN }
}

/// The output for `x`: in `memory`, if it is apart.
#[inline(always)]
pub(super) fn output<'m, S: Simd, L: Int8Layer>(
    simd: S,
    layers: &L,
    x: &'m L::Input,
    memory: &'m mut MaybeUninit<L::Output>,
) -> &'m L::Output {
    if let Some(y) = L::view(x) {
        return y;
    }
    let y = L::Output::zeroed_in(memory);
    apart(simd, Run { layers, x, y });
    y
}

/// The two memories of a sequence, to which its layers write in turn.
pub(super) struct Memories<'m> {
    /// That of the output before.
    taken: Memory<'m>,
    /// That of the next output.
    free: Memory<'m>,
}

/// One memory of a sequence: the output of the sequence, for what fits, and another one.
struct Memory<'m> {
    output: &'m mut [i8],
    beyond: &'m mut [i8],
}

impl<'m> Memory<'m> {
    #[inline(always)]
    fn of<M>(&mut self) -> &mut [i8] {
        if size_of::<M>() <= self.output.len() { self.output } else { self.beyond }
    }
}

impl<'m> Memories<'m> {
    /// The memories of a sequence whose input has the turn `T`.
    #[inline(always)]
    pub fn new<T: Turn>(output: &'m mut [i8], beyond: &'m mut [i8], other: &'m mut [i8]) -> Self {
        let (last, other) = (Memory { output, beyond }, Memory { output: &mut [], beyond: other });
        if T::LAST { Self { taken: last, free: other } } else { Self { taken: other, free: last } }
    }

    /// The output of a layer for `x`, if it is within `x`; else it is in its memory.
    #[inline(always)]
    pub fn first<'x, S: Simd, L: Int8Layer>(&mut self, simd: S, layers: &L, x: &'x L::Input) -> Option<&'x L::Output> {
        if L::Place::WITHIN {
            return L::view(x);
        }
        write(simd, layers, x, self.free.of::<RoomOf<L>>());
        swap(&mut self.taken, &mut self.free);
        None
    }

    /// Like [`first`](Self::first), for the output before, which is in an `M`, if there is no `x`.
    #[inline(always)]
    pub fn next<'x, S: Simd, L: Int8Layer<Input: Int8Tensor>, M>(
        &mut self,
        simd: S,
        layers: &L,
        x: Option<&'x L::Input>,
    ) -> Option<&'x L::Output> {
        if let Some(x) = x {
            return self.first(simd, layers, x);
        }
        if !L::Place::WITHIN {
            let x = first_of(self.taken.of::<M>());
            write(simd, layers, x, self.free.of::<RoomOf<L>>());
            swap(&mut self.taken, &mut self.free);
        }
        None
    }

    /// Like [`next`](Self::next), for the last layer: its output is that of the sequence.
    #[inline(always)]
    pub fn last<S: Simd, L: Int8Layer<Input: Int8Tensor>, M>(mut self, simd: S, layers: &L, x: Option<&L::Input>) {
        let to = if L::Place::WITHIN { &mut self.taken } else { &mut self.free };
        match x {
            Some(x) => apart(simd, Run { layers, x, y: first_of_mut(to.output) }),
            None if !L::Place::WITHIN => {
                let x = first_of(self.taken.of::<M>());
                apart(simd, Run { layers, x, y: first_of_mut(self.free.output) });
            }
            None if size_of::<M>() > to.output.len() => copy(to.beyond, to.output),
            None => {}
        }
    }
}

/// The memory of the output of `L`.
pub(super) type RoomOf<L> = <<L as Int8Layer>::Place as Place>::Memory<<L as Int8Layer>::Output>;

/// Writes the output for `x` to `room`.
#[inline(always)]
fn write<S: Simd, L: Int8Layer>(simd: S, layers: &L, x: &L::Input, room: &mut [i8]) {
    if size_of::<RoomOf<L>>() == L::Output::LEN {
        // Layers of one type share this function.
        apart(simd, Run { layers, x, y: first_of_mut(room) });
    } else {
        apart(simd, RunIn { layers, x, room: Room::of(room) });
    }
}

/// A call of [`run_in`](Int8Layer::run_in).
struct RunIn<'a, L: Int8Layer> {
    layers: &'a L,
    x: &'a L::Input,
    room: &'a mut Room<RoomOf<L>>,
}

impl<L: Int8Layer> Work for RunIn<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.layers.run_in(simd, self.x, self.room);
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::{
        activation::{Linear, Relu},
        kernel::dispatch,
        layers,
        network::Network as _,
        quantized::{Dense, Quantized, Reshape},
    };

    type Plain = (layers::Dense<4, 9, Relu>, layers::Dense<9, 6, Relu>, layers::Dense<6, 2, Linear>);

    fn parts() -> (Dense<4, 9, Relu>, Dense<9, 6, Relu>, Dense<6, 2, Linear>) {
        let samples = [[0.5, -1.0, 2.0, 0.1], [-0.3, 1.0, 0.7, -2.0]];
        Quantized::<Plain>::calibrate(&Plain::new(1), &samples).expect("they are finite").layers
    }

    fn same<X: Int8Tensor>() -> Reshape<X, X> {
        Reshape::RESHAPE
    }

    fn run<L: Int8Layer>(layers: &L, x: &L::Input) -> L::Output {
        let mut y = L::Output::zeroed();
        dispatch(Run { layers, x, y: &mut y });
        y
    }

    #[track_caller]
    fn assert_as_plain<L: Int8Layer<Input = [i8; 4], Output = [i8; 2]>>(layers: L) {
        for x in [[0, 0, 0, 0], [100, -100, 50, -7], [-128, 127, 127, -128]] {
            assert_eq!(run(&layers, &x), run(&parts(), &x));
        }
        assert_eq!(L::INSIDE, 9 + 6);
    }

    #[test]
    fn layers_that_only_reshape_take_no_memory() {
        let (a, b, c) = parts();
        let (square, flat) = (Reshape::<[i8; 9], [[i8; 3]; 3]>::RESHAPE, Reshape::<[[i8; 3]; 3], [i8; 9]>::RESHAPE);
        assert_as_plain((a, square, flat, b, c));
        let (a, b, c) = parts();
        assert_as_plain((same(), same(), a, b, same(), c, same()));
    }

    #[test]
    fn nested_sequences_share_memory() {
        let (a, b, c) = parts();
        assert_as_plain(((a, b), c));
        let (a, b, c) = parts();
        assert_as_plain((a, (b, c)));
        let (a, b, c) = parts();
        assert_as_plain(((a, b, c), same()));
        let (a, b, c) = parts();
        assert_as_plain((((same(), a), same()), ((b, same()), c, same()), same()));
    }

    #[test]
    fn a_sequence_that_only_reshapes_copies_its_input() {
        let twice = (same::<[i8; 3]>(), Reshape::<[i8; 3], [[i8; 1]; 3]>::RESHAPE);
        assert_eq!(run(&twice, &[1, -2, 3]), [[1], [-2], [3]]);
        assert_eq!(run(&(twice, Reshape::<_, [i8; 3]>::RESHAPE), &[1, -2, 3]), [1, -2, 3]);
    }
}
