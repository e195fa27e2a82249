//! What layers have in common that pass each of `N` columns through a formula of fitted numbers.

use core::fmt;

use crate::{
    Tensor,
    init::Initializer,
    kernel::{Element, ElementwiseKernel, Real},
    layer::{Parameter, Path, Role},
    regularize::Penalty,
};

/// `impl Layer` and what goes with it, from the formula forward `y = f(x, statistics)`, that backward
/// `dx = g(dy, x, statistics)`, whether NaN is a missing value, and the fields with the statistics.
macro_rules! columnwise {
    ($layer:ident, $forward:expr, $backward:expr, missing: $missing:literal, macs: $macs:expr, $($statistic:ident)+) => {
        // SAFETY: the fields are arrays of `T: Zeroed`.
        unsafe impl<const N: usize, T: $crate::Zeroed> $crate::Zeroed for $layer<N, T> {}

        impl<const N: usize, T: $crate::kernel::Element + $crate::Tensor<Element = T>> $layer<N, T> {
            /// Changes the rows as the layer does, where they are.
            pub fn transform(&self, rows: &mut [[T; N]]) {
                for row in rows {
                    for (column, value) in row.iter_mut().enumerate() {
                        [*value] = $crate::kernel::ElementwiseKernel::apply(
                            &$forward, [*value, $(self.$statistic[column]),+], [*value],
                        );
                    }
                }
            }
        }

        impl<const N: usize, T: $crate::kernel::Element + $crate::Tensor<Element = T>> $crate::layer::Layer
            for $layer<N, T>
        {
            type Element = T;
            type Input = [T; N];
            type Output = [T; N];
            type Tape<const B: usize> = ();
            type Trainable = ();
            type Head = $crate::activation::Linear;

            const PARAMS: usize = 0;
            const MACS: usize = $macs;
            const TAKES_MISSING: bool = $missing;
            const OUTLINE: $crate::outline::Outline = $crate::outline::Outline::Single($crate::outline::Leaf {
                kind: $crate::message::Message::new().text(stringify!($layer)).text("<").list(&[N]).text(">"),
                tensors: &[$((stringify!($statistic), &[N])),+],
                activation: None,
                bytes: size_of::<Self>(),
                output: size_of::<[T; N]>(),
                macs: $macs,
            });

            #[inline(always)]
            fn forward<S: $crate::kernel::Simd, E: $crate::layer::Ending, const B: usize>(
                &self,
                simd: S,
                x: &[[T; N]],
                y: &mut [[T; N]],
            ) {
                for (x, y) in x.iter().zip(y) {
                    $crate::kernel::elementwise_row(simd, &$forward, [x, $(&self.$statistic),+], [y]);
                }
            }

            #[inline(always)]
            fn record<S: $crate::kernel::Simd, E: $crate::layer::Ending, const B: usize>(
                &self,
                simd: S,
                _: &mut $crate::Rng,
                x: &[[T; N]],
                (): &mut (),
                y: &mut [[T; N]],
            ) {
                self.forward::<S, E, B>(simd, x, y);
            }

            #[inline(always)]
            fn backward<S: $crate::kernel::Simd, E: $crate::layer::Ending, const B: usize>(
                &self,
                simd: S,
                x: &[[T; N]],
                (): &mut (),
                _: &[[T; N]],
                dy: &mut [[T; N]],
                dx: Option<&mut [[T; N]]>,
            ) {
                let Some(dx) = dx else { return };
                for ((dx, dy), x) in dx.iter_mut().zip(dy).zip(x) {
                    $crate::kernel::elementwise_row(simd, &$backward, [&*dy, x, $(&self.$statistic),+], [dx]);
                }
            }

            #[inline(always)]
            fn activate<S: $crate::kernel::Simd>(_: S, _: &mut [[T; N]]) {}

            #[inline(always)]
            fn parameters<V: $crate::layer::Visit<T>>(&self, path: $crate::layer::Path<'_>, visitor: &mut V) {
                $(visitor.visit($crate::layers::columns::statistic(path, stringify!($statistic), &[N]), &self.$statistic);)+
            }

            #[inline(always)]
            fn parameters_mut<V: $crate::layer::VisitMut<T, M>, const M: usize>(
                mut networks: [&mut Self; M],
                path: $crate::layer::Path<'_>,
                visitor: &mut V,
            ) {
                $(visitor.visit(
                    $crate::layers::columns::statistic(path, stringify!($statistic), &[N]),
                    networks.each_mut().map(|layer| &mut layer.$statistic[..]),
                );)+
            }

            fn describe(
                path: $crate::layer::Path<'_>,
                show: &mut dyn FnMut(&$crate::layer::Description<'_>),
            ) {
                show(&$crate::layer::Description {
                    path,
                    kind: format_args!("{}<{N}>", stringify!($layer)),
                    output: <[T; N] as $crate::Tensor>::write_shape,
                    params: 0,
                });
            }

            fn operations<V: $crate::layer::Operations<T>>(
                &self,
                path: $crate::layer::Path<'_>,
                operations: &mut V,
            ) {
                let columns = [$((
                    $crate::layers::columns::statistic(path, stringify!($statistic), &[N]),
                    &self.$statistic[..],
                )),+];
                operations.columnwise(path, stringify!($layer), &columns, &$forward);
            }
        }

        impl<const N: usize, T: $crate::kernel::Element + $crate::Tensor<Element = T>> $crate::layer::Accepts<[T; N]>
            for $layer<N, T>
        {
        }

        impl<W, P, const N: usize, T> $crate::flash::Stored<W, P> for $layer<N, T>
        where
            W: $crate::flash::Weights<T>,
            P: $crate::flash::Place,
            T: $crate::kernel::Element + $crate::Tensor<Element = T>,
        {
            const STORED: Self =
                Self { $($statistic: $crate::flash::vector(&W::FILE, P::PATH, stringify!($statistic))),+ };
        }
    };
}
pub(super) use columnwise;

/// A statistic, as shown to visitors.
#[inline(always)]
pub(super) fn statistic<'a>(path: Path<'a>, name: &'static str, shape: &'a [usize]) -> Parameter<'a> {
    Parameter {
        path,
        name,
        role: Role::Statistic,
        shape,
        fan_in: 1,
        fan_out: 1,
        initializer: Initializer::ZEROS,
        penalty: Penalty::NONE,
    }
}

