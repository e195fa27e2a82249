//! Initializers: the initial values of parameters.

use crate::{Rng, kernel::Element, regularize::scientific};

/// The distribution of the initial values of a parameter.
///
/// By default, the activation of a layer determines the initializer of its kernel.
/// [`Initialized`](crate::layers::Initialized) and [`initialize_with`](crate::network::initialize_with) override it.
/// The values depend only on the seed, and are the same on every platform.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Initializer {
    /// A constant.
    Constant(f64),
    /// Uniform in ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010).
    GlorotUniform,
    /// Normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010).
    GlorotNormal,
    /// Uniform in ±√(6 / fan_in) (He et al. 2015), for rectifiers.
    HeUniform,
    /// Normal with variance 2 / fan_in (He et al. 2015), for rectifiers.
    HeNormal,
    /// Uniform in ±√(3 / fan_in) (LeCun et al. 1998).
    LecunUniform,
    /// Normal with variance 1 / fan_in (LeCun et al. 1998), for [`Selu`](crate::activation::Selu).
    LecunNormal,
    /// A random matrix whose rows, or columns if there are fewer of them, are orthonormal (Saxe et al. 2014), for the
    /// product of a recurrent layer with its state. The gates are side by side in one matrix.
    Orthogonal,
    /// Constants for equal parts of the parameter, one after another, such as the gates of the bias of a recurrent layer.
    Constants(&'static [f64]),
}

impl Initializer {
    /// Zeros, the initial value of biases.
    pub const ZEROS: Self = Self::Constant(0.0);

    /// Draws one value of a parameter: of [`Orthogonal`](Self::Orthogonal), a number of the matrix that is then made
    /// orthogonal, and of [`Constants`](Self::Constants), the first. `fan_in` is the number of inputs that affect one
    /// output, `fan_out` the number of outputs that one input affects.
    ///
    /// ```
    /// use shiplap::{Rng, init::Initializer};
    ///
    /// let weight = Initializer::GlorotUniform.draw(10, 14, &mut Rng::new(1));
    /// assert!(weight.abs() <= 0.5);
    /// ```
    #[inline(always)]
    pub fn draw(self, fan_in: usize, fan_out: usize, rng: &mut Rng) -> f64 {
        let (fan_in, fan_sum) = (fan_in as f64, (fan_in + fan_out) as f64);
        match self {
            Self::Constant(value) => value,
            Self::GlorotUniform => libm::sqrt(6.0 / fan_sum) * (2.0 * rng.uniform() - 1.0),
            Self::GlorotNormal => libm::sqrt(2.0 / fan_sum) * rng.normal(),
            Self::HeUniform => libm::sqrt(6.0 / fan_in) * (2.0 * rng.uniform() - 1.0),
            Self::HeNormal => libm::sqrt(2.0 / fan_in) * rng.normal(),
            Self::LecunUniform => libm::sqrt(3.0 / fan_in) * (2.0 * rng.uniform() - 1.0),
            Self::LecunNormal => libm::sqrt(1.0 / fan_in) * rng.normal(),
            Self::Orthogonal => rng.normal(),
            Self::Constants(values) => values.first().copied().unwrap_or(0.0),
        }
    }

    /// Draws all values of a parameter whose innermost axis has the length `width`. Inlined, so that a program contains only
    /// the initializers of its layers.
    #[inline(always)]
    pub(crate) fn fill<T: Element>(self, [fan_in, fan_out]: [usize; 2], width: usize, values: &mut [T], rng: &mut Rng) {
        match self {
            Self::Constants(constants) => fill_parts(constants, values),
            Self::Orthogonal => {
                values.iter_mut().for_each(|value| *value = T::from_f64(rng.normal()));
                orthogonalize(values, fan_in, width);
            }
            _ => {
                for value in values {
                    *value = T::from_f64(self.draw(fan_in, fan_out, rng));
                }
            }
        }
    }
}

/// Fills equal parts with constants.
#[inline(never)]
fn fill_parts<T: Element>(constants: &[f64], values: &mut [T]) {
    let length = values.len().div_ceil(constants.len().max(1)).max(1);
    for (part, constant) in values.chunks_mut(length).zip(constants) {
        part.fill(T::from_f64(*constant));
    }
}

/// Makes the rows of matrices side by side orthonormal, or the columns if there are fewer. The matrices have `rows` rows
/// of `width` numbers. It is the method of Gram and Schmidt, done twice against rounding errors.
#[inline(never)]
fn orthogonalize<T: Element>(values: &mut [T], rows: usize, width: usize) {
    let (rows, width) = (rows.max(1), width.max(1));
    let (rows, columns) = match values.len().is_multiple_of(rows * width) {
        true => (rows, values.len() / rows),
        // The inputs do not follow from the shape, as in a depthwise convolution.
        false => ((values.len() / width).max(1), width),
    };
    let mut vectors = Vectors { values, rows, columns, width };
    let length = rows.max(columns);
    for vector in 0..rows.min(columns) {
        for number in 0..2 * vector {
            let other = if number < vector { number } else { number - vector };
            let mut product = 0.0;
            for n in 0..length {
                product += vectors.read(vector, n) * vectors.read(other, n);
            }
            for n in 0..length {
                vectors.write(vector, n, vectors.read(vector, n) - product * vectors.read(other, n));
            }
        }
        let mut square = 0.0;
        for n in 0..length {
            square += vectors.read(vector, n) * vectors.read(vector, n);
        }
        for n in 0..length {
            vectors.write(vector, n, vectors.read(vector, n) / libm::sqrt(square));
        }
    }
}

