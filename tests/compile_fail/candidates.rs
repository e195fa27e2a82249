use shiplap::{
    prelude::*,
    search::{Search, Training, candidates},
};

type Small = (Dense<2, 4, Tanh>, Dense<4, 1, Linear>);
type OtherInput = (Dense<3, 4, Tanh>, Dense<4, 1, Linear>);
type OtherOutput = (Dense<2, 4, Tanh>, Dense<4, 2, Linear>);
type OtherHead = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);

fn main() {
    let (x, y) = ([[0.0f32; 2]; 8], [[1.0f32]; 8]);
    let training = Training::new(MeanSquaredError, Adam::default(), &x, &y);
    let _ = Search::epochs(1).run(&candidates![Small, OtherInput], &training);
    let _ = Search::epochs(1).run(&candidates![Small, OtherOutput], &training);
    let _ = Search::epochs(1).run(&candidates![Small, f32], &training);

    let training = Training::new(BinaryCrossentropy, Adam::default(), &x, &y);
    let _ = Search::epochs(1).run(&candidates![OtherHead, Small], &training);
}
