//! Sums of squares.

/// A sum of squares of numbers. Those whose squares would overflow or underflow are added up separately, in units of
/// [`LARGE`] and [`SMALL`] (Blue 1978).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Squares {
    large: f64,
    middle: f64,
    small: f64,
}

/// 2⁶⁰⁰.
const LARGE: f64 = f64::from_bits((1023 + 600) << 52);
/// 2⁻⁶⁰⁰.
const SMALL: f64 = f64::from_bits((1023 - 600) << 52);

impl Squares {
    /// Adds `a·b`, where both have the same sign and are of a similar size.
    pub fn add_product(&mut self, a: f64, b: f64) {
        let size = a.abs().max(b.abs());
        if size > 1e150 {
            self.large += (a / LARGE) * (b / LARGE);
        } else if size < 1e-120 {
            self.small += (a / SMALL) * (b / SMALL);
        } else {
            // Here also NaN.
            self.middle += a * b;
        }
    }

    /// Adds the square of `a`.
    pub fn add(&mut self, a: f64) {
        self.add_product(a, a);
    }

    /// Adds another sum.
    pub fn add_all(&mut self, other: &Self) {
        self.large += other.large;
        self.middle += other.middle;
        self.small += other.small;
    }

    /// The unit of the largest part that is not 0.
    fn unit(&self) -> f64 {
        if self.large != 0.0 {
            LARGE
        } else if self.middle != 0.0 {
            1.0
        } else {
            SMALL
        }
    }

    /// The sum in units of `unit²`.
    fn in_unit(&self, unit: f64) -> f64 {
        let scaled = |sum: f64, of: f64| if sum == 0.0 { 0.0 } else { sum * (of / unit) * (of / unit) };
        scaled(self.large, LARGE) + scaled(self.middle, 1.0) + scaled(self.small, SMALL)
    }

    /// Whether all numbers are 0.
    pub fn is_zero(&self) -> bool {
        self.in_unit(self.unit()) == 0.0
    }

    /// The root of the mean of `count` squares.
    pub fn root_of_mean(&self, count: f64) -> f64 {
        let unit = self.unit();
        unit * libm::sqrt(self.in_unit(unit) / count)
    }

    /// The quotient of this sum and another, which is not zero.
    pub fn over(&self, other: &Self) -> f64 {
        let unit = other.unit();
        self.in_unit(unit) / other.in_unit(unit)
    }
}