/// The rows of matrices side by side, or the columns if there are fewer.
struct Vectors<'a, T> {
    values: &'a mut [T],
    rows: usize,
    columns: usize,
    width: usize,
}

/// The functions are not inlined, to keep the code short, and do not panic.
impl<T: Element> Vectors<'_, T> {
    #[inline(never)]
    fn place(&self, vector: usize, index: usize) -> usize {
        let (row, column) = if self.rows <= self.columns { (vector, index) } else { (index, vector) };
        let width = self.width.max(1);
        (column / width * self.rows + row) * width + column % width
    }

    #[inline(never)]
    fn read(&self, vector: usize, index: usize) -> f64 {
        self.values.get(self.place(vector, index)).map_or(0.0, |value| value.to_f64())
    }

    #[inline(never)]
    fn write(&mut self, vector: usize, index: usize, number: f64) {
        let place = self.place(vector, index);
        if let Some(value) = self.values.get_mut(place) {
            *value = T::from_f64(number);
        }
    }
}

/// An initializer as a type, for [`Initialized`](crate::layers::Initialized).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an initializer type",
    label = "not an initializer type",
    note = "initializer types are `init::HeNormal`, `init::Zeros`, `init::Constant<1, -2>`, ...; with `init::Preferred` the layer chooses"
)]
pub trait Initialize: Send + Sync + 'static {
    /// The initializer, or `None` if the layer chooses.
    const INITIALIZER: Option<Initializer>;
    /// The name of the type.
    const NAME: &'static str;
}

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident $initializer:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Initialize for $name {
                const INITIALIZER: Option<Initializer> = $initializer;
                const NAME: &'static str = stringify!($name);
            }
        )*
    };
}
types! {
    /// The initializer that the layer has without the wrapper.
    Preferred None;
    /// [`Initializer::ZEROS`].
    Zeros Some(Initializer::ZEROS);
    /// [`Initializer::GlorotUniform`].
    GlorotUniform Some(Initializer::GlorotUniform);
    /// [`Initializer::GlorotNormal`].
    GlorotNormal Some(Initializer::GlorotNormal);
    /// [`Initializer::HeUniform`].
    HeUniform Some(Initializer::HeUniform);
    /// [`Initializer::HeNormal`].
    HeNormal Some(Initializer::HeNormal);
    /// [`Initializer::LecunUniform`].
    LecunUniform Some(Initializer::LecunUniform);
    /// [`Initializer::LecunNormal`].
    LecunNormal Some(Initializer::LecunNormal);
    /// [`Initializer::Orthogonal`].
    Orthogonal Some(Initializer::Orthogonal);
}

/// [`Initializer::Constant`] of `MANTISSA·10^EXPONENT`: `Constant<-5, -1>` is −0.5.
#[derive(Clone, Copy, Debug)]
pub struct Constant<const MANTISSA: i32, const EXPONENT: i32>;

impl<const MANTISSA: i32, const EXPONENT: i32> Initialize for Constant<MANTISSA, EXPONENT> {
    const INITIALIZER: Option<Initializer> = Some(Initializer::Constant(scientific(MANTISSA as f64, EXPONENT)));
    const NAME: &'static str = "Constant";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_published_variance() {
        let (fan_in, fan_out) = (40, 60);
        for (initializer, variance) in [
            (Initializer::GlorotUniform, 2.0 / 100.0),
            (Initializer::GlorotNormal, 2.0 / 100.0),
            (Initializer::HeUniform, 2.0 / 40.0),
            (Initializer::HeNormal, 2.0 / 40.0),
            (Initializer::LecunUniform, 1.0 / 40.0),
            (Initializer::LecunNormal, 1.0 / 40.0),
        ] {
            let mut rng = Rng::new(9);
            let squares: f64 =
                (0..20_000).map(|_| initializer.draw(fan_in, fan_out, &mut rng)).map(|draw| draw * draw).sum();
            assert!((squares / 20_000.0 / variance - 1.0).abs() < 0.05, "{initializer:?}");
        }
    }

    /// The last two are matrices of 4 rows, two and three of them side by side.
    #[test]
    fn orthogonal_rows_have_a_length_of_1_and_products_of_0() {
        for (rows, width, columns) in [(5, 5, 5), (3, 7, 7), (7, 3, 3), (4, 4, 8), (4, 2, 6)] {
            let mut rng = Rng::new(9);
            let mut values: std::vec::Vec<f64> = (0..rows * columns).map(|_| rng.normal()).collect();
            orthogonalize(&mut values, rows, width);
            let at = |row: usize, column: usize| values[(column / width * rows + row) * width + column % width];
            for a in 0..rows.min(columns) {
                for b in 0..rows.min(columns) {
                    let product: f64 = match rows <= columns {
                        true => (0..columns).map(|column| at(a, column) * at(b, column)).sum(),
                        false => (0..rows).map(|row| at(row, a) * at(row, b)).sum(),
                    };
                    assert!((product - f64::from(u8::from(a == b))).abs() < 1e-14, "{rows}x{columns}: {product}");
                }
            }
        }
    }
}
