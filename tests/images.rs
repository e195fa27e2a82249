//! Networks of image layers: their gradients against finite differences, on one instruction set (`convolutions.rs`
//! compares the kernels of all), and 50 steps of training against Keras 3 and PyTorch.

mod common;
#[path = "common/keras.rs"]
mod keras;

use std::{collections::BTreeMap, sync::LazyLock};

use keras::{Fixture, fixtures, learns_as_in_keras};
use shiplap::{
    Tensor, check,
    layers::{Corners, GroupNorm, TopLeft},
    prelude::*,
};

static FIXTURES: LazyLock<BTreeMap<String, Fixture>> = LazyLock::new(|| fixtures("images.json"));
static OF_PYTORCH: LazyLock<BTreeMap<String, Fixture>> = LazyLock::new(|| fixtures("torch_images.json"));

/// Image layers between an image of 9×8 pixels with 2 channels and a dense layer.
macro_rules! networks {
    ($($name:ident: $layers:ty;)*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn gradients() {
                #[network(input = Image<7, 6, 1, f64>)]
                type Net = ($layers, Dense<_, 2, Linear, f64>);
                check::gradients::<Net>().unwrap();
            }

            #[test]
            fn training() {
                #[network(input = Image<9, 8, 2>)]
                type Net = ($layers, Dense<_, 3>);
                learns_as_in_keras::<Net, _>(stringify!($name), &FIXTURES[stringify!($name)], Sgd::new(0.005));
                #[cfg(feature = "exhaustive")]
                learns_as_in_keras::<Net, _>(stringify!($name), &FIXTURES[stringify!($name)], InPlace(Sgd::new(0.005)));
            }
        })*
    };
}
networks! {
    valid: (Conv2d<_, 5, 3, Relu>, MaxPool2d<_, 2>, Flatten<_>);
    same_strided_2: (Conv2d<_, 4, 3, Tanh, Same<2>>, Flatten<_>);
    padded: (Conv2d<_, 4, 3, Tanh, Padded<1, 2>>, Flatten<_>);
    up_sampled: (UpSample2d<_, 2, 3>, Conv2d<_, 3, 3, Tanh, Valid<2>>, Flatten<_>);
    resized: (Resize2d<_, 13, 11>, Conv2d<_, 3, 3, Tanh, Valid<2>>, Resize2d<_, 4, 7>, Flatten<_>);
    zero_padded: (ZeroPad2d<_, 0, 1>, Conv2d<_, 4, 3, Tanh, Valid<2>>, Flatten<_>);
    cropped: (Conv2d<_, 3, 2>, Crop2d<_, 1, 2, 0, 3>, Conv2d<_, 2, 2, Tanh>, Flatten<_>);
    exchanged: (Conv2d<_, 3, 2>, Transpose2d<_>, Conv2d<_, 2, 3, Tanh, Valid, Bias, 2>, Flatten<_>);
    rectified: (Conv2d<_, 4, 3>, PRelu<_>, Conv2d<_, 2, 2>, PRelu<_>, Flatten<_>);
    transposed: (ConvTranspose2d<_, 3, 3, Relu>, Flatten<_>);
    transposed_same_strided_2: (ConvTranspose2d<_, 2, 3, Tanh, Same<2>, NoBias>, AveragePool2d<_, 3>, Flatten<_>);
    separable: (DepthwiseConv2d<_, 3, Linear, Same, NoBias>, Conv2d<_, 4, 1, Silu, Valid, NoBias>, Flatten<_>);
    depthwise_same_strided_2: (DepthwiseConv2d<_, 3, Tanh, Same<2>>, Flatten<_>);
}
#[cfg(feature = "exhaustive")]
networks! {
    overlapping: (Conv2d<_, 4, 1, Tanh>, MaxPool2d<_, 3, Same<2>>, AveragePool2d<_, 3, Same<2>>, Flatten<_>);
    rectangular: (Conv2d<_, 3, 4, Tanh, Valid, Bias, 2>, MaxPool2d<_, 1, Valid<1, 1, 3>, 3>, Flatten<_>);
    same: (Conv2d<_, 4, 3, Tanh, Same>, AveragePool2d<_, 2>, Flatten<_>);
    same_even: (Conv2d<_, 3, 2, Silu, Same, Bias, 4>, Flatten<_>);
    strided_2: (Conv2d<_, 4, 3, Tanh, Valid<2>>, Flatten<_>);
    strided_3: (Conv2d<_, 4, 3, Tanh, Valid<3>>, Flatten<_>);
    same_strided_3: (Conv2d<_, 4, 5, Tanh, Same<3>, Bias, 4>, Flatten<_>);
    dilated_2: (Conv2d<_, 3, 3, Tanh, Valid<1, 2>>, Flatten<_>);
    dilated_3: (Conv2d<_, 3, 3, Tanh, Valid<1, 3>, Bias, 2>, Flatten<_>);
    same_dilated_2: (Conv2d<_, 3, 3, Tanh, Same<1, 2>>, Flatten<_>);
    same_dilated_3: (Conv2d<_, 3, 2, Tanh, Same<1, 3>>, Flatten<_>);
    transposed_strided_2: (ConvTranspose2d<_, 2, 3, Gelu, Valid<2>, Bias, 4>, AveragePool2d<_, 3>, Flatten<_>);
    transposed_strided_3: (ConvTranspose2d<_, 2, 2, Tanh, Valid<3>, Bias, 4>, AveragePool2d<_, 4>, Flatten<_>);
    transposed_same: (ConvTranspose2d<_, 3, 3, Tanh, Same, Bias, 2>, Flatten<_>);
    transposed_same_strided_3: (ConvTranspose2d<_, 2, 4, Tanh, Same<3>, Bias, 2>, AveragePool2d<_, 4>, Flatten<_>);
    transposed_dilated_2: (ConvTranspose2d<_, 3, 3, Tanh, Valid<1, 2>, Bias, 2>, Flatten<_>);
    transposed_dilated_3: (ConvTranspose2d<_, 3, 2, Tanh, Valid<1, 3>>, Flatten<_>);
    transposed_same_dilated_2: (ConvTranspose2d<_, 3, 3, Tanh, Same<1, 2>>, Flatten<_>);
    transposed_same_dilated_3: (ConvTranspose2d<_, 3, 2, Tanh, Same<1, 3>, Bias, 3>, Flatten<_>);
    sides_padded: (Conv2d<_, 3, 1>, ZeroPad2d<_, 1, 2, 0, 3>, Activate<HardSwish, _>, MaxPool2d<_, 3>, Flatten<_>);
    depthwise: (DepthwiseConv2d<_, 3, Relu>, Flatten<_>);
    depthwise_strided_2: (DepthwiseConv2d<_, 3, Tanh, Valid<2>>, Flatten<_>);
    depthwise_strided_3: (DepthwiseConv2d<_, 4, Tanh, Valid<3>>, Flatten<_>);
    depthwise_same_strided_3: (DepthwiseConv2d<_, 5, Gelu, Same<3>>, Flatten<_>);
    depthwise_dilated_2: (DepthwiseConv2d<_, 2, Tanh, Valid<1, 2>, Bias, 3>, Flatten<_>);
    depthwise_dilated_3: (DepthwiseConv2d<_, 3, Tanh, Valid<1, 3>, Bias, 2>, Flatten<_>);
    depthwise_same_dilated_2: (DepthwiseConv2d<_, 3, Tanh, Same<1, 2>>, Flatten<_>);
    depthwise_same_dilated_3: (DepthwiseConv2d<_, 2, Tanh, Same<1, 3>>, Flatten<_>);
    global: (Conv2d<_, 6, 3, Relu, Same>, Conv2d<_, 4, 3, Gelu>, GlobalAveragePool<_>);
    global_max: (Conv2d<_, 6, 3, Tanh, Same>, GlobalMaxPool<_>);
}

