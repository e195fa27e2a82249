//! Images of handwritten digits in flash, and the network that classifies them.

use shiplap::prelude::*;

/// An image of 8×8 gray values from 0 to 1.
pub type Picture = Image<8, 8, 1>;

/// The convolutions, which are trained on a PC only.
#[network(input = Picture)]
pub type Features =
    (Conv2d<_, 8, 3, Relu, Same>, MaxPool2d<_, 2>, Conv2d<_, 16, 3, Relu, Same>, MaxPool2d<_, 2>, Flatten<_>);
/// The last layer, which can be trained further on a chip.
pub type Head = Dense<64, 10, Softmax>;
/// The classifier of digits.
pub type Net = (Features, Head);

/// A digit as it is stored: 64 gray values from 0 to 16, and the digit.
pub type Stored = [u8; 65];

/// The digits of the test split.
pub static TEST: &[Stored] = include_bytes!("../models/digits.bin").as_chunks().0;

/// 240 digits of the test split to train with on the chip, and the other 119.
pub fn on_the_chip() -> (&'static [Stored], &'static [Stored]) {
    TEST.split_at_checked(240).unwrap_or((TEST, &[]))
}

/// Returns the image and the digit.
pub fn read(stored: &Stored) -> (Picture, usize) {
    let [grays @ .., digit] = stored;
    let mut picture = [[[0.0]; 8]; 8];
    for (gray, stored) in picture.as_flattened_mut().iter_mut().zip(grays) {
        *gray = [f32::from(*stored) / 16.0];
    }
    (picture, usize::from(*digit))
}

/// The number of these digits that the network classifies correctly, after `change` of the images.
pub fn correct<N: Network<Input = Picture, Output = [f32; 10]>>(
    network: &N,
    digits: &[Stored],
    change: fn(Picture) -> Picture,
) -> u32 {
    let is_correct = |stored| {
        let (picture, digit) = read(stored);
        let probabilities = network.predict(&change(picture));
        // Indexing could panic.
        probabilities.get(digit).is_some_and(|of_digit| probabilities.iter().all(|p| p <= of_digit))
    };
    digits.iter().map(|stored| u32::from(is_correct(stored))).sum()
}
