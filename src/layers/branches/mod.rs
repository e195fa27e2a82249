//! Layers side by side: [`Residual`] and [`Branches`], also of networks with several inputs or outputs.

mod arithmetic;
mod by_channel;
mod identity;
mod join;
mod mat_mul;
mod member;

pub use arithmetic::{Add, Maximum, Minimum, Multiply, SquaredDifference, Subtract};
pub use identity::Identity;
pub use join::{Both, Concat, Join, Joins};
pub use mat_mul::{MatMul, Multiplicand};
pub use member::{First, Second};

use core::{marker::PhantomData, mem::MaybeUninit, slice};

use crate::{
    Parameters, Rng, Tensor, Zeroed,
    activation::{Activation, Fusible, Linear, Save},
    kernel::{ElementwiseKernel, Plus, Simd, Unchanged, cast_rows, elementwise, map_each},
    layer::{
        Description, Ending, Infer, Inferred, Invalid, Layer, Link, Operations, Path, VisitGradient, first_fault,
        learns, pass, pass_mut,
    },
    layers::{
        activate::{activate_backward, compute, record},
        image::Channels,
    },
    message::Message,
    stream::{Streaming, apart_in_time},
};
use join::Shaped;

/// `y = act(layer(x) + shortcut(x))` (He et al. 2016), where the shortcut is the identity unless another layer is given.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<8, 8, 3>)]
/// type Net = (
///     Conv2d<_, 4, 3, Relu, Same>,
///     Residual<(Conv2d<_, 4, 3, Relu, Same>, Conv2d<_, 4, 3, Linear, Same>), Relu>,
///     // The shape changes, so the shortcut has weights.
///     Residual<(Conv2d<_, 8, 3, Relu, Same<2>>, Conv2d<_, 8, 3, Linear, Same>), Relu, Conv2d<_, 8, 1, Linear, Same<2>>>,
///     GlobalAveragePool<_>,
///     Dense<_, 10, Softmax>,
/// );
///
/// assert_eq!(Net::new(1).predict(&[[[0.0; 3]; 8]; 8]), [0.1; 10]);
/// ```
pub type Residual<L, A = Linear, S = Identity<<L as Layer>::Input>> = Branches<L, S, Add<A>>;

/// Two layers, or sequences of layers in parentheses, that take the same input. `J` joins their outputs: [`Add`],
/// [`Subtract`], [`SquaredDifference`], [`Multiply`], [`Maximum`], [`Minimum`], [`MatMul`], [`Concat`] or [`Both`]. For more
/// branches, nest it.
///
/// ```
/// use shiplap::{layers::{Branches, Concat}, prelude::*};
///
/// #[network(input = Image<8, 8, 3>)]
/// type Net = (
///     Branches<(Conv2d<_, 2, 1, Relu>, Conv2d<_, 4, 3, Relu, Same>), Conv2d<_, 6, 1, Relu>, Concat>,
///     GlobalAveragePool<_>,
/// );
///
/// let channels: [f32; 4 + 6] = Net::new(1).predict(&[[[0.5; 3]; 8]; 8]);
/// ```
#[derive(Parameters)]
#[parameters(element = A::Element, kind = J::KIND)]
pub struct Branches<A: Layer, B: Layer<Element = A::Element>, J: Join> {
    /// The first branch: the layers of a residual connection.
    #[layer]
    pub first: A,
    /// The second branch: the shortcut of a residual connection.
    #[layer]
    pub second: B,
    join: PhantomData<fn() -> J>,
}

#[diagnostic::do_not_recommend]
impl<A: Layer<Output: Channels>, B: Layer<Element = A::Element>> Infer for Branches<A, B, Concat<Inferred>> {
    const FAULT: Option<Message> = join::misfit_of_concat::<A::Output, B::Output>();
    const EXTENTS: [usize; 6] = [A::Output::INNERMOST + B::Output::INNERMOST, 0, 0, 0, 0, 0];
    type Layer<const N: usize, const U: usize, const V: usize, const W: usize, const X: usize, const Y: usize> =
        Branches<A, B, Concat<<A::Output as Channels>::Resized<N>>>;
}

impl<A: Layer, B: Layer<Element = A::Element>, J: Shaped + Joins<A::Output, B::Output>> Layer for Branches<A, B, J> {
    type Input = A::Input;
    type Output = J::Output;
    /// Those of the branches; the numbers that the activation saves; and the gradient of the second branch with respect to
    /// the input.
    type Tape<const N: usize> = (
        Link<A::Tape<N>, A::Output, N>,
        Link<B::Tape<N>, B::Output, N>,
        <<J::Activation as Activation>::Saves as Save>::Storage<J::Output, N>,
        [A::Input; N],
    );
    type Head = J::Head<A::Head, B::Head>;

