//! Activations: the nonlinear functions that layers end in.
//!
//! All except [`Softmax`], [`LogSoftmax`] and [`UnitLength`] map each number separately: they implement [`Elementwise`], a
//! formula and its derivative. So does an activation of your own:
//!
//! ```
//! use shiplap::{activation::{Elementwise, SaveInput}, prelude::*};
//!
//! /// `x·tanh(softplus(x))` (Misra 2019).
//! struct Mish;
//!
//! impl Elementwise for Mish {
//!     type Saves = SaveInput;
//!     const NAME: &'static str = "Mish";
//!
//!     fn value<V: Real>(x: V) -> V {
//!         x * x.softplus().tanh()
//!     }
//!
//!     fn derivative<V: Real>(x: V, _y: V) -> V {
//!         let t = x.softplus().tanh();
//!         t + x * (V::splat(1.0) - t * t) * x.sigmoid()
//!     }
//! }
//!
//! let net: (Dense<2, 3, Mish>, Dense<3, 1, Linear>) = Network::new(1);
//! assert!(net.predict(&[1.0, -1.0])[0].is_finite());
//! ```

mod functions;
mod log_softmax;
mod rectifiers;
mod save;
mod smooth;
mod softmax;
mod unit_length;

use core::{any::type_name, marker::PhantomData};

pub use functions::{Abs, Exp, HardTanh, Log, Negate, Rsqrt, Sqrt, Square};
pub use log_softmax::LogSoftmax;
pub use rectifiers::{HardSigmoid, HardSwish, LeakyRelu, Linear, Relu, Relu6};
pub use save::{Save, SaveInput, SaveNothing};
pub use smooth::{Elu, Gelu, Selu, Sigmoid, Silu, Softplus, Tanh};
pub use softmax::Softmax;
pub(crate) use softmax::{softmax_row, softmax_row_backward};
pub use unit_length::UnitLength;

use crate::{
    Tensor,
    init::Initializer,
    kernel::{ElementwiseKernel, Product, Real, Simd, Unchanged, elementwise},
    operations::Operations,
    path::Path,
};

/// An activation of rows of logits.
///
/// Every [`Elementwise`] activation has this trait. Implement it yourself only for an activation that combines several
/// numbers of a row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activation",
    label = "not an activation",
    note = "`Relu`, `Tanh`, `Sigmoid`, `Softmax`, ... are; write your own by implementing `Elementwise`"
)]
pub trait Activation: Send + Sync + 'static {
    /// Whether training saves numbers for `backward`: [`SaveInput`] or [`SaveNothing`].
    type Saves: Save;
    /// The name in summaries and files.
    const NAME: &'static str;
    /// The initializer of the kernels before it.
    const INITIALIZER: Initializer;

    /// `y = a(y)` for each row, in place.
    fn forward<S: Simd, X: Tensor>(simd: S, rows: &mut [X]);

    /// `y = a(z)`, where `logits` computes `z`, in one pass where that is faster.
    #[inline(always)]
    fn after<S: Simd, X: Tensor>(simd: S, logits: impl Fusible<X>, y: &mut [X]) {
        logits.compute(&Unchanged, y);
        Self::forward(simd, y);
    }

    /// Like `forward`, in training: saves what `backward` reads, by default the logits.
    #[inline(always)]
    fn record<S: Simd, X: Tensor, const B: usize>(
        simd: S,
        rows: &mut [X],
        saved: &mut <Self::Saves as Save>::Storage<X, B>,
    ) {
        if Self::Saves::SAVES {
            Self::Saves::place::<X, B>(saved, rows.len()).copy_from_slice(rows);
        }
        Self::forward(simd, rows);
    }

    /// Turns the gradient with respect to `y = a(x)` into that with respect to `x`, in place. `saved` are the numbers that
    /// [`record`](Self::record) has saved, or `y` if it saves nothing.
    fn backward<S: Simd, X: Tensor>(simd: S, saved: &[X], y: &[X], gradient: &mut [X]);

    /// Lists the operations of `forward`, for export. Without an implementation, a network with this activation cannot
    /// be exported.
    fn operations<T>(path: Path<'_>, operations: &mut impl Operations<T>) {
        operations.other(path, Self::NAME, format_args!("{}", type_name::<Self>()), &[]);
    }
}

/// A kernel that can apply a formula to each number that it computes.
pub trait Fusible<X> {
    /// Computes `y` and applies `then` to it.
    fn compute<O: ElementwiseKernel<0, 1>>(self, then: &O, y: &mut [X]);
}