/// `y = (x − origin) / spread`, where a spread of 0 counts as 1.
#[derive(Clone, Copy)]
pub(super) struct Scale;

/// The way back: `x = y·spread + origin`.
#[derive(Clone, Copy)]
pub(super) struct Unscale;

/// `dx = dy / spread`.
#[derive(Clone, Copy)]
pub(super) struct ScaleGradient;

#[inline(always)]
fn divisor<V: Real>(spread: V) -> V {
    spread.if_gt(V::splat(0.0), spread, V::splat(1.0))
}

impl ElementwiseKernel<3, 1> for Scale {
    #[inline(always)]
    fn apply<V: Real>(&self, [x, origin, spread]: [V; 3], _: [V; 1]) -> [V; 1] {
        [(x - origin) / divisor(spread)]
    }
}

impl ElementwiseKernel<3, 1> for Unscale {
    #[inline(always)]
    fn apply<V: Real>(&self, [y, origin, spread]: [V; 3], _: [V; 1]) -> [V; 1] {
        [y * divisor(spread) + origin]
    }
}

impl ElementwiseKernel<4, 1> for ScaleGradient {
    #[inline(always)]
    fn apply<V: Real>(&self, [dy, _, _, spread]: [V; 4], _: [V; 1]) -> [V; 1] {
        [dy / divisor(spread)]
    }
}

/// Takes rows back through [`Unscale`].
pub(super) fn unscale<T: Element, const N: usize>(rows: &mut [[T; N]], origin: &[T; N], spread: &[T; N]) {
    for row in rows {
        for (column, value) in row.iter_mut().enumerate() {
            [*value] = Unscale.apply([*value, origin[column], spread[column]], [*value]);
        }
    }
}

/// Why a layer cannot be fitted to data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FitError {
    /// There are no samples.
    Empty,
    /// A value is infinite.
    Infinite {
        /// In which sample, from 0.
        sample: usize,
        /// In which column, from 0.
        column: usize,
    },
    /// A column holds nothing but missing values.
    Missing {
        /// Which column, from 0.
        column: usize,
    },
}

impl fmt::Display for FitError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => write!(formatter, "there are no samples to fit to: give at least one"),
            Self::Infinite { sample, column } => {
                write!(formatter, "sample {sample}, column {column} is infinite: clean or drop the sample")
            }
            Self::Missing { column } => {
                write!(formatter, "column {column} has no values at all, only NaN: leave it out")
            }
        }
    }
}

impl core::error::Error for FitError {}

/// The values of one column, NaN left out.
pub(super) fn present<T: Element, const N: usize>(x: &[[T; N]], column: usize) -> impl Iterator<Item = f64> + Clone {
    x.iter().map(move |row| row[column].to_f64()).filter(|value| !value.is_nan())
}

/// The mean of at least one value, about the first: the same number again and again gives that number.
pub(super) fn mean(mut values: impl Iterator<Item = f64>) -> f64 {
    let first = values.next().unwrap_or(f64::NAN);
    let (sum, count) = values.fold((0.0, 1.0), |(sum, count), value| (sum + (value - first), count + 1.0));
    first + sum / count
}

/// Whether a layer can be fitted to these rows.
pub(super) fn check<T: Element + Tensor<Element = T>, const N: usize>(x: &[[T; N]]) -> Result<(), FitError> {
    if x.is_empty() {
        return Err(FitError::Empty);
    }
    for (sample, row) in x.iter().enumerate() {
        if let Some(column) = row.iter().position(|value| value.to_f64().is_infinite()) {
            return Err(FitError::Infinite { sample, column });
        }
    }
    match (0..N).find(|&column| present(x, column).next().is_none()) {
        Some(column) => Err(FitError::Missing { column }),
        None => Ok(()),
    }
}
