//! Initialization of weights.

use crate::{
    Rng,
    init::Initializer,
    kernel::Element,
    layer::{Layer, Parameter, Path, Role, VisitMut, assert_sound},
};

/// Initializes every trainable parameter of `network` by the initializer of its layer. Statistics keep their values.
pub fn initialize<N: Layer>(network: &mut N, rng: &mut Rng) {
    const { assert_sound(&N::FAULT) };
    N::parameters_mut([network], Path::ROOT, &mut Draw { rng, kernels: None });
}

/// Initializes every kernel of `network` by `kernels`, and every bias by the initializer of its layer. Statistics keep
/// their values.
///
/// ```
/// use shiplap::{Rng, network::initialize_with, prelude::*};
///
/// let mut layer = Dense::<2, 3, Relu>::zeroed();
/// initialize_with(&mut layer, Initializer::Constant(0.5), &mut Rng::new(1));
/// assert_eq!((layer.kernel, layer.bias), ([[0.5; 3]; 2], [0.0; 3]));
/// ```
pub fn initialize_with<N: Layer>(network: &mut N, kernels: Initializer, rng: &mut Rng) {
    N::parameters_mut([network], Path::ROOT, &mut Draw { rng, kernels: Some(kernels) });
}

struct Draw<'a> {
    rng: &'a mut Rng,
    kernels: Option<Initializer>,
}

impl<T: Element> VisitMut<T, 1> for Draw<'_> {
    /// Inlined, since the initializer is then a constant, and the code of the others is not in the program.
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, [values]: [&mut [T]; 1]) {
        if parameter.role == Role::Statistic {
            return;
        }
        let chosen = self.kernels.filter(|_| parameter.role == Role::Kernel);
        let initializer = chosen.unwrap_or(parameter.initializer);
        let Parameter { fan_in, fan_out, shape, .. } = parameter;
        initializer.fill([fan_in, fan_out], shape.last().copied().unwrap_or(1), values, self.rng);
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn a_seed_gives_the_same_weights_everywhere() {
        let layer: Dense<2, 2, Relu> = Network::new(42);
        let again: Dense<2, 2, Relu> = Network::new(42);
        assert_eq!(layer.kernel, again.kernel);
        assert_eq!(
            layer.kernel.map(|row| row.map(f32::to_bits)),
            KNOWN,
            "{:x?}",
            layer.kernel.map(|row| row.map(f32::to_bits))
        );
        const KNOWN: [[u32; 2]; 2] = [[0xbe9f_152a, 0xbf16_a738], [0x3fbe_269a, 0x3f16_4cf3]];
    }
}
