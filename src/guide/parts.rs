//! # Your own activation, loss, optimizer, metric and callback
//!
//! ## Activation
//!
//! An activation is a formula and its derivative. With [`SaveNothing`](crate::activation::SaveNothing), the derivative
//! uses only the output `y`. With [`SaveInput`](crate::activation::SaveInput), it may also use the input `x`:
//! training then saves the derivatives.
//!
//! ```
//! use shiplap::{check, prelude::*};
//!
//! /// `y = x / (1 + |x|)`
//! struct Softsign;
//!
//! impl Elementwise for Softsign {
//!     type Saves = SaveNothing;
//!     const NAME: &'static str = "Softsign";
//!
//!     fn value<V: Real>(x: V) -> V {
//!         x / (V::splat(1.0) + x.abs())
//!     }
//!
//!     fn derivative<V: Real>(_: V, y: V) -> V {
//!         let rest = V::splat(1.0) - y.abs();
//!         rest * rest
//!     }
//! }
//!
//! check::activation::<Softsign>()?;
//! let net: (Dense<2, 4, Softsign>, Dense<4, 1>) = Network::new(1);
//! assert!(net.predict(&[0.5, -1.0])[0].is_finite());
//! # Ok::<(), check::Mismatch>(())
//! ```
//!
//! [`Real`](crate::kernel::Real) is one number or a SIMD register of numbers. Write a constant as `V::splat(1.0)`, and
//! a condition as `x.if_gt(bound, then, otherwise)`.
//!
//! ## Loss
//!
//! A loss that compares each output with its label is a [`PointwiseLoss`](crate::loss::PointwiseLoss): a formula and
//! its derivative. [`Follows`](crate::loss::Follows) states which activations may precede the loss: here, any. The
//! trainer creates the loss by `Default`; [`with_loss`](crate::train::Trainer::with_loss) replaces it by one with other
//! values.
//!
//! ```
//! use shiplap::{check, prelude::*};
//!
//! /// The error of a quantile (Koenker and Bassett 1978).
//! #[derive(Clone, Copy)]
//! struct Pinball {
//!     quantile: f64,
//! }
//!
//! impl Default for Pinball {
//!     fn default() -> Self {
//!         Self { quantile: 0.5 }
//!     }
//! }
//!
//! impl<Head> Follows<Head> for Pinball {}
//!
//! impl PointwiseLoss for Pinball {
//!     type Ending = Predictions;
//!     type Metric = MeanAbsolute;
//!
//!     fn value<V: Real>(&self, output: V, label: V) -> V {
//!         (output - label) * self.derivative(output, label)
//!     }
//!
//!     fn derivative<V: Real>(&self, output: V, label: V) -> V {
//!         output.if_gt(label, V::splat(1.0 - self.quantile), V::splat(-self.quantile))
//!     }
//! }
//!
//! check::loss(&Pinball { quantile: 0.9 }, &[[0.5], [-3.0]], &[[1.0], [2.0]])?;
//! let mut trainer =
//!     Trainer::<Dense<1, 1>, Pinball, Adam, 4>::new(Adam::new(0.05), 1).with_loss(Pinball { quantile: 0.9 });
//! trainer.fit(&[[1.0f32]; 10], &core::array::from_fn::<_, 10, _>(|n| [n as f32]), Fit::epochs(1000))?;
//! assert!((trainer.predict(&[1.0f32])[0] - 8.5).abs() < 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Optimizer
//!
//! An [`Optimizer`](crate::optim::Optimizer) is the formula that updates one weight. Weight decay, clipping, penalties,
//! training in place and the check for divergence then work without further code. The documentation of the trait
//! contains an example, Lion.
//!
//! ## Metric
//!
//! A metric is a value that is accumulated sample by sample, and a name.
//!
//! ```
//! use shiplap::prelude::*;
//!
//! /// The largest absolute error.
//! #[derive(Clone, Debug, Default)]
//! struct MaxError(f64);
//!
//! impl Metric<[f32; 1], [f32; 1]> for MaxError {
//!     fn update(&mut self, prediction: &[f32; 1], label: &[f32; 1]) {
//!         self.0 = self.0.max(f64::from((prediction[0] - label[0]).abs()));
//!     }
//! }
//!
//! impl Named for MaxError {
//!     fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
//!         show("max_error", self.0);
//!     }
//! }
//!
//! type Line = Trainer<Dense<1, 1>, MeanSquaredError, Sgd, 2, MaxError>;
//! let mut trainer = Line::new(Sgd::new(0.1), 1);
//! let last = trainer.fit(&[[1.0f32], [2.0]], &[[2.0f32], [4.0]], Fit::epochs(1000))?;
//! assert!(last.training.metrics.0 < 0.01);
//! # Ok::<(), TrainError>(())
//! ```
//!
//! ## Callback
//!
//! A closure is called after each epoch, and ends the run if it returns `ControlFlow::Break(())`. A type that
//! implements [`Callback`](crate::train::Callback) can do more: it is also called after each step, and may change the
//! network.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use shiplap::prelude::*;
//!
//! /// Counts epochs without improvement.
//! #[derive(Default)]
//! struct Plateau {
//!     best: Option<f64>,
//!     epochs: usize,
//! }
//!
//! impl<N: Layer, M> Callback<N, M> for &mut Plateau {
//!     fn after_epoch(&mut self, epoch: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
//!         if self.best.is_none_or(|best| epoch.loss() < best) {
//!             self.best = Some(epoch.loss());
//!         } else {
//!             self.epochs += 1;
//!         }
//!         ControlFlow::Continue(())
//!     }
//! }
//!
//! let mut trainer = Trainer::<Dense<1, 1>, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.1), 1);
//! let (x, y, mut plateau) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]], Plateau::default());
//! trainer.fit_with(&x, &y, Fit::epochs(50), &mut plateau)?;
//! let stop = |epoch: &Epoch<_>| if epoch.loss() < 1e-6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
//! let last = trainer.fit_with(&x, &y, Fit::epochs(10_000), stop)?;
//! assert!(last.epoch < 10_000 && plateau.epochs < 50);
//! # Ok::<(), TrainError>(())
//! ```
