//! Training runs of 100 steps, and a hash of their results. Together they use every layer, activation, loss, optimizer
//! and schedule.

use shiplap::{
    kernel::Element,
    layer::{Parameter, Path, Visit},
    layers::{Branches, Concat, GroupNorm, LayerNorm, Reshape},
    loss::Weighted,
    prelude::*,
};

const INPUTS: usize = 10;
const ROWS: usize = 30;
/// 30 rows take four steps per epoch; the last step is on 6 rows.
const BATCH: usize = 8;
const EPOCHS: usize = 25;

/// FNV-1a, over the bits of `f64`.
struct Hash(u64);

impl Hash {
    fn add(&mut self, value: f64) {
        for byte in value.to_bits().to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
}

impl<T: Element> Visit<T> for Hash {
    fn visit(&mut self, _: Parameter<'_>, values: &[T]) {
        values.iter().for_each(|value| self.add(value.to_f64()));
    }
}

fn data<T: Element>() -> [[T; INPUTS]; ROWS] {
    let mut rng = Rng::new(9);
    core::array::from_fn(|_| core::array::from_fn(|_| T::from_f64(rng.normal())))
}

/// Whole numbers below 5.
fn tokens(row: [f32; INPUTS]) -> [f32; INPUTS] {
    row.map(|number| f32::from((2.0 * number.abs()).min(4.0) as u8))
}

macro_rules! runs {
    ($($name:ident: $number:ident, $net:ty, $loss:ty, $optimizer:expr, |$x:ident| $label:expr
       $(, inputs by $inputs:path)? $(, first layer fitted by $fit:path)?;)*) => {
        mod run {
            use super::*;

            $(
                #[inline(never)]
                pub fn $name() -> Result<u64, TrainError> {
                    let x = data::<$number>();
                    $(let x = x.map($inputs);)?
                    let y = x.map(|$x| $label);
                    let mut trainer = Trainer::<$net, $loss, _, BATCH, ()>::new($optimizer, 4);
                    $(if let Ok(fitted) = $fit(&x) {
                        trainer.network_mut().0 = fitted;
                    })?
                    let epoch = trainer.fit(&x, &y, Fit::epochs(EPOCHS))?;
                    let mut hash = Hash(0xCBF2_9CE4_8422_2325);
                    hash.add(epoch.training.loss);
                    hash.add(trainer.evaluate(&x, &y)?.loss);
                    trainer.network().parameters(Path::ROOT, &mut hash);
                    x.iter().for_each(|x| trainer.predict(x).iter().for_each(|p| hash.add(f64::from(*p))));
                    Ok(hash.0)
                }
            )*
        }

        pub const COUNT: usize = [$(stringify!($name)),*].len();

        /// The training runs by name.
        pub const ALL: [(&str, fn() -> Result<u64, TrainError>); COUNT] =
            [$((stringify!($name), run::$name)),*];
    };
}
/// Layers of images, normalization and branches.
#[network(input = [f32; INPUTS])]
type Images = (
    Reshape<_, Image<5, 2, 1>>,
    (Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_, Relu, 90>),
    Residual<(DepthwiseConv2d<_, 3, Tanh, Same>, Conv2d<_, 4, 1>), Relu>,
    Branches<AveragePool2d<_, 2, Same>, (Conv2d<_, 3, 2, Silu, Same>, GroupNorm<_, 3>), Concat>,
    (MaxPool2d<_, 2, Same<2>>, Flatten<_>, LayerNorm<_>),
    Dense<_, 1>,
);

/// Recurrent layers.
#[network(input = [f32; INPUTS])]
type Sequences = (Reshape<_, [[f32; 2]; 5]>, SimpleRnn<_, 6, AllStates>, Gru<_, 5, AllStates>, Lstm<_, 4>, Dense<_, 1>);

/// Attention and its positions, over texts of whole numbers.
#[network(input = [f32; INPUTS])]
type Attention = (
    Embedding<_, 5, 4>,
    LearnedPositions<_>,
    TransformerBlock<_, 2, 6, Causal, Rotary>,
    (SinusoidalPositions<_>, MultiHeadAttention<_, 1>, RmsNorm<_, Tanh>),
    Bidirectional<Gru<_, 3>>,
    Dense<_, 1>,
);

runs! {
    rectifiers: f32,
        (Dense<10, 16, Relu>, Dense<16, 12, LeakyRelu>, Dense<12, 9, HardSigmoid>, Dense<9, 1, Linear>),
        MeanSquaredError, Sgd::new(0.05), |x| [x[0] * x[1]];
    smooth: f32, (Dense<10, 13, Tanh>, Dense<13, 11, Sigmoid>, Dense<11, 7, Softplus>, Dense<7, 3, Linear>),
        Huber, Momentum::new(0.02), |x| [x[0] - x[1], x[2] * x[2], 1.0];
    units: f32,
        (Dense<10, 8, Elu>, Dense<8, 17, Selu>, Dense<17, 6, Gelu>, Dense<6, 5, Silu>, Dense<5, 1, Sigmoid>),
        BinaryCrossentropy, Adam::new(0.01), |x| [f32::from(x[0] > x[1])];
    classes: f32, (Standardize<10>, Dense<10, 20, Relu>, Dropout<20, 25>, Dense<20, 3, Softmax>),
        CategoricalCrossentropy, AdamW::new(0.01).clip(Clip::Norm(0.5)),
        |x| if x[0] > x[1] { [1.0, 0.0, 0.0] } else { [0.0, 0.75, 0.25] },
        first layer fitted by Standardize::fit;
    numbers: f32, (Dense<10, 12, Tanh>, Dropout<12, 50>, Dense<12, 4, Softmax>), SparseCategoricalCrossentropy,
        RmsProp::new(0.01).schedule(Schedule::Cosine { peak: 0.02, warm_up: 10, steps: 80 }),
        |x| usize::from(x[0] > x[1]) + 2 * usize::from(x[2] > 0.0);
    penalized: f32, (Dense<10, 18, Gelu>, Regularized<Dense<18, 2, Linear>, L1<1, -2>>), MeanAbsoluteError,
        Adagrad::new(0.1).penalty(Penalty::l2(1e-3)), |x| [x[0] + x[1], x[3]];
    halves: f32, (Dense<10, 5, Softmax>, Initialized<Dense<5, 2, Tanh>, shiplap::init::LecunNormal>), HalfSquaredError,
        Momentum::new(0.1).schedule(Schedule::Step { initial: 0.1, every: 30, factor: 0.7 }).clip(Clip::Value(0.1)),
        |x| [x[4] * 0.5, x[5] * 0.5];
    weighted: f32, (MinMax<10>, Dense<10, 9, Selu>, Dense<9, 1, Sigmoid>),
        Weighted<BinaryCrossentropy>,
        Sgd::new(0.1).schedule(Schedule::Exponential { initial: 0.5, every: 50, factor: 0.3 }).weight_decay(1e-3),
        |x| ([f32::from(x[0] > 0.5)], if x[0] > 0.5 { 3.0 } else { 1.0 }),
        first layer fitted by MinMax::fit;
    in_place: f32, (Frozen<Dense<10, 8, Tanh>>, Dense<8, 6, LeakyRelu>, Dense<6, 1, Linear>), MeanSquaredError,
        InPlace(Adam::new(0.01)), |x| [x[0] - x[1]];
    doubles: f64, (Dense<10, 6, Softplus, f64>, Dense<6, 5, Gelu, f64>, Dense<5, 3, Softmax, f64>), CategoricalCrossentropy,
        Adam::new(0.01), |x| if x[0] > x[1] { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] };
    images: f32, Images, MeanSquaredError, Momentum::new(0.01), |x| [x[0] * x[1] + x[2]];
    sequences: f32, Sequences, MeanSquaredError, Adam::new(0.01), |x| [x[0] * x[9]];
    attention: f32, Attention, MeanSquaredError, Adam::new(0.01), |x| [x[0] - x[9]], inputs by tokens;
}