    const MACS: usize = A::MACS + B::MACS + J::MACS;
    const FAULT: Option<Message> = first_fault(&[A::FAULT, B::FAULT, join::misfit::<A, B>(), J::FAULT]);
    const TAKES_WHOLE: bool = A::TAKES_WHOLE || B::TAKES_WHOLE;
    /// Of a pair, one member may be of whole numbers.
    const KEEPS_WHOLE: bool = if J::Output::FORM.members().is_some() {
        A::KEEPS_WHOLE || B::KEEPS_WHOLE
    } else {
        A::KEEPS_WHOLE && B::KEEPS_WHOLE
    };

    #[inline(always)]
    fn invalid(x: &A::Input) -> Option<Invalid> {
        let of_second = pass(slice::from_ref(x)).iter().find_map(B::invalid);
        A::invalid(x).into_iter().chain(of_second).min_by_key(|invalid| invalid.place())
    }

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const N: usize>(&self, simd: S, x: &[A::Input], y: &mut [J::Output]) {
        self.forward_padded::<S, E, N>(simd, &[], x, y);
    }

    #[inline(always)]
    fn forward_padded<S: Simd, E: Ending, const N: usize>(
        &self,
        simd: S,
        lengths: &[usize],
        x: &[A::Input],
        y: &mut [J::Output],
    ) {
        let (mut first, mut second) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let first = &mut <[A::Output; N]>::zeroed_in(&mut first)[..x.len()];
        let second = &mut <[B::Output; N]>::zeroed_in(&mut second)[..x.len()];
        self.first.forward_padded::<S, J::First<E>, N>(simd, lengths, x, first);
        if const { !B::IS_IDENTITY } {
            self.second.forward_padded::<S, J::Second<E>, N>(simd, lengths, pass(x), second);
        }
        let joined = Joined::<S, A::Output, B::Output, J>::new(simd, first, output_of::<B>(pass(x), second));
        compute::<S, E, J::Activation, J::Output>(simd, joined, y);
    }

    #[inline(always)]
    fn set_lengths<const N: usize>((first, second, ..): &mut Self::Tape<N>, lengths: &[usize]) {
        A::set_lengths::<N>(&mut first.tape, lengths);
        B::set_lengths::<N>(&mut second.tape, lengths);
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const N: usize>(
        &self,
        simd: S,
        mut rng: Option<&mut Rng>,
        x: &[A::Input],
        (first, second, saved, _): &mut Self::Tape<N>,
        y: &mut [J::Output],
    ) {
        let (a, b) = (&mut first.output[..x.len()], &mut second.output[..x.len()]);
        self.first.record_batch::<S, J::First<E>, N>(simd, rng.as_deref_mut(), x, &mut first.tape, a);
        if const { !B::IS_IDENTITY } {
            self.second.record_batch::<S, J::Second<E>, N>(simd, rng, pass(x), &mut second.tape, b);
        }
        let joined = Joined::<S, A::Output, B::Output, J>::new(simd, a, output_of::<B>(pass(x), b));
        record::<S, E, J::Activation, J::Output, N>(simd, joined, y, saved);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const N: usize>(
        &self,
        simd: S,
        x: &[A::Input],
        (first, second, saved, dx_of_second): &mut Self::Tape<N>,
        y: &[J::Output],
        dy: &mut [J::Output],
        mut dx: Option<&mut [A::Input]>,
    ) {
        activate_backward::<S, E, J::Activation, J::Output, N>(simd, saved, y, dy);
        let (a, b) = (&first.output[..x.len()], output_of::<B>(pass(x), &second.output[..x.len()]));
        let (da, db) = (&mut first.gradient[..x.len()], &mut second.gradient[..x.len()]);
        J::split(simd, a, b, dy, da, db);
        if const { learns::<A::Trainable>() } || dx.is_some() {
            self.first.backward_batch::<S, J::First<E>, N>(simd, x, &mut first.tape, a, da, dx.as_deref_mut());
        }
        if const { B::IS_IDENTITY } {
            if let Some(dx) = dx {
                elementwise(simd, &Plus, [B::Output::flat(db)], [A::Input::flat_mut(dx)]);
            }
        } else if const { learns::<B::Trainable>() } || dx.is_some() {
            let dx_of_second = &mut dx_of_second[..x.len()];
            let wanted = dx.is_some().then(|| pass_mut::<A::Input, B::Input>(dx_of_second));
            self.second.backward_batch::<S, J::Second<E>, N>(simd, pass(x), &mut second.tape, b, db, wanted);
            if let Some(dx) = dx {
                elementwise(simd, &Plus, [A::Input::flat(dx_of_second)], [A::Input::flat_mut(dx)]);
            }
        }
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const N: usize>(
        &self,
        simd: S,
        x: &[A::Input],
        (first, second, ..): &mut Self::Tape<N>,
        _: &[J::Output],
        gradient: &mut Self::Trainable,
    ) {
        let (da, db) = (&first.gradient[..x.len()], &second.gradient[..x.len()]);
        self.first.gradient_batch::<S, N>(simd, x, &mut first.tape, da, &mut gradient.0);
        self.second.gradient_batch::<S, N>(simd, pass(x), &mut second.tape, db, &mut gradient.1);
    }

    #[inline(always)]
    fn visit_gradient<S: Simd, V: VisitGradient<A::Element, M>, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        x: &[A::Input],
        (first, second, ..): &mut Self::Tape<N>,
        _: &[J::Output],
        mut state: [&mut Self::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        let (da, db) = (&first.gradient[..x.len()], &second.gradient[..x.len()]);
        let state_of_first = map_each(&mut state, |state| &mut state.0);
        let path_of_first = path.join("first");
        self.first.visit_gradient::<S, V, M, N>(simd, x, &mut first.tape, da, state_of_first, path_of_first, visitor);
        let (state, path) = (map_each(&mut state, |state| &mut state.1), path.join("second"));
        self.second.visit_gradient::<S, V, M, N>(simd, pass(x), &mut second.tape, db, state, path, visitor);
    }

    #[inline(always)]
    fn update_statistics<S: Simd, const N: usize>(&mut self, simd: S, (first, second, ..): &Self::Tape<N>, share: f64) {
        self.first.update_statistics(simd, &first.tape, share);
        self.second.update_statistics(simd, &second.tape, share);
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        A::describe(path.join("first"), show);
        B::describe(path.join("second"), show);
        show(&Description {
            path,
            kind: format_args!("{}", J::KIND.as_str()),
            output: J::Output::write_shape,
            params: 0,
        });
    }

    fn operations<V: Operations<A::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.fork(path);
        self.first.operations(path.join("first"), operations);
        operations.next_branch(path);
        self.second.operations(path.join("second"), operations);
        if J::BY_CHANNEL {
            operations.for_each_pixel(path, A::Output::RANK);
        }
        operations.join(path, J::JUNCTION);
        J::Activation::operations(path, operations);
    }
}

/// The outputs of both branches, which are to be joined.
struct Joined<'a, S, A, B, J> {
    simd: S,
    first: &'a [A],
    second: &'a [B],
    join: PhantomData<fn() -> J>,
}

impl<'a, S, A, B, J> Joined<'a, S, A, B, J> {
    #[inline(always)]
    fn new(simd: S, first: &'a [A], second: &'a [B]) -> Self {
        Self { simd, first, second, join: PhantomData }
    }
}

impl<S: Simd, A: Tensor, B: Tensor, J: Joins<A, B>> Fusible<J::Output> for Joined<'_, S, A, B, J> {
    #[inline(always)]
    fn compute<O: ElementwiseKernel<0, 1>>(self, then: &O, y: &mut [J::Output]) {
        J::join(self.simd, self.first, self.second, then, y);
    }
}