/// Layers of series between 9 steps with 2 channels, or 16 as in an image, and a dense layer.
macro_rules! networks_of_series {
    ($($name:ident: $layers:ty;)*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn gradients() {
                #[network(input = [[f64; 2]; 9])]
                type Net = ($layers, Dense<_, 2, Linear, f64>);
                check::gradients::<Net>().unwrap();
            }

            #[test]
            fn training() {
                #[network(input = Image<9, 8, 2>)]
                type Net = (Reshape<_, [[f32; 16]; 9]>, $layers, Dense<_, 3>);
                learns_as_in_keras::<Net, _>(stringify!($name), &FIXTURES[stringify!($name)], Sgd::new(0.005));
            }
        })*
    };
}
networks_of_series! {
    series: (Conv1d<_, 4, 3, Relu>, MaxPool1d<_, 2>, Flatten<_>);
    series_depthwise: (DepthwiseConv1d<_, 3, Relu>, Conv1d<_, 3, 1>, Flatten<_>);
    series_depthwise_causal_dilated_3: (DepthwiseConv1d<_, 3, Tanh, Causal<1, 3>>, Flatten<_>);
    series_causal_dilated_2: (Conv1d<_, 4, 3, Tanh, Causal<1, 2>>, Conv1d<_, 3, 2, Linear, Causal, NoBias>, Flatten<_>);
}
#[cfg(feature = "exhaustive")]
networks_of_series! {
    series_same: (Conv1d<_, 4, 4, Tanh, Same>, Flatten<_>);
    series_strided_2: (Conv1d<_, 4, 3, Tanh, Valid<2>>, Flatten<_>);
    series_strided_3: (Conv1d<_, 4, 3, Tanh, Valid<3>>, Flatten<_>);
    series_same_strided_2: (Conv1d<_, 4, 3, Tanh, Same<2>>, Flatten<_>);
    series_same_strided_3: (Conv1d<_, 4, 4, Tanh, Same<3>>, Flatten<_>);
    series_dilated_2: (Conv1d<_, 4, 3, Tanh, Valid<1, 2>>, Flatten<_>);
    series_dilated_3: (Conv1d<_, 4, 3, Tanh, Valid<1, 3>>, Flatten<_>);
    series_same_dilated_2: (Conv1d<_, 4, 3, Tanh, Same<1, 2>>, Flatten<_>);
    series_same_dilated_3: (Conv1d<_, 4, 2, Tanh, Same<1, 3>>, Flatten<_>);
    series_causal: (Conv1d<_, 4, 3, Tanh, Causal>, Flatten<_>);
    series_causal_strided_2: (Conv1d<_, 4, 3, Tanh, Causal<2>>, Flatten<_>);
    series_causal_strided_3: (Conv1d<_, 4, 2, Tanh, Causal<3>>, Flatten<_>);
    series_causal_dilated_3: (Conv1d<_, 4, 3, Tanh, Causal<1, 3>>, Flatten<_>);
    series_depthwise_same_strided_2: (DepthwiseConv1d<_, 4, Gelu, Same<2>>, Flatten<_>);
    series_depthwise_dilated_2:
        (DepthwiseConv1d<_, 3, Linear, Valid<1, 2>, NoBias>, Conv1d<_, 4, 1, Tanh>, Flatten<_>);
    series_depthwise_causal_strided_3: (DepthwiseConv1d<_, 2, Tanh, Causal<3>>, Flatten<_>);
    series_pooled: (
        (Conv1d<_, 4, 1, Tanh>, MaxPool1d<_, 3, Same<2>>, AveragePool1d<_, 2, Same>, AveragePool1d<_, 2, Valid<1>>),
        (Conv1d<_, 3, 2, Silu>, GlobalAveragePool<_>)
    );
}

