//! The formula of a recurrent layer.

use crate::{
    Tensor,
    init::Initializer,
    kernel::{Element, Simd},
    layer::Cell,
};

/// The formula of one step of a [`Recurrent`](super::Recurrent) layer, for any number of units at once.
///
/// A step has `GATES` products with the frame and with the state. Training saves `SAVED` numbers for each unit and step,
/// of which the first `GATES` are the products with the frame, until `forward` overwrites them. A unit has `STATES`
/// numbers, of which the first is its output.
pub trait Unit<const GATES: usize, const SAVED: usize, const STATES: usize>: Send + Sync + 'static {
    /// The name of the layer.
    const NAME: &'static str;
    /// The formula, for export, if other libraries have it.
    const CELL: Option<Cell> = None;
    /// The initial bias.
    const BIAS: Initializer = Initializer::ZEROS;
    /// For each gate, which saved number becomes the gradient with respect to the product with the state. If it is that
    /// of the product with the frame, only the sum of both products is used, and the second continues the first.
    const RECURRENT: [usize; GATES];
    /// The bias of the products with the state: `[X; GATES]`, or an array without elements.
    type RecurrentBias<X: Tensor>: Tensor<Element = X::Element> + AsRef<[X]> + AsMut<[X]>;

    /// Computes the next `states`, and the `saved` numbers, from the `products` with the state.
    fn forward<S: Simd, T: Element>(
        simd: S,
        products: [&[T]; GATES],
        saved: [&mut [T]; SAVED],
        states: [&mut [T]; STATES],
    );

    /// From `gradients`, those of the loss with respect to the states after the step, computes the gradients with respect
    /// to the products, in place of the first `saved` numbers, and with respect to the states `before` the step, without
    /// the part that passes through the products.
    fn backward<S: Simd, T: Element>(
        simd: S,
        before: [&[T]; STATES],
        saved: [&mut [T]; SAVED],
        gradients: [&mut [T]; STATES],
    );
}
