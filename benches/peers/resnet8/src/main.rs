//! ResNet-8 with batch normalization.

use shiplap::prelude::*;

#[network(input = Image<32, 32, 3>)]
type Resnet8 = (
    (Conv2d<_, 16, 3, Linear, Same, NoBias>, BatchNorm<_, Relu>),
    Residual<
        (
            (Conv2d<_, 16, 3, Linear, Same, NoBias>, BatchNorm<_, Relu>),
            (Conv2d<_, 16, 3, Linear, Same, NoBias>, BatchNorm<_>),
        ),
        Relu,
    >,
    Residual<
        (
            (Conv2d<_, 32, 3, Linear, Same<2>, NoBias>, BatchNorm<_, Relu>),
            (Conv2d<_, 32, 3, Linear, Same, NoBias>, BatchNorm<_>),
        ),
        Relu,
        Conv2d<_, 32, 1, Linear, Same<2>>,
    >,
    Residual<
        (
            (Conv2d<_, 64, 3, Linear, Same<2>, NoBias>, BatchNorm<_, Relu>),
            (Conv2d<_, 64, 3, Linear, Same, NoBias>, BatchNorm<_>),
        ),
        Relu,
        Conv2d<_, 64, 1, Linear, Same<2>>,
    >,
    GlobalAveragePool<_>,
    Dense<_, 10, Softmax>,
);

fn main() -> Result<(), TrainError> {
    let (x, y) = (vec![[[[0.0; 3]; 32]; 32]; 64], vec![1usize; 64]);
    let mut trainer = Trainer::<Resnet8, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::default(), 1);
    trainer.fit(&x, &y, Fit::epochs(1))?;
    println!("{}, {:?}", trainer.evaluate(&x, &y)?, trainer.predict(&x[0]));
    Ok(())
}
