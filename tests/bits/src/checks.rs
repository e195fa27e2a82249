//! Properties of kernels and gradients that hold in any arithmetic, for targets without a test harness.

use core::array;

use shiplap::{
    kernel::{Element, Real, Simd, ElementwiseKernel, Unchanged, Work, dispatch, largest, nn, nt, sum_rows, elementwise, tn},
    layer::{Parameter, Path, Visit, VisitMut},
    prelude::*,
};

/// The checks by name. Each returns whether the property holds.
pub const ALL: [(&str, fn() -> bool); 7] = [
    ("products of any shape are those of plain loops", products),
    ("the math of f32, in passes, is near that of f64", passes),
    ("gradients are the derivatives of the loss", gradients),
    ("convolutions in int8 are those of plain loops", crate::int8::convolutions),
    ("depthwise convolutions in int8 are those of plain loops", crate::int8::depthwise),
    ("an LSTM in int8 is that of TensorFlow Lite", crate::int8::lstm),
    ("errors are reported, and leave the network as it was", errors),
];

struct Products<'a, T, const B: usize, const I: usize, const O: usize> {
    x: &'a [[T; I]; B],
    w: &'a [[T; O]; I],
    bias: &'a [T; O],
    dz: &'a [[T; O]; B],
}

impl<T: Element, const B: usize, const I: usize, const O: usize> Work for Products<'_, T, B, I, O> {
    type Output = ([[T; O]; B], [[T; O]; I], [[T; I]; B], [T; O]);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let old = T::from_f64(99.0);
        let (mut y, mut gradient, mut dx, mut sums) = ([[old; O]; B], [[old; O]; I], [[old; I]; B], [old; O]);
        nn(simd, self.x, self.w, self.bias, &Unchanged, &mut y);
        tn(simd, self.x, self.dz, &mut gradient);
        nt(simd, self.dz, self.w, &mut dx);
        sum_rows(simd, self.dz, &mut sums);
        (y, gradient, dx, sums)
    }
}

/// Small whole numbers: sums of their products are exact in any order.
fn whole<T: Element, const N: usize>(rng: &mut Rng) -> [T; N] {
    array::from_fn(|_| T::from_f64(f64::from(rng.bits() % 9) - 4.0))
}

fn sum<T: Element>(terms: impl Iterator<Item = T>) -> T {
    terms.fold(T::zero(), |sum, term| sum + term)
}

fn agrees<T: Element, const B: usize, const I: usize, const O: usize>() -> bool {
    let mut rng = Rng::new(3);
    let (x, dz): ([[T; I]; B], [[T; O]; B]) =
        (array::from_fn(|_| whole(&mut rng)), array::from_fn(|_| whole(&mut rng)));
    let (w, bias): ([[T; O]; I], [T; O]) = (array::from_fn(|_| whole(&mut rng)), whole(&mut rng));
    let plain = (
        array::from_fn(|b| array::from_fn(|o| bias[o] + sum((0..I).map(|i| x[b][i] * w[i][o])))),
        array::from_fn(|i| array::from_fn(|o| sum((0..B).map(|b| x[b][i] * dz[b][o])))),
        array::from_fn(|b| array::from_fn(|i| sum((0..O).map(|o| dz[b][o] * w[i][o])))),
        array::from_fn(|o| sum((0..B).map(|b| dz[b][o]))),
    );
    dispatch(Products { x: &x, w: &w, bias: &bias, dz: &dz }) == plain
}

fn products() -> bool {
    agrees::<f32, 1, 1, 1>()
        && agrees::<f32, 3, 7, 17>()
        && agrees::<f32, 5, 3, 8>()
        && agrees::<f32, 4, 10, 1>()
        && agrees::<f32, 1, 16, 20>()
        && agrees::<f32, 9, 2, 33>()
        && agrees::<f64, 6, 5, 3>()
        && agrees::<f64, 1, 17, 1>()
}

#[derive(Clone, Copy)]
struct All;

impl ElementwiseKernel<1, 1> for All {
    #[inline(always)]
    fn apply<V: Real>(&self, [x]: [V; 1], _: [V; 1]) -> [V; 1] {
        let kept = (x.exp().ln() - x).abs() + (x.abs().tanh().copysign(x) - x.tanh()).abs();
        [kept + x.sigmoid() + x.softplus() + x.erf() + (x * x).sqrt().max(x).min(x.abs())]
    }
}

