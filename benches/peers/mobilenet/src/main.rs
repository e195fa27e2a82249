//! MobileNetV1 of a quarter of its width.

use shiplap::prelude::*;

#[network(input = Image<96, 96, 3>)]
type MobileNet = (
    Conv2d<_, 8, 3, Relu, Same<2>>,
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 16, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 32, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 32, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 256, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 256, 1, Relu>),
    (GlobalAveragePool<_>, Dense<_, 2, Softmax>),
);

fn main() -> Result<(), TrainError> {
    let (x, y) = (vec![[[[0.0; 3]; 96]; 96]; 64], vec![1usize; 64]);
    let mut trainer = Trainer::<MobileNet, SparseCategoricalCrossentropy, Adam, 16>::boxed(Adam::default(), 1);
    trainer.fit(&x, &y, Fit::epochs(1))?;
    println!("{}, {:?}", trainer.evaluate(&x, &y)?, trainer.predict(&x[0]));
    Ok(())
}
