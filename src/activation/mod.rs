//! Activations: what a layer does to its logits.
//!
//! All but [`Softmax`] work on each number by itself: they are [`Elementwise`], a formula and its
//! derivative, and so is one of your own:
//!
//! ```
//! use shiplap::{activation::{Elementwise, Keep}, kernel::Real, prelude::*};
//!
//! /// `x·tanh(softplus(x))` (Misra 2019).
//! #[derive(Clone, Copy)]
//! struct Mish;
//!
//! impl Elementwise for Mish {
//!     type Keeps = Keep;
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

mod rectifiers;
mod smooth;
mod softmax;

use core::marker::PhantomData;

pub use rectifiers::{HardSigmoid, LeakyRelu, Linear, Relu};
pub use smooth::{Elu, Gelu, Selu, Sigmoid, Silu, Softplus, Tanh};
pub(crate) use softmax::ExpBelow;
pub use softmax::Softmax;

use crate::{
    Zeroed,
    init::Initializer,
    kernel::{Element, ElementwiseKernel, Real, Simd, Unchanged, elementwise, nn},
    layer::{Operations, Path},
};

/// An activation of rows of logits.
///
/// [`Elementwise`] activations have it by themselves; write it only for one that looks at a whole row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activation",
    label = "not an activation",
    note = "`Relu`, `Tanh`, `Sigmoid`, `Softmax`, ... are; write your own by implementing `Elementwise`"
)]
pub trait Activation: Send + Sync + 'static {
    /// What of the logits `backward` needs: [`Keep`] or [`Forget`].
    type Keeps: Keeping;
    /// How it is written in a summary.
    const NAME: &'static str;
    /// How kernels before it start.
    const INITIALIZER: Initializer;

    /// `y = a(y)`, each row.
    fn forward<S: Simd, T: Element, const N: usize>(simd: S, rows: &mut [[T; N]]);

    /// `y = a(x·kernel + bias)`, in one pass where that is quicker.
    #[inline(always)]
    fn after_product<S: Simd, T: Element, const IN: usize, const OUT: usize>(
        simd: S,
        x: &[[T; IN]],
        kernel: &[[T; OUT]; IN],
        bias: &[T; OUT],
        y: &mut [[T; OUT]],
    ) {
        nn(simd, x, kernel, bias, &Unchanged, y);
        Self::forward(simd, y);
    }

    /// From the gradient with respect to `y = a(x)`, that with respect to `x`, in place.
    fn backward<S: Simd, T: Element, const N: usize>(simd: S, logits: &[[T; N]], y: &[[T; N]], gradient: &mut [[T; N]]);

    /// Shows what `forward` does, for other programs to do the same. If it is not written, a network with this
    /// activation cannot be exported.
    fn operations<T>(path: Path<'_>, operations: &mut impl Operations<T>) {
        operations.other(path, Self::NAME);
    }
}

/// An activation of each number by itself.
///
/// Its formulas are written once, for one number or a register of them ([`Real`]).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an activation",
    label = "not an activation",
    note = "`Relu`, `Tanh`, `Sigmoid`, `Softmax`, ... are; write your own by implementing `Elementwise`"
)]
pub trait Elementwise: Send + Sync + 'static {
    /// [`Keep`] if `slope` reads `x`, [`Forget`] if it makes do with `y`, which saves memory.
    type Keeps: Keeping;
    /// How it is written in a summary.
    const NAME: &'static str;
    /// How kernels before it start.
    const INITIALIZER: Initializer = Initializer::GlorotUniform;
    /// Whether `value` is so few instructions that it is best done while numbers are in registers anyway.
    const CHEAP: bool = false;

    /// `y = a(x)`.
    fn value<V: Real>(x: V) -> V;

    /// `a'(x)`, given `x` (only under [`Keep`]; else it is `y`) and `y = a(x)`.
    fn derivative<V: Real>(x: V, y: V) -> V;
}

impl<A: Elementwise> Activation for A {
    type Keeps = A::Keeps;
    const NAME: &'static str = A::NAME;
    const INITIALIZER: Initializer = A::INITIALIZER;