/// Windows that Keras does not have.
macro_rules! networks_of_pytorch {
    ($($name:ident: $layers:ty;)*) => {
        mod pytorch {
            use super::*;

            $(#[test]
            fn $name() {
                #[network(input = Image<9, 8, 2>)]
                type Net = ($layers, Flatten<_>, Dense<_, 3>);
                learns_as_in_keras::<Net, _>(stringify!($name), &OF_PYTORCH[stringify!($name)], Sgd::new(0.005));
            })*
        }
    };
}
networks_of_pytorch! {
    padded: (Conv2d<_, 4, 3, Tanh, Padded<1, 2>>, Conv2d<_, 3, 3, Tanh, Padded<2, 1, 2, 1>, Bias, 2>);
    strided_and_dilated: (
        Conv2d<_, 4, 3, Tanh, Padded<2, 2, 2, 1, 3, 3>, Bias, 2>,
        Conv2d<_, 3, 2, Linear, Padded<1, 3, 2>, NoBias>,
    );
    transposed: (
        ConvTranspose2d<_, 3, 3, Tanh, Padded<1, 2>>,
        ConvTranspose2d<_, 2, 2, Tanh, Padded<2, 1, 2>, Bias, 3>,
        AveragePool2d<_, 3, Padded<1, 2>>,
    );
    depthwise: (
        DepthwiseConv2d<_, 3, Silu, Padded<2, 2, 2>>,
        (Conv2d<_, 5, 1, Linear, Valid, NoBias>, BatchNorm<_, Relu6, 90, -5>),
        MaxPool2d<_, 2, Padded<1, 2>>,
    );
    dilated_pool: (Conv2d<_, 4, 1, HardSwish>, MaxPool2d<_, 3, Padded<1, 2, 2>, 2>);
    groups: (Conv2d<_, 6, 3, Linear, Padded<1>, NoBias>, GroupNorm<_, 3, Gelu, -5>, GlobalAveragePool<_>);
}