/// An activation that maps each number separately.
///
/// Its formulas are written once, for one number or a SIMD register ([`Real`]).
/// [`check::activation`](crate::check::activation) compares the derivative with finite differences.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activation",
    label = "not an activation",
    note = "`Relu`, `Tanh`, `Sigmoid`, `Softmax`, ... are; write your own by implementing `Elementwise`"
)]
pub trait Elementwise: Send + Sync + 'static {
    /// [`SaveInput`] if `derivative` reads `x`; [`SaveNothing`] if it reads only `y`, which saves memory.
    type Saves: Save;
    /// The name in summaries and files.
    const NAME: &'static str;
    /// The initializer of the kernels before it.
    const INITIALIZER: Initializer = Initializer::GlorotUniform;
    /// Whether `value` takes so few instructions that it is best computed while the logits are in registers.
    const CHEAP: bool = false;

    /// `y = a(x)`.
    fn value<V: Real>(x: V) -> V;

    /// `a'(x)`, given `x` and `y = a(x)`. With [`SaveNothing`], `x` is `y` as well.
    fn derivative<V: Real>(x: V, y: V) -> V;
}

#[diagnostic::do_not_recommend]
impl<A: Elementwise> Activation for A {
    type Saves = A::Saves;
    const NAME: &'static str = A::NAME;
    const INITIALIZER: Initializer = A::INITIALIZER;

    #[inline(always)]
    fn forward<S: Simd, X: Tensor>(simd: S, rows: &mut [X]) {
        elementwise(simd, &Value::<A>(PhantomData), [], [X::flat_mut(rows)]);
    }

    #[inline(always)]
    fn after<S: Simd, X: Tensor>(simd: S, logits: impl Fusible<X>, y: &mut [X]) {
        // With one output, the product computes a register of rows at a time, so the activation costs no more in it.
        if A::CHEAP || X::INNERMOST == 1 {
            logits.compute(&Value::<A>(PhantomData), y);
        } else {
            logits.compute(&Unchanged, y);
            Self::forward(simd, y);
        }
    }

    /// Saves the derivatives: they often share most of their formula with the value.
    #[inline(always)]
    fn record<S: Simd, X: Tensor, const B: usize>(
        simd: S,
        rows: &mut [X],
        saved: &mut <A::Saves as Save>::Storage<X, B>,
    ) {
        if A::Saves::SAVES {
            let derivatives = X::flat_mut(A::Saves::place::<X, B>(saved, rows.len()));
            elementwise(simd, &Recorded::<A>(PhantomData), [], [X::flat_mut(rows), derivatives]);
        } else {
            Self::forward(simd, rows);
        }
    }

    #[inline(always)]
    fn backward<S: Simd, X: Tensor>(simd: S, saved: &[X], y: &[X], gradient: &mut [X]) {
        if A::Saves::SAVES {
            elementwise(simd, &Product, [X::flat(saved)], [X::flat_mut(gradient)]);
        } else {
            elementwise(simd, &Derivative::<A>(PhantomData), [X::flat(y)], [X::flat_mut(gradient)]);
        }
    }

    fn operations<T>(path: Path<'_>, operations: &mut impl Operations<T>) {
        operations.elementwise(path, A::NAME, &Value::<A>(PhantomData));
    }
}

struct Value<A>(PhantomData<A>);

impl<A> Copy for Value<A> {}

impl<A> Clone for Value<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Elementwise> ElementwiseKernel<0, 1> for Value<A> {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [x]: [V; 1]) -> [V; 1] {
        [A::value(x)]
    }
}

/// `y = a(x)`, and `a'(x)`.
struct Recorded<A>(PhantomData<A>);

impl<A> Copy for Recorded<A> {}

impl<A> Clone for Recorded<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Elementwise> ElementwiseKernel<0, 2> for Recorded<A> {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [x, _]: [V; 2]) -> [V; 2] {
        let y = A::value(x);
        [y, A::derivative(x, y)]
    }
}

/// `gradient·a'(x)`, computed from `y = a(x)`.
struct Derivative<A>(PhantomData<A>);

impl<A> Copy for Derivative<A> {}

impl<A> Clone for Derivative<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Elementwise> ElementwiseKernel<1, 1> for Derivative<A> {
    #[inline(always)]
    fn apply<V: Real>(&self, [y]: [V; 1], [gradient]: [V; 1]) -> [V; 1] {
        [gradient * A::derivative(y, y)]
    }
}