    #[inline(always)]
    fn forward<S: Simd, T: Element, const N: usize>(simd: S, rows: &mut [[T; N]]) {
        elementwise(simd, &Value::<A>(PhantomData), [], [rows.as_flattened_mut()]);
    }

    #[inline(always)]
    fn after_product<S: Simd, T: Element, const IN: usize, const OUT: usize>(
        simd: S,
        x: &[[T; IN]],
        kernel: &[[T; OUT]; IN],
        bias: &[T; OUT],
        y: &mut [[T; OUT]],
    ) {
        // A column is computed a register at a time, like any other pass.
        if A::CHEAP || OUT == 1 {
            nn(simd, x, kernel, bias, &Value::<A>(PhantomData), y);
        } else {
            nn(simd, x, kernel, bias, &Unchanged, y);
            Self::forward(simd, y);
        }
    }

    #[inline(always)]
    fn backward<S: Simd, T: Element, const N: usize>(
        simd: S,
        logits: &[[T; N]],
        y: &[[T; N]],
        gradient: &mut [[T; N]],
    ) {
        let read = [logits.as_flattened(), y.as_flattened()];
        elementwise(simd, &Derivative::<A>(PhantomData), read, [gradient.as_flattened_mut()]);
    }

    fn operations<T>(path: Path<'_>, operations: &mut impl Operations<T>) {
        operations.elementwise(path, A::NAME, &Value::<A>(core::marker::PhantomData));
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

struct Derivative<A>(PhantomData<A>);

impl<A> Copy for Derivative<A> {}

impl<A> Clone for Derivative<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Elementwise> ElementwiseKernel<2, 1> for Derivative<A> {
    #[inline(always)]
    fn apply<V: Real>(&self, [x, y]: [V; 2], [gradient]: [V; 1]) -> [V; 1] {
        [gradient * A::derivative(x, y)]
    }
}

/// What a tape holds of the logits. Sealed: [`Keep`] or [`Forget`].
pub trait Keeping: sealed::Sealed {
    /// Whether anything is kept.
    const KEEPS: bool;
    /// Storage for up to `B` rows.
    type Storage<T: Element, const N: usize, const B: usize>: Zeroed;

    /// Stores `logits`, if at all.
    fn store<T: Element, const N: usize, const B: usize>(logits: &[[T; N]], kept: &mut Self::Storage<T, N, B>);

    /// The logits of the first `y.len()` rows, or `y` where nothing was kept.
    fn logits<'a, T: Element, const N: usize, const B: usize>(
        kept: &'a Self::Storage<T, N, B>,
        y: &'a [[T; N]],
    ) -> &'a [[T; N]];
}

/// The tape keeps the logits.
#[derive(Clone, Copy, Debug)]
pub struct Keep;

/// The tape keeps nothing: the derivative follows from the output.
#[derive(Clone, Copy, Debug)]
pub struct Forget;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Keep {}
    impl Sealed for super::Forget {}
}

impl Keeping for Keep {
    const KEEPS: bool = true;
    type Storage<T: Element, const N: usize, const B: usize> = [[T; N]; B];

    #[inline(always)]
    fn store<T: Element, const N: usize, const B: usize>(logits: &[[T; N]], kept: &mut [[T; N]; B]) {
        kept[..logits.len()].copy_from_slice(logits);
    }

    #[inline(always)]
    fn logits<'a, T: Element, const N: usize, const B: usize>(kept: &'a [[T; N]; B], y: &'a [[T; N]]) -> &'a [[T; N]] {
        &kept[..y.len()]
    }
}

impl Keeping for Forget {
    const KEEPS: bool = false;
    type Storage<T: Element, const N: usize, const B: usize> = ();

    #[inline(always)]
    fn store<T: Element, const N: usize, const B: usize>(_: &[[T; N]], (): &mut ()) {}

    #[inline(always)]
    fn logits<'a, T: Element, const N: usize, const B: usize>((): &'a (), y: &'a [[T; N]]) -> &'a [[T; N]] {
        y
    }
}
