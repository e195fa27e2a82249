//! Vectors for whole numbers.

use core::{marker::PhantomData, slice};

use crate::{
    Layer, Parameters, Tensor,
    init::Initializer,
    kernel::{Element as _, Plus, Real as _, Simd, copy, elementwise_row},
    layer::{Invalid, Operations, Path, SimpleLayer},
    layers::image::Channels,
    message::Message,
    stream::Streaming,
    tensor::class_number,
};

/// `y[t] = table[x[t]]`: a trainable vector of `WIDTH` numbers for each of `VOCABULARY` whole numbers, such as the
/// characters of a text or the classes of a feature.
///
/// x: `I`, the whole numbers `[T; STEPS]`, each from 0 to `VOCABULARY − 1`; y: a sequence `[[T; WIDTH]; STEPS]`. An `f32`
/// holds each whole number up to 2²⁴, so a larger vocabulary does not compile.
///
/// Training and evaluation check the numbers, and return an error that names the sample and the place of one that is not
/// in the vocabulary ([`TrainError::Vocabulary`](crate::train::TrainError::Vocabulary)). A prediction has NaN in place of
/// its vector. The gradient with respect to x is 0. A layer before it that changes the numbers, such as
/// [`Dropout`](crate::layers::Dropout), does not compile.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [f32; 8])]
/// type Net = (Embedding<_, 100, 16>, Gru<_, 32>, Dense<_, 2, Softmax>);
///
/// let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 1>::boxed(Adam::default(), 1);
/// trainer.step(&[[0.0, 1.0, 2.0, 99.0, 4.0, 5.0, 6.0, 7.0]], &[1])?;
/// let error = trainer.step(&[[0.0, 1.0, 2.0, 100.0, 4.0, 5.0, 6.0, 7.0]], &[1]).unwrap_err();
/// assert!(error.to_string().starts_with("the input of sample 0 is 100 at place 3"));
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Layer)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct Embedding<I: Channels, const VOCABULARY: usize, const WIDTH: usize> {
    /// The vector of each number: Keras's `embeddings`, PyTorch's `weight`. Initially, its expected length is 1.
    #[kernel(initializer = Initializer::LecunNormal, fan_in = WIDTH, fan_out = WIDTH)]
    pub table: [[I::Element; WIDTH]; VOCABULARY],
    input: PhantomData<fn() -> I>,
}

impl<I: Channels, const VOCABULARY: usize, const WIDTH: usize> Embedding<I, VOCABULARY, WIDTH> {
    const NAMED: Message<64> =
        Message::new().text("Embedding<").number(VOCABULARY as u128).text(", ").number(WIDTH as u128).text(">");
    /// The whole numbers that an element holds exactly.
    const MOST: u64 = if size_of::<I::Element>() == 4 { 1 << 24 } else { 1 << 53 };

    /// A layer with these vectors.
    pub const fn from_parts(table: [[I::Element; WIDTH]; VOCABULARY]) -> Self {
        Self { table, input: PhantomData }
    }

    /// The vector of a number, or `None` if it is not in the vocabulary.
    #[inline(always)]
    fn vector(&self, number: I::Element) -> Option<&[I::Element; WIDTH]> {
        class_number(number, VOCABULARY).and_then(|class| self.table.get(class))
    }
}

impl<I: Channels, const VOCABULARY: usize, const WIDTH: usize> SimpleLayer for Embedding<I, VOCABULARY, WIDTH> {
    type Input = I;
    type Output = I::Each<[I::Element; WIDTH]>;
    type Tape = ();

    const FAULT: Option<Message> = {
        let message = Message::naming(Self::KIND.as_str());
        if I::RANK != 1 || I::FORM.members().is_some() {
            let message = message.text("takes a vector of whole numbers `[T; STEPS]`, but is given `");
            Some(I::FORM.written(message).text("`"))
        } else if I::LEN == 0 {
            Some(message.text("has nothing to look up: its input is empty"))
        } else if VOCABULARY == 0 || WIDTH == 0 {
            Some(message.text("has no numbers: it needs a vocabulary and a width of at least 1"))
        } else if VOCABULARY as u64 > Self::MOST {
            let message = message.text("has a vocabulary above ").number(Self::MOST as u128);
            Some(message.text(", the whole numbers that its element type holds exactly"))
        } else {
            None
        }
    };

