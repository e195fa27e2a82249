use shiplap::{optim::MicroBatches, prelude::*};

#[network(input = Image<8, 8, 1>)]
type Normalized = (Conv2d<_, 4, 3>, Frozen<BatchNorm<_>>, BatchNorm<_, Relu>, Flatten<_>, Dense<_, 1>);

type Continued = (Gru<[[f32; 2]; 4], 3, Stateful>, Dense<3, 1>);

fn main() {
    Trainer::<Normalized, MeanSquaredError, MicroBatches<Sgd, 4>, 32>::boxed(MicroBatches(Sgd::default()), 1);
    Trainer::<Continued, MeanSquaredError, MicroBatches<Sgd, 4>, 32>::boxed(MicroBatches(Sgd::default()), 1);
    Trainer::<Continued, MeanSquaredError, MicroBatches<Sgd, 0>, 32>::boxed(MicroBatches(Sgd::default()), 1);
    let in_place = InPlace(MicroBatches(Sgd::default()));
    let mut trainer = Trainer::<Dense<2, 1>, MeanSquaredError, InPlace<MicroBatches<Sgd, 4>>, 32>::new(in_place, 1);
    trainer.step(&[[0.0; 2]], &[[0.0]]).unwrap();
    // A part as large as the batch is the batch.
    Trainer::<Normalized, MeanSquaredError, MicroBatches<Sgd, 32>, 32>::boxed(MicroBatches(Sgd::default()), 1);
}
