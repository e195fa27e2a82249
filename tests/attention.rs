//! Embeddings, normalization by the root mean square, and attention: 50 steps of training against Keras 3 and PyTorch, and
//! what they do with wrong data.

mod common;
#[path = "common/keras.rs"]
mod keras;

use std::{collections::BTreeMap, sync::LazyLock};

use keras::{Fixture, fixtures, learns_as_in_keras};
use shiplap::{
    Pair, Tensor, check,
    layer::{Invalid, Sample},
    layers::{Add, Block, Branches, Concat, First, Full, Identity, Masked, NoRotation, Second, image::Average},
    prelude::*,
    stream::Streaming,
    train::Data,
};

static FIXTURES: LazyLock<BTreeMap<String, Fixture>> = LazyLock::new(|| fixtures("attention.json"));

/// Layers, the shape of their input, and the runs of Keras and PyTorch.
macro_rules! networks {
    ($($name:ident: $input:ty => $layers:ty, $($run:literal),+;)*) => {
        $(#[test]
        fn $name() {
            #[network(input = $input)]
            type Net = ($layers, Flatten<_>, Dense<_, 3>);
            for run in [$($run),+] {
                learns_as_in_keras::<Net, _>(run, &FIXTURES[run], Sgd::new(0.005));
                learns_as_in_keras::<Net, _>(run, &FIXTURES[run], InPlace(Sgd::new(0.005)));
            }
        })*
    };
}
networks! {
    embedding: [f32; 7] => Embedding<_, 9, 5>, "embedding";
    rms_norm: [[f32; 4]; 7] => (Conv1d<_, 5, 1>, RmsNorm<_, Tanh>, RmsNorm<_, Linear, -3>), "rms_norm";
    attention: [[f32; 4]; 7] => MultiHeadAttention<_, 2>, "attention";
    attention_causal: [[f32; 4]; 7] => (MultiHeadAttention<_, 4, Causal>, MultiHeadAttention<_, 1, Causal>),
        "attention_causal";
    decoder: [f32; 7] => (
        (Embedding<_, 9, 4>, LearnedPositions<_>),
        TransformerBlock<_, 2, 6, Causal>,
        TransformerBlock<_, 1, 5, Causal>,
        LayerNorm<_>
    ), "decoder";
    sinusoidal: [[f32; 4]; 7] => (SinusoidalPositions<_>, MultiHeadAttention<_, 2, Causal>), "torch_attention";
    rotary: [[f32; 4]; 7] => MultiHeadAttention<_, 1, Full, Rotary>, "torch_rotary";
    rms_norm_of_pytorch: [[f32; 4]; 7] => RmsNorm<_, Linear, -5>, "torch_rms_norm";
}

/// As with PyTorch's `key_padding_mask`.
#[test]
fn masked() {
    #[network(input = Pair<[[f32; 4]; 7], f32>)]
    type Net = (Masked<MultiHeadAttention<_, 2>, Average>, Dense<_, 3>);
    learns_as_in_keras::<Net, _>("torch_masked", &FIXTURES["torch_masked"], Sgd::new(0.005));
    learns_as_in_keras::<Net, _>("torch_masked", &FIXTURES["torch_masked"], InPlace(Sgd::new(0.005)));
}

/// Each way in which data reach a network with an embedding names the sample and the place.
#[test]
fn numbers_outside_of_the_vocabulary_are_errors() {
    #[network(input = [f32; 3])]
    type Net = (Embedding<_, 4, 2>, Flatten<_>, Dense<_, 2, Softmax>);
    let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Sgd, 2>::boxed(Sgd::default(), 1);
    let good = [[0.0, 3.0, 1.0], [2.0, -0.0, 3.0]];
    let before = trainer.network().clone();
    for bad in [4.0, -1.0, 0.5, 1e10, -1e10] {
        let x = [good[0], [2.0, bad, 3.0]];
        let error =
            |data| Err(TrainError::Vocabulary { data, sample: 1, place: 1, number: f64::from(bad), vocabulary: 4 });
        assert_eq!(trainer.step(&x, &[0, 1]).map(|_| ()), error(Data::Given));
        assert_eq!(trainer.fit(&x, &[0, 1], Fit::epochs(1)).map(|_| ()), error(Data::Given));
        let validated = Fit::epochs(1).validation(&x, &[0, 1]);
        assert_eq!(trainer.fit(&good, &[0, 1], validated).map(|_| ()), error(Data::Validation));
        assert_eq!(trainer.evaluate(&x, &[0, 1]).map(|_| ()), error(Data::Given));
        assert!(trainer.predict(&x[1]).iter().all(|number| number.is_nan()), "{bad}");
    }
    assert_eq!(*trainer.network(), before);
    let text = trainer.step(&[[4.0, 0.0, 0.0]], &[0]).unwrap_err().to_string();
    assert_eq!(
        text,
        "the input of sample 0 is 4 at place 0: the network's vocabulary has the whole numbers from 0 to 3"
    );

    // Wrappers pass the vocabulary on.
    type Wrapped = (Frozen<Net>, Dense<2, 2>);
    assert_eq!(Wrapped::invalid(&[3.0, 4.0, 0.0]).map(Invalid::place), Some(1));
    type Both = Branches<Embedding<[f32; 3], 5, 2>, Embedding<[f32; 3], 4, 2>, Add>;
    assert_eq!(Both::invalid(&[4.0, 0.0, 3.0]).map(Invalid::place), Some(0));
    assert_eq!(Both::invalid(&[3.0; 3]), None);
    type Reshaped = (Reshape<[[f32; 1]; 3], [f32; 3]>, Frozen<Identity<[f32; 3]>>, Embedding<[f32; 3], 4, 2>);
    assert!(Reshaped::FAULT.is_none() && Reshaped::TAKES_WHOLE && !Reshaped::KEEPS_WHOLE);
    type Nested = ((Dropout<3, 20>, Identity<[f32; 3]>), Regularized<Embedding<[f32; 3], 4, 2>, L2<1, -3>>);
    assert!(Nested::FAULT.is_some() && !Nested::TAKES_WHOLE);
    type Steps = TimeDistributed<(Identity<[f32; 3]>, Embedding<[f32; 3], 4, 2>), 2>;
    assert_eq!(Steps::invalid(&[[0.0; 3], [3.0, 3.0, 4.0]]).map(Invalid::place), Some(5));
    assert_eq!(<Dense<2, 2>>::invalid(&[4.0; 2]), None);
}

