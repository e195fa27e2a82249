//! The traits and sizes that the public types promise, asserted at compile time.

use std::error::Error;

use shiplap::{
    data::DataError,
    explain::ExplainError,
    io::FileError,
    message::Message,
    metric::Named,
    prelude::*,
    train::{Callback, Epoch, TrainError},
};
use static_assertions::{
    assert_eq_align, assert_eq_size, assert_impl_all, assert_not_impl_any, assert_obj_safe, const_assert_eq,
};

#[network]
type Net = (Standardize<4>, Dense<4, 8, Relu>, Dropout<8, 20>, Dense<8, 3, Softmax>);
type Classifier = Trainer<Net, SparseCategoricalCrossentropy, Adam, 32>;

// Type checking takes time for each layer, and not their product: it would not end with so many branches.
#[network(input = Image<8, 8, 4>)]
type Deep = (
    Residual<(Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_, Relu>, Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_>), Relu>,
    Residual<(Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_, Relu>, Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_>), Relu>,
    Residual<(Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_, Relu>, Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_>), Relu>,
    Residual<(Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_, Relu>, Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_>), Relu>,
    Residual<(Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_, Relu>, Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_>), Relu>,
    Residual<(Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_, Relu>, Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_>), Relu>,
);
const_assert_eq!(Deep::PARAMS, 6 * 2 * (3 * 3 * 4 * 4 + 4 + 2 * 4));

// Networks and trainers move to other threads and are shared with them. They are copied only on request.
assert_impl_all!(Net: Network, Layer, Zeroed, Clone, PartialEq, core::fmt::Debug, Send, Sync, Unpin);
assert_impl_all!(Classifier: Send, Sync, Unpin);
assert_not_impl_any!(Dense<4, 8, Relu>: Copy, Default);
assert_not_impl_any!(Classifier: Copy, Clone);
assert_impl_all!(Epoch<ConfusionMatrix<3>>: Clone, PartialEq, Send, Sync);
assert_impl_all!(History<Accuracy>: Send, Sync);
assert_impl_all!(EarlyStopping<'static, Net>: Send, Sync);

// Settings are plain values.
assert_impl_all!(Adam: Copy, PartialEq, Send, Sync);
assert_impl_all!(Sgd: Copy, Send, Sync);
assert_impl_all!(Huber: Copy, Send, Sync);
assert_impl_all!(Rng: Clone, Send, Sync);
assert_impl_all!(Message: Copy, Send, Sync);

// Errors go through `?` into `Box<dyn Error + Send + Sync>`.
assert_impl_all!(TrainError: Error, Send, Sync);
assert_impl_all!(DataError: Error, Send, Sync);
assert_impl_all!(FileError: Error, Send, Sync);
assert_impl_all!(ExplainError: Error, Send, Sync);

// Callbacks and named metrics can be chosen at run time.
assert_obj_safe!(Callback<Net, Accuracy>, Named);

// A layer is its parameters: nothing is stored beside them.
assert_eq_size!(Dense<4, 8, Relu>, [f32; 4 * 8 + 8]);
assert_eq_size!(Dense<4, 8, Relu, f64>, [f64; 4 * 8 + 8]);
assert_eq_align!(Dense<4, 8, Relu>, f32);
assert_eq_size!(Dropout<8, 20>, Activate<Relu, [f32; 8]>, ());
assert_eq_size!(Frozen<Dense<4, 8>>, Dense<4, 8>);
assert_eq_size!(Net, [f32; 2 * 4 + Net::PARAMS]);
const_assert_eq!(Net::PARAMS, 4 * 8 + 8 + 8 * 3 + 3);

// The assertions hold if this file compiles.
#[test]
fn types_keep_their_promises() {}
