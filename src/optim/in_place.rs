//! Learning without memory for a gradient.

use super::{Clip, Gradients, Optimizer, Settings, clip::Square};
use crate::{
    Zeroed,
    kernel::{Element, Simd, sum_of},
    layer::{Layer, Learn, Parameter, Path, VisitTrainable},
    regularize::Penalty,
};

/// The optimiser `O`, applied to each parameter as soon as its gradient is produced: the trainer has no memory for the
/// gradient of the network, and large networks are walked over once less. The steps are those of `O`, but for the order in which
/// rounding adds up. That none makes a weight infinite is known from a bound of the gradient, worked out before any weight
/// changes.
///
/// What cannot be: clipping by norm, which needs the whole gradient first.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
/// type Usual = Trainer<Net, BinaryCrossentropy, Sgd, 1>;
/// type Small = Trainer<Net, BinaryCrossentropy, InPlace<Sgd>, 1>;
/// assert!(Small::BYTES + Net::BYTES <= Usual::BYTES);
///
/// let (mut usual, mut small) = (Usual::new(Sgd::new(0.1), 1), Small::new(InPlace(Sgd::new(0.1)), 1));
/// let (x, y) = ([[0.5f32; 10]], [[1.0f32]]);
/// for _ in 0..10 {
///     assert_eq!(usual.step(&x, &y)?, small.step(&x, &y)?);
/// }
/// assert_eq!(usual.network().0.kernel, small.network().0.kernel);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InPlace<O>(pub O);

impl<O: Optimizer> Optimizer for InPlace<O> {
    type Moments<L: Zeroed> = O::Moments<L>;
    type Gradient<L: Zeroed> = [L; 0];

    fn settings(&self) -> &Settings {
        self.0.settings()
    }

    fn settings_mut(&mut self) -> &mut Settings {
        self.0.settings_mut()
    }

    fn check(&self) -> Result<(), &'static str> {
        self.0.check()?;
        match self.settings().clip {
            Some(Clip::Norm(_)) => {
                Err("clipping by norm needs the whole gradient, which `InPlace` does not keep: clip by value")
            }
            _ => Ok(()),
        }
    }

    fn most_movement(&self) -> f64 {
        self.0.most_movement()
    }

    #[inline(always)]
    fn update<N: Layer, G: Gradients<N>>(
        &self,
        step: u64,
        network: &mut N,
        gradients: G,
        moments: &mut Self::Moments<N::Trainable>,
    ) {
        self.0.update(step, network, gradients, moments);
    }
}

/// Gradients that are produced one after another, from the batch and what `backward` left.
pub(crate) struct Produced<'a, S, N: Layer, const B: usize> {
    pub simd: S,
    pub x: &'a [N::Input],
    pub tape: &'a mut N::Tape<B>,
    pub dy: &'a [N::Output],
}

impl<S: Simd, N: Layer, const B: usize> Gradients<N> for Produced<'_, S, N, B> {
    const FINISHED: bool = false;
    type Simd = S;

    #[inline(always)]
    fn simd(&self) -> S {
        self.simd
    }

    #[inline(always)]
    fn give<V: Learn<N::Element, M>, const M: usize>(
        self,
        network: &mut N,
        moments: [&mut N::Trainable; M],
        learner: &mut V,
    ) {
        network.learn(self.simd, self.x, self.tape, self.dy, moments, Path::ROOT, learner);
    }
}

/// What the square of the gradient's length is at most, before any of it is produced, and what penalties cost.
///
/// Of a product of matrices it is the product of theirs (Cauchy and Schwarz); penalties add their own.
pub(crate) struct Bound<S> {
    pub simd: S,
    pub everywhere: Penalty,
    pub square: f64,
    pub cost: f64,
}

impl<S: Simd> Bound<S> {
    #[inline(always)]
    fn squares<T: Element>(&self, values: &[T]) -> f64 {
        sum_of(self.simd, &Square, [values]).to_f64()
    }

    #[inline(always)]
    fn add<T: Element>(&mut self, parameter: &Parameter<'_>, weights: &[T], square: f64) {
        let penalty = parameter.penalty_with(self.everywhere);
        self.square += square;
        if penalty != Penalty::NONE {
            self.cost += sum_of(self.simd, &penalty, [weights]).to_f64();
            // (a + b + c)² is at most 3·(a² + b² + c²).
            let Penalty { l1, l2 } = penalty;
            let gradient = l1 * l1 * weights.len() as f64 + 4.0 * l2 * l2 * self.squares(weights);
            self.square += 2.0 * square + 3.0 * gradient;
        }
    }
}

impl<S: Simd, T: Element> VisitTrainable<T, 0> for Bound<S> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, values: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        let square = self.squares(gradient);
        self.add(&parameter, values, square);
    }
}

impl<S: Simd, T: Element> Learn<T, 0> for Bound<S> {
    #[inline(always)]
    fn product<const IN: usize, const OUT: usize>(
        &mut self,
        parameter: Parameter<'_>,
        x: &[[T; IN]],
        dz: &[[T; OUT]],
        kernel: &mut [[T; OUT]; IN],
        []: [&mut [[T; OUT]; IN]; 0],
    ) {
        let square = self.squares(x.as_flattened()) * self.squares(dz.as_flattened());
        self.add(&parameter, kernel.as_flattened(), square);
    }

    #[inline(always)]
    fn sums<const N: usize>(
        &mut self,
        parameter: Parameter<'_>,
        dz: &[[T; N]],
        bias: &mut [T; N],
        []: [&mut [T; N]; 0],
    ) {
        let square = dz.len() as f64 * self.squares(dz.as_flattened());
        self.add(&parameter, &*bias, square);
    }
}