/// Attention to all steps and reading backwards, up to the length: the bits are those of a series without padding.
#[test]
fn padding_has_no_influence_on_layers_that_look_ahead() {
    type Layers<const STEPS: usize> = (
        Block<f32, 8, STEPS, 2, 6, Full, Rotary>,
        Bidirectional<Lstm<[[f32; 8]; STEPS], 5, AllStates>, [[f32; 10]; STEPS]>,
        MultiHeadAttention<[[f32; 10]; STEPS], 1, Full, NoRotation, [[f32; 10]; STEPS]>,
    );
    type Short = Masked<Layers<5>, Average>;
    type Long = Masked<Layers<13>, Average>;
    common::at_every_level(|_| {
        let (short, long) = (Short::new(1), Long::new(1));
        let mut rng = Rng::new(1);
        let series: [[f32; 8]; 5] = std::array::from_fn(|_| std::array::from_fn(|_| rng.normal() as f32));
        let bits = short.predict(&Pair(series, 5.0)).map(f32::to_bits);
        let samples = [0.0, 3.0, f32::NAN].map(|padding| {
            let mut padded = [[padding; 8]; 13];
            padded[..5].copy_from_slice(&series);
            Pair(padded, 5.0)
        });
        for sample in &samples {
            assert_eq!(long.predict(sample).map(f32::to_bits), bits);
        }
        for recorded in common::recorded(&long, &samples, &mut Rng::new(1)) {
            assert_eq!(recorded.map(f32::to_bits), bits);
        }
        assert_ne!(long.predict(&Pair(samples[1].0, 6.0)).map(f32::to_bits), bits);
    });
}

/// Also in a part of a sample that layers pass on.
#[test]
fn numbers_in_parts_of_samples_are_checked() {
    type Words = Pair<[f32; 3], f32>;
    #[network(input = Pair<[f32; 2], Words>)]
    type Net = (
        Branches<
            (First<_>, Dense<_, 2>),
            (Second<_>, Identity<_>, Masked<(Embedding<_, 4, 2>, Gru<_, 3, AllStates>)>),
            Concat,
        >,
        Dense<_, 2>,
    );
    let trainer = Trainer::<Net, MeanSquaredError, Sgd, 2>::boxed(Sgd::new(0.1), 1);
    let sample = |words, length| Pair([9.0f32, -9.0], Pair(words, length));
    let error = |bad| trainer.evaluate(&[sample([1.0, 2.0, 3.0], 3.0), bad], &[[0.5f32, 1.0]; 2]).unwrap_err();
    let data = Data::Given;
    let vocabulary = TrainError::Vocabulary { data, sample: 1, place: 3, number: 4.0, vocabulary: 4 };
    assert_eq!(error(sample([1.0, 4.0, 7.0], 2.0)), vocabulary);
    for length in [0.0, 4.0, 1.5] {
        let found = error(sample([1.0, 2.0, 3.0], length));
        let of_length = TrainError::Length { data, sample: 1, place: 5, length: length.into(), least: 1, most: 3 };
        assert_eq!(found, of_length);
        let text = format!(
            "the input of sample 1 has the length {length} at place 5: the network's series have lengths from 1 to 3"
        );
        assert_eq!(found.to_string(), text);
    }
    // The padding may hold other numbers.
    assert!(trainer.evaluate(&[sample([1.0, 3.0, 7.0], 2.0)], &[[0.5f32, 1.0]]).is_ok());
}