/// The outputs of the layer `B`, which are its inputs if it is the identity.
#[inline(always)]
fn output_of<'a, B: Layer>(inputs: &'a [B::Input], outputs: &'a [B::Output]) -> &'a [B::Output] {
    if B::IS_IDENTITY { cast_rows(inputs) } else { outputs }
}

impl<
    A: Layer + Streaming<Emitted: Tensor>,
    B: Layer<Element = A::Element> + Streaming<Frame = A::Frame, Emitted: Tensor>,
    J: Shaped<OfFrames: Joins<A::Emitted, B::Emitted>>,
> Streaming for Branches<A, B, J>
{
    type Frame = A::Frame;
    type Emitted = <J::OfFrames as Joins<A::Emitted, B::Emitted>>::Output;
    type State = (A::State, B::State);

    const STREAM_FAULT: Option<Message> =
        { first_fault(&[A::STREAM_FAULT, B::STREAM_FAULT, apart_in_time::<A, B>(), J::OfFrames::FAULT]) };
    const PADDED_FAULT: Option<Message> =
        { first_fault(&[A::PADDED_FAULT, B::PADDED_FAULT, apart_in_time::<A, B>(), J::OfFrames::FAULT]) };
    const FRAME_MACS: usize = A::FRAME_MACS + B::FRAME_MACS + J::OfFrames::MACS;
    const DELAY: usize = A::DELAY;
    const PERIOD: usize = A::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &A::Frame, y: &mut Self::Emitted) -> bool {
        let (mut first, mut second) = (A::Emitted::zeroed_on_stack(), B::Emitted::zeroed_on_stack());
        let first_is_due = self.first.push(simd, &mut state.0, frame, &mut first);
        let both_are_due = self.second.push(simd, &mut state.1, frame, &mut second) && first_is_due;
        if both_are_due {
            let y = slice::from_mut(y);
            J::OfFrames::join(simd, slice::from_ref(&first), slice::from_ref(&second), &Unchanged, y);
            J::Activation::forward(simd, y);
        }
        both_are_due
    }
}