struct Pass<'a>(&'a [f32], &'a mut [f32]);

impl Work for Pass<'_> {
    /// The largest result.
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        elementwise(simd, &All, [self.0], [self.1]);
        largest(simd, self.1)
    }
}

fn passes() -> bool {
    let x: [f32; 67] = array::from_fn(|n| n as f32 / 8.0 - 4.0);
    let mut y = [0.0; 67];
    let top = dispatch(Pass(&x, &mut y));
    let near = |x: f32, y: f32| {
        let x = f64::from(x);
        let expected = 1.0 / (1.0 + (-x).exp()) + x.softplus() + Real::erf(x) + x.abs();
        (f64::from(y) - expected).abs() < 1e-5
    };
    x.iter().zip(y).all(|(x, y)| near(*x, y)) && y.iter().all(|y| *y <= top) && y.contains(&top)
}

/// Calls a closure with one of all parameters, selected by index.
struct At<F>(usize, F);

impl<F: FnMut(&mut f64)> VisitMut<f64, 1> for At<F> {
    fn visit(&mut self, _: Parameter<'_>, [values]: [&mut [f64]; 1]) {
        if let Some(value) = values.get_mut(self.0) {
            (self.1)(value);
        }
        // Once found, the index is beyond the end of all following parameters.
        self.0 = self.0.checked_sub(values.len()).unwrap_or(usize::MAX);
    }
}

struct Copy<const N: usize>([f64; N], usize);

impl<const N: usize> Visit<f64> for Copy<N> {
    fn visit(&mut self, _: Parameter<'_>, values: &[f64]) {
        for value in values {
            self.0[self.1] = *value;
            self.1 += 1;
        }
    }
}

/// A step of plain gradient descent with rate 1 moves each weight by its derivative, which is compared with finite
/// differences.
macro_rules! learns {
    ($net:ty, $loss:ty, $label:expr) => {{
        type T = Trainer<$net, $loss, Sgd, 4, ()>;
        let mut rng = Rng::new(8);
        let x: [[f64; 3]; 4] = array::from_fn(|_| array::from_fn(|_| rng.normal()));
        let y = [$label; 4];
        let (mut trainer, mut moved) = (T::new(Sgd::new(1.0), 2), T::new(Sgd::new(1.0), 2));
        let (mut before, mut after) = (Copy([0.0; <$net>::PARAMS], 0), Copy([0.0; <$net>::PARAMS], 0));
        trainer.network().parameters(Path::ROOT, &mut before);
        let stepped = moved.step(&x, &y).is_ok();
        moved.network().parameters(Path::ROOT, &mut after);
        stepped
            && (0..<$net>::PARAMS).all(|place| {
                let mut loss_at = |by: f64| {
                    <$net>::parameters_mut(
                        [trainer.network_mut()],
                        Path::ROOT,
                        &mut At(place, |value: &mut f64| *value += by),
                    );
                    let loss = trainer.evaluate(&x, &y).map_or(f64::NAN, |report| report.loss);
                    <$net>::parameters_mut(
                        [trainer.network_mut()],
                        Path::ROOT,
                        &mut At(place, |value: &mut f64| *value -= by),
                    );
                    loss
                };
                let derivative = (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5;
                (before.0[place] - after.0[place] - derivative).abs() < 1e-7
            })
    }};
}

fn gradients() -> bool {
    learns!((Dense<3, 5, Tanh, f64>, Dense<5, 2, Linear, f64>), MeanSquaredError, [0.5, -0.5])
        && learns!((Dense<3, 6, Gelu, f64>, Dense<6, 1, Sigmoid, f64>), BinaryCrossentropy, [1.0])
        && learns!((Dense<3, 4, Silu, f64>, Dense<4, 3, Softmax, f64>), SparseCategoricalCrossentropy, 2)
        && learns!((Dense<3, 4, Softmax, f64>, Dense<4, 9, Softplus, f64>), HalfSquaredError, [0.1; 9])
}

fn errors() -> bool {
    let mut trainer = Trainer::<Dense<2, 1, Linear>, MeanSquaredError, Sgd, 1>::new(Sgd::new(0.1), 1);
    let before = trainer.network().clone();
    let refused = matches!(trainer.step(&[[1.0, f32::NAN]], &[[0.0]]), Err(TrainError::Input { sample: 0, .. }));
    refused && *trainer.network() == before
}
