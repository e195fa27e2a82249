//! Embeddings, normalization by the root mean square, and attention: 50 steps of training against Keras 3 and PyTorch, and
//! what they do with wrong data.

mod common;
#[path = "common/keras.rs"]
mod keras;

use std::{collections::BTreeMap, sync::LazyLock};

use keras::{Fixture, fixtures, learns_as_in_keras};
use shiplap::{layers::RmsNorm, prelude::*, train::Data};

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
    rms_norm_of_pytorch: [[f32; 4]; 7] => RmsNorm<_, Linear, -5>, "torch_rms_norm";
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
    type Wrapped = Frozen<Net>;
    assert_eq!(<(Wrapped, Dense<2, 2>) as Layer>::VOCABULARY, Some(4));
    assert_eq!(<Dense<2, 2> as Layer>::VOCABULARY, None);
}
