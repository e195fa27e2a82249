//! Comparison of streams with networks of whole series.

use shiplap::{
    Rng, Tensor,
    kernel::Element,
    layer::{Parameter, Path, VisitMut},
    prelude::*,
    stream::Streaming,
};

/// Draws all parameters, also those that start with 0 or 1.
struct Draw(Rng);

impl<T: Element> VisitMut<T, 1> for Draw {
    fn visit(&mut self, parameter: Parameter<'_>, [values]: [&mut [T]; 1]) {
        for value in values {
            let number = 0.5 * self.0.normal();
            *value = T::from_f64(if parameter.never_negative { number.abs() + 0.1 } else { number });
        }
    }
}

pub fn drawn<N: Network>(seed: u64) -> Box<N> {
    let mut network = N::boxed(seed);
    N::parameters_mut([&mut network], Path::ROOT, &mut Draw(Rng::new(seed)));
    network
}

pub fn fill<X: Tensor>(rng: &mut Rng) -> X {
    let mut x = X::zeroed_on_stack();
    let draw = |value: &mut X::Element| *value = X::Element::from_f64(rng.normal());
    X::flat_mut(std::slice::from_mut(&mut x)).iter_mut().for_each(draw);
    x
}

pub fn bits<X: Tensor>(x: &X) -> Vec<u64> {
    X::flat(std::slice::from_ref(x)).iter().map(|value| value.to_f64().to_bits()).collect()
}

/// The frames of a series, one after another.
pub fn frames<X: Tensor, F: Tensor<Element = X::Element>>(x: &X) -> Vec<F> {
    let numbers = X::flat(std::slice::from_ref(x));
    let frame = |numbers: &[X::Element]| {
        let mut frame = F::zeroed_on_stack();
        F::flat_mut(std::slice::from_mut(&mut frame)).copy_from_slice(numbers);
        frame
    };
    numbers.chunks(F::LEN).map(frame).collect()
}

/// Compares the outputs for the frames of random series with those for the series: all of them if the network outputs a
/// series, and the last one if it outputs a vector. Outputs come after the frames that the constants tell.
pub fn same_bits<N: Network + Streaming<Frame: Tensor<Element = N::Element>, Emitted: Tensor>>() {
    let (network, mut rng) = (drawn::<N>(7), Rng::new(1));
    let mut stream = Stream::<N>::new();
    for _ in 0..2 {
        let x: N::Input = fill(&mut rng);
        let (mut emitted, mut first, mut count) = (Vec::new(), None, 0);
        for (number, frame) in frames::<_, N::Frame>(&x).iter().enumerate() {
            if let Some(y) = stream.push(&network, frame) {
                assert_eq!((number - Stream::<N>::DELAY) % Stream::<N>::PERIOD, 0, "an output after frame {number}");
                first = first.or(Some(number));
                count += 1;
                emitted.extend(bits(&y));
            }
        }
        assert_eq!(first, Some(Stream::<N>::DELAY));
        let expected = bits(&network.predict(&x));
        assert_eq!(count * N::Emitted::LEN, emitted.len());
        assert_eq!(emitted.len(), expected.len(), "outputs of the stream and of the network");
        assert_eq!(emitted, expected);
        stream.reset();
    }
}