/// Attention against finite differences.
#[test]
fn gradients() {
    macro_rules! check {
        ($($layers:ty),+ $(,)?) => {
            $({
                #[network(input = [[f64; 4]; 3])]
                type Net = ($layers, Flatten<_>);
                check::gradients::<Net>().unwrap();
            })+
        };
    }
    check! {
        MultiHeadAttention<_, 1>,
        MultiHeadAttention<_, 4, Causal>,
        MultiHeadAttention<_, 2, Causal, Rotary>,
        (SinusoidalPositions<_>, MultiHeadAttention<_, 1, Full, Rotary<10>>),
        TransformerBlock<_, 2, 3, Causal, Rotary, Tanh>,
    }
    #[network(input = [[f64; 1]; 1])]
    type One = (MultiHeadAttention<_, 1, Causal>, Flatten<_>);
    check::gradients::<One>().unwrap();
}

type Sequence = [[f32; 8]; 19];

fn sequences<const N: usize>(seed: u64) -> [Sequence; N] {
    let (mut rng, mut x) = (Rng::new(seed), [[[0.0; 8]; 19]; N]);
    Tensor::flat_mut(&mut x).iter_mut().for_each(|value| *value = rng.normal() as f32);
    x
}

/// The bits of a sample do not depend on the samples beside it. With a causal mask, those of a step do not depend on later
/// steps; without one, they do.
#[test]
fn bits_do_not_depend_on_the_batch_or_on_later_steps() {
    fn same<N: Network<Element = f32, Input = Sequence, Output = Sequence>>(causal: bool) {
        let (net, x, mut y) = (N::new(3), sequences::<21>(1), [[[0.0; 8]; 19]; 21]);
        net.predict_batch(&x, &mut y).unwrap();
        let bits = |y: &[[f32; 8]]| y.as_flattened().iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        for (x, y) in x.iter().zip(&y) {
            assert_eq!(bits(&net.predict(x)), bits(y));
        }
        for step in 1..19 {
            let mut other = x[0];
            other[step] = [9.0; 8];
            assert_eq!(bits(&net.predict(&other)[..step]) == bits(&y[0][..step]), causal, "{step}");
        }
    }
    #[network(input = Sequence)]
    type Attentive = MultiHeadAttention<_, 2>;
    #[network(input = Sequence)]
    type Decoder = (MultiHeadAttention<_, 4, Causal, Rotary>, TransformerBlock<_, 2, 12, Causal>);
    common::at_every_level(|_| {
        same::<Attentive>(false);
        same::<Decoder>(true);
    });
}

/// Huge products of queries and keys are weights of 0 and 1.
#[test]
fn weights_do_not_overflow() {
    #[network(input = Sequence)]
    type Attentive = MultiHeadAttention<_, 2>;
    let mut net = Attentive::new(1);
    net.kernel.as_flattened_mut().as_flattened_mut().iter_mut().for_each(|weight| *weight *= 1e4);
    assert!(Tensor::flat(&[net.predict(&sequences::<1>(2)[0])]).iter().all(|number| number.is_finite()));
}

/// A stream computes the bits of the network, frame by frame, and goes on after its end.
#[test]
fn frames_have_the_bits_of_the_sequence() {
    fn same<N, X, Y, const WIDTH: usize>(x: &N::Input, frames: &[X])
    where
        N: Network<Element = f32, Input: Sample<N>, Output = Y> + Streaming<Frame = X, Emitted = [f32; WIDTH]>,
        Y: AsRef<[[f32; WIDTH]]>,
    {
        let (net, mut stream) = (N::boxed(3), Stream::<N>::new());
        let y = net.predict(x);
        assert_eq!(frames.len(), y.as_ref().len());
        for _ in 0..2 {
            for (frame, y) in frames.iter().zip(y.as_ref()) {
                assert_eq!(stream.push(&net, frame).map(|y| y.map(f32::to_bits)), Some(y.map(f32::to_bits)));
            }
            let after = (0..50).filter_map(|_| stream.push(&net, &frames[0]));
            assert!(after.flatten().all(f32::is_finite));
            stream.reset();
        }
    }
    #[network(input = [f32; 19])]
    type Decoder = (
        (Embedding<_, 9, 8>, LearnedPositions<_>, SinusoidalPositions<_>),
        TransformerBlock<_, 2, 12, Causal, Rotary>,
        MultiHeadAttention<_, 8, Causal>,
        (RmsNorm<_, Tanh>, Conv1d<_, 9, 1, Softmax>),
    );
    #[network(input = [[f32; 1]; 7])]
    type Narrow = MultiHeadAttention<_, 1, Causal>;
    let numbers: [f32; 19] = std::array::from_fn(|step| (step * step % 9) as f32);
    let series: [[f32; 1]; 7] = std::array::from_fn(|step| [step as f32 - 3.5]);
    common::at_every_level(|_| {
        same::<Decoder, _, _, 9>(&numbers, &numbers);
        same::<Narrow, _, _, 1>(&series, &series);
    });
}
