//! The weights of attention, to look at.

use std::boxed::Box;

use super::{Complete, Mask, Record, Rotation, Tape};
use crate::{
    Zeroed,
    kernel::{Element, dispatch},
};

impl<T: Element, const WIDTH: usize, const STEPS: usize, const HEADS: usize, M: Mask, P: Rotation>
    Complete<T, WIDTH, STEPS, HEADS, M, P>
{
    /// The weight with which each step of a sequence attends to each: `weights[head][step][other]`. Those of a step have
    /// the sum 1.
    ///
    /// `HeatMap::image` (feature `plot`) makes a picture of those of a head, with a row for each step.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// #[network(input = [[f32; 4]; 3])]
    /// type Net = (LearnedPositions<_>, MultiHeadAttention<_, 2, Causal>);
    ///
    /// let network = Net::new(1);
    /// let x = [[0.5, -1.0, 0.0, 2.0]; 3];
    /// let [first, _] = *network.1.weights(&network.0.predict(&x));
    /// // The first step attends to itself, and the second one to two steps.
    /// assert_eq!(first[0], [1.0, 0.0, 0.0]);
    /// assert!(first[1][1] > 0.0 && first[1][2] == 0.0);
    /// ```
    #[must_use]
    pub fn weights(&self, x: &[[T; WIDTH]; STEPS]) -> Box<[[[T; STEPS]; STEPS]; HEADS]> {
        let (mut tape, mut y) = (Tape::<T, WIDTH, STEPS, HEADS, 1>::zeroed_box(), <[_; 1]>::zeroed_box());
        dispatch(Record { layer: self.numbers(), x: core::slice::from_ref(x), tape: &mut tape, y: &mut *y });
        let mut weights = <[[[T; STEPS]; STEPS]; HEADS]>::zeroed_box();
        weights.copy_from_slice(&tape.weights[0]);
        weights
    }
}