#[test]
fn gradients_of_reshaped_and_random_images() {
    #[network(input = Image<4, 3, 2, f64>)]
    type Net = (Dropout<_, 30>, Reshape<_, Image<2, 4, 3, f64>>, Conv2d<_, 4, 2>, SpatialDropout<_, 40>);
    check::gradients::<Net>().unwrap();
    check::gradients::<SpatialDropout<[[f64; 3]; 5], 50>>().unwrap();
}

#[test]
fn gradients_of_images_resized_at_each_place() {
    check::gradients::<Resize2d<Image<4, 3, 2, f64>, 7, 2, Corners, Image<7, 2, 2, f64>>>().unwrap();
    check::gradients::<Resize2d<Image<4, 3, 2, f64>, 1, 8, Corners, Image<1, 8, 2, f64>>>().unwrap();
    check::gradients::<Resize2d<Image<4, 3, 2, f64>, 3, 9, TopLeft, Image<3, 9, 2, f64>>>().unwrap();
    check::gradients::<Resize2d<Image<1, 1, 5, f64>, 3, 2, HalfPixel, Image<3, 2, 5, f64>>>().unwrap();
}

/// A channel is dropped as a whole, and with the probability that its type says; the others keep the mean.
#[test]
fn spatial_dropout_drops_whole_channels() {
    const CHANNELS: usize = 64;
    #[network(input = Image<3, 3, 1>)]
    type Net = (Conv2d<_, CHANNELS, 1>, SpatialDropout<_, 25>);

    let mut net = Net::zeroed();
    net.0.bias = [3.0; CHANNELS];
    let mut dropped = 0;
    for seed in 0..50 {
        let [y] = common::recorded(&net, &[[[[0.0]; 3]; 3]], &mut Rng::new(seed));
        let channels = y[0][0];
        assert!(y.as_flattened().iter().all(|pixel| *pixel == channels), "{y:?}");
        assert!(channels.iter().all(|&value| value == 0.0 || value == 4.0), "{channels:?}");
        dropped += channels.iter().filter(|&&value| value == 0.0).count();
    }
    assert!((700..900).contains(&dropped), "{dropped} of 3200");
    assert_eq!(net.predict(&[[[0.0]; 3]; 3]), [[[3.0; CHANNELS]; 3]; 3]);
}

#[test]
fn layers_have_their_costs() {
    #[network(input = Image<8, 8, 4>)]
    type Net = (
        DepthwiseConv2d<_, 3, Relu, Same<2>, NoBias>,
        ConvTranspose2d<_, 2, 3, Relu, Same<2>>,
        Reshape<_, [[f32; 2]; 64]>,
        Conv1d<_, 5, 4, Relu, Causal<2>>,
        DepthwiseConv1d<_, 3, Tanh, Valid<1, 2>, NoBias>,
    );
    assert_eq!(Net::PARAMS, 3 * 3 * 4 + (3 * 3 * 2 * 4 + 2) + (4 * 2 * 5 + 5) + 3 * 5);
    assert_eq!(Net::BYTES, 4 * Net::PARAMS);
    assert_eq!(Net::MACS, 16 * 3 * 3 * 4 + 16 * 3 * 3 * 2 * 4 + 32 * 4 * 2 * 5 + 28 * 5 * 3);
    let summary = Net::summary().to_string();
    for line in [
        "0      DepthwiseConv2d<3, Relu, Same<2>, NoBias>",
        "1      ConvTranspose2d<2, 3, Relu, Same<2>>",
        "2      Reshape<64, 2>",
        "3      Conv1d<5, 4, Relu, Causal<2>>",
        "4      DepthwiseConv1d<3, Tanh, Valid<1, 2>, NoBias>",
    ] {
        assert!(summary.lines().any(|shown| shown.starts_with(line)), "{line}\n{summary}");
    }
}

