//! # Your own layer
//!
//! This page builds the layer `y[n] = x[n]·scale[n] + shift[n]`, which has a trainable scale and shift for each of `N`
//! columns.
//!
//! ## Its parameters
//!
//! The parameters are the fields of a struct. An attribute states the role of each: `#[kernel]` for weights, `#[bias]`
//! for numbers without penalty, `#[statistic]` for numbers that are saved but not trained, `#[layer]` for a nested
//! layer. The trait [`Parameters`](trait@crate::layer::Parameters) has the details.
//!
//! ```
//! use shiplap::prelude::*;
//!
//! #[derive(Layer)]
//! struct Affine<const N: usize, T: Element = f32> {
//!     #[kernel(initializer = Initializer::Constant(1.0))]
//!     scale: [T; N],
//!     #[bias]
//!     shift: [T; N],
//! }
//! # impl<const N: usize, T: Element> SimpleLayer for Affine<N, T> {
//! #     type Input = [T; N];
//! #     type Output = [T; N];
//! #     type Tape = ();
//! #     fn forward<S: Simd>(&self, _: S, _: &[T; N], _: &mut [T; N]) {}
//! #     fn backward<S: Simd>(&self, _: S, _: &[T; N], _: &(), _: &[T; N], _: &[T; N], _: &mut [T; N]) {}
//! # }
//! assert_eq!(Affine::<3>::PARAMS, 6);
//! ```
//!
//! ## Its formula, forward and backward
//!
//! [`SimpleLayer`](crate::layer::SimpleLayer) is the formula for one sample. `backward` turns `dy`, the gradient of the
//! loss with respect to `y`, into `dx`: here `dx[n] = dy[n]·scale[n]`. `gradient` adds the gradient with respect to the
//! parameters to its last argument: `dscale[n] = dy[n]·x[n]` and `dshift[n] = dy[n]`. `Tape` is the type of the values
//! that `record` saves for `backward` besides `x` and `y`. This layer saves none.
//!
//! The layer can then be checked, trained, saved, exported and counted like any other.
//!
//! ```
//! use shiplap::{check, layer::{Operations, Path}, prelude::*};
//!
//! /// `y[n] = x[n]·scale[n] + shift[n]`
//! #[derive(Layer)]
//! struct Affine<const N: usize, T: Element = f32> {
//!     #[kernel(initializer = Initializer::Constant(1.0))]
//!     scale: [T; N],
//!     #[bias]
//!     shift: [T; N],
//! }
//!
//! impl<const N: usize, T: Element> SimpleLayer for Affine<N, T> {
//!     type Input = [T; N];
//!     type Output = [T; N];
//!     type Tape = ();
//!
//!     fn forward<S: Simd>(&self, _: S, x: &[T; N], y: &mut [T; N]) {
//!         *y = core::array::from_fn(|n| x[n] * self.scale[n] + self.shift[n]);
//!     }
//!
//!     fn backward<S: Simd>(&self, _: S, _x: &[T; N], _tape: &(), _y: &[T; N], dy: &[T; N], dx: &mut [T; N]) {
//!         *dx = core::array::from_fn(|n| dy[n] * self.scale[n]);
//!     }
//!
//!     fn gradient<S: Simd>(&self, _: S, x: &[T; N], _tape: &(), dy: &[T; N], gradient: &mut Self) {
//!         for n in 0..N {
//!             gradient.scale[n] += dy[n] * x[n];
//!             gradient.shift[n] += dy[n];
//!         }
//!     }
//!
//!     // For export: the formula, with its parameters by name.
//!     fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
//!         operations.columnwise(path, "Affine", &[("scale", &self.scale), ("shift", &self.shift)], &Formula);
//!     }
//! }
//!
//! #[derive(Clone, Copy)]
//! struct Formula;
//!
//! impl shiplap::kernel::ElementwiseKernel<3, 1> for Formula {
//!     fn apply<V: Real>(&self, [x, scale, shift]: [V; 3], _: [V; 1]) -> [V; 1] {
//!         [x * scale + shift]
//!     }
//! }
//!
//! // Check the gradients against differences, in f64.
//! check::gradients::<Affine<5, f64>>()?;
//!
//! // Train it among other layers.
//! #[network]
//! type Net = (Affine<2>, Dense<2, 8, Tanh>, Dense<8, 1, Linear>);
//! let (x, y) = ([[0.0f32, 3.0], [1.0, 2.0], [2.0, 1.0], [3.0, 0.0]], [[0.5f32], [0.0], [-0.5], [0.25]]);
//! let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 4>::new(Adam::new(0.05), 1);
//! trainer.fit(&x, &y, Fit::epochs(300))?;
//! assert!(trainer.evaluate(&x, &y)?.loss < 0.01);
//!
//! // It has a place in summaries and budgets.
//! assert!(Net::summary().to_string().contains("0      Affine<2>"));
//! budget!(Net: flash <= 256, ram <= 64);
//!
//! // Save it, load it, export it to ONNX.
//! # #[cfg(all(feature = "safetensors", feature = "onnx"))]
//! # {
//! use shiplap::io;
//! let bytes = io::to_bytes(trainer.network())?;
//! let mut loaded = Net::zeroed();
//! io::from_bytes(&mut loaded, &bytes)?;
//! assert_eq!(loaded.0, trainer.network().0);
//! assert!(io::to_onnx(&loaded)?.len() > 100);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Without `operations`, the layer can be trained and saved, but export fails with an error that names it. Saved files
//! can also be [read at compile time](crate::include_weights!): the derive generates the code for it.
//!
//! ## Layers of other kinds
//!
//! - One formula for each number, without parameters: an [`Elementwise`](crate::activation::Elementwise) activation in
//!   [`Activate`](crate::layers::Activate).
//! - A random layer: in training, `record` receives a random generator, as in `src/layers/dropout.rs`.
//! - A layer around others: fields with `#[layer]`, `#[derive(Parameters)]` and an implementation of
//!   [`Layer`](trait@crate::layer::Layer). `tests/networks.rs` has a residual layer.
//! - A formula for a whole batch, such as a matrix product: `#[derive(Parameters)]` and
//!   [`Layer`](trait@crate::layer::Layer), as in `src/layers/dense.rs`.
//! - Invalid numbers in the type: set [`FAULT`](crate::layer::SimpleLayer::FAULT) to a message. A network with a fault
//!   does not compile.