    const TAKES_WHOLE: bool = true;

    #[inline(always)]
    fn invalid(x: &I) -> Option<Invalid> {
        let numbers = I::flat(slice::from_ref(x));
        let place = numbers.iter().position(|number| class_number(*number, VOCABULARY).is_none())?;
        Some(Invalid::Vocabulary { place, number: numbers[place].to_f64(), vocabulary: VOCABULARY })
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &I, y: &mut Self::Output) {
        let numbers = I::flat(slice::from_ref(x));
        let vectors = Tensor::flat_mut(slice::from_mut(y)).chunks_exact_mut(WIDTH.max(1));
        for (number, y) in numbers.iter().zip(vectors) {
            match self.vector(*number) {
                Some(vector) => copy(vector, y),
                None => y.fill(I::Element::splat(f64::NAN)),
            }
        }
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, _: &I, (): &(), _: &Self::Output, _: &Self::Output, dx: &mut I) {
        I::flat_mut(slice::from_mut(dx)).fill(I::Element::splat(0.0));
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, x: &I, (): &(), dy: &Self::Output, gradient: &mut Self) {
        let numbers = I::flat(slice::from_ref(x));
        let gradients = Tensor::flat(slice::from_ref(dy)).chunks_exact(WIDTH.max(1));
        for (number, dy) in numbers.iter().zip(gradients) {
            if let Some(sum) = class_number(*number, VOCABULARY).and_then(|class| gradient.table.get_mut(class)) {
                elementwise_row(simd, &Plus, [dy], [sum]);
            }
        }
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.look_up(path, "table", [VOCABULARY, WIDTH], self.table.as_flattened());
    }
}

/// A frame is one number.
impl<I: Channels, const VOCABULARY: usize, const WIDTH: usize> Streaming for Embedding<I, VOCABULARY, WIDTH> {
    type Frame = I::Element;
    type Emitted = [I::Element; WIDTH];
    type State = ();

    const STREAM_FAULT: Option<Message> = <Self as SimpleLayer>::FAULT;

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), number: &I::Element, y: &mut Self::Emitted) -> bool {
        *y = self.vector(*number).copied().unwrap_or([I::Element::splat(f64::NAN); WIDTH]);
        true
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::{check, prelude::*};

    #[test]
    fn gradients() {
        check::gradients::<Embedding<[f64; 4], 5, 3>>().unwrap();
    }

    /// A number that occurs twice has the sum of both gradients, and the gradient is overwritten.
    #[test]
    fn vectors_are_looked_up_and_trained() {
        type Net = Embedding<[f32; 4], 3, 2>;
        let net = Net::from_parts([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        assert_eq!(net.predict(&[2.0, 0.0, 0.0, 1.0]), [[5.0, 6.0], [1.0, 2.0], [1.0, 2.0], [3.0, 4.0]]);
        for bad in [-1.0, 0.5, 3.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let y = net.predict(&[2.0, bad, 0.0, 1.0]);
            assert!(y[1].iter().all(|number| number.is_nan()) && y[2] == [1.0, 2.0], "{bad}");
        }
        type Flat = (Net, Flatten<[[f32; 2]; 4], [f32; 8]>);
        let mut trainer = Trainer::<Flat, HalfSquaredError, Sgd, 1>::new(Sgd::new(1.0), 1);
        trainer.network_mut().0 = net;
        let labels = [[5.0, 6.0, 1.5, 2.0, 1.0, 3.0, 3.0, 4.0]];
        for table in [[[1.5, 3.0], [3.0, 4.0], [5.0, 6.0]], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]] {
            trainer.step(&[[2.0, 0.0, 0.0, 1.0]], &labels).unwrap();
            assert_eq!(trainer.network().0.table, table);
        }
    }
}