/// A network in flash, one on several threads, a frozen part and a saved file compute the same as the network itself.
#[test]
fn image_networks_have_every_form() {
    #[network(input = Image<6, 5, 2>)]
    type Features = (Conv2d<_, 4, 3, Relu, Same>, MaxPool2d<_, 2>);
    #[network(input = Image<6, 5, 2>)]
    type Net = (Features, Flatten<_>, Dense<_, 2, Softmax>);
    #[network(input = Image<6, 5, 2>)]
    type Tuned = (Frozen<Features>, Flatten<_>, Dense<_, 2, Softmax>);

    let mut rng = Rng::new(1);
    let mut x = vec![<Image<6, 5, 2>>::zeroed(); 12];
    Tensor::flat_mut(&mut x).iter_mut().for_each(|value| *value = rng.normal() as f32);
    let y: Vec<usize> = (0..12).map(|index| index % 2).collect();

    let net = Net::new(5);
    let restored: Net = {
        let mut other = Net::new(6);
        shiplap::io::from_bytes(&mut other, &shiplap::io::to_bytes(&net).unwrap()).unwrap();
        other
    };
    assert_eq!(net, restored);

    let mut tuned = Trainer::<Tuned, SparseCategoricalCrossentropy, Adam, 4>::boxed(Adam::new(0.01), 1);
    tuned.network_mut().0.layer = net.0.clone();
    tuned.fit(&x, &y, Fit::epochs(2)).unwrap();
    assert_eq!(tuned.network().0.layer, net.0);

    type Whole = Trainer<Net, SparseCategoricalCrossentropy, Sgd, 12>;
    type Shards = Trainer<Net, SparseCategoricalCrossentropy, AllCores<Sgd, 6, 2>, 12>;
    let (mut whole, mut shards) = (Whole::boxed(Sgd::new(0.1), 3), Shards::boxed(AllCores(Sgd::new(0.1)), 3));
    for _ in 0..3 {
        let losses = [whole.step(&x, &y).unwrap(), shards.step(&x, &y).unwrap()];
        assert!((losses[0] - losses[1]).abs() < 1e-6, "{losses:?}");
    }
}

/// A structure with named layers, and `_` in a layer of its own.
#[test]
fn structs_and_other_layers_are_completed() {
    /// `y = x / 2`, for any tensor.
    #[derive(Layer)]
    #[parameters(element = X::Element)]
    struct Halve<X: Tensor>(std::marker::PhantomData<X>);

    impl<X: Tensor> SimpleLayer for Halve<X> {
        type Input = X;
        type Output = X;
        type Tape = ();

        fn forward<S: Simd>(&self, _: S, x: &X, y: &mut X) {
            let (x, y) = (X::flat(std::slice::from_ref(x)), X::flat_mut(std::slice::from_mut(y)));
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = x / Real::splat(2.0));
        }

        fn backward<S: Simd>(&self, simd: S, _: &X, (): &(), _: &X, dy: &X, dx: &mut X) {
            self.forward(simd, dy, dx);
        }
    }

    /// `y[n] = x[n]·factor[n]`.
    #[derive(Layer)]
    struct Scale<const N: usize> {
        #[kernel]
        factor: [f32; N],
    }

    impl<const N: usize> SimpleLayer for Scale<N> {
        type Input = [f32; N];
        type Output = [f32; N];
        type Tape = ();

        fn forward<S: Simd>(&self, _: S, x: &[f32; N], y: &mut [f32; N]) {
            *y = std::array::from_fn(|n| x[n] * self.factor[n]);
        }

        fn backward<S: Simd>(&self, _: S, _: &[f32; N], (): &(), _: &[f32; N], dy: &[f32; N], dx: &mut [f32; N]) {
            *dx = std::array::from_fn(|n| dy[n] * self.factor[n]);
        }

        fn gradient<S: Simd>(&self, _: S, x: &[f32; N], (): &(), dy: &[f32; N], gradient: &mut Self) {
            (0..N).for_each(|n| gradient.factor[n] += x[n] * dy[n]);
        }
    }

    #[network(input = Image<4, 4, 1>)]
    #[derive(Network)]
    struct Net {
        halve: Halve<_>,
        features: (Conv2d<_, 3, 3>, (Activate<Relu, _>, Flatten<_>)),
        scale: Scale<{ _ }>,
        classes: Regularized<(Dense<_, 2>,), L2<1, -3>>,
    }
    let net: Net = Network::new(1);
    assert_eq!(Net::PARAMS, 3 * 3 * 3 + 3 + 2 * 2 * 3 + 2 * 2 * 3 * 2 + 2);
    assert_eq!(net.halve.predict(&[[[3.0]; 4]; 4]), [[[1.5]; 4]; 4]);
    assert_eq!(net.features.predict(&[[[0.0]; 4]; 4]), [0.0; 12]);
    assert_eq!(net.predict(&[[[0.0]; 4]; 4]), [0.0, 0.0]);
}
