//! The values of a setting.

use core::{fmt, ops::RangeInclusive};
use std::{format, string::String, vec::Vec};

use crate::Rng;

/// The values of a setting that a search tries: a list, or a range from which a [random](super::Search::random) search
/// draws.
///
/// ```
/// use shiplap::search::Axis;
///
/// let list = Axis::from([1e-3, 1e-2]);
/// let range = Axis::log_uniform(1e-4..=1e-1);
/// assert_ne!(list, range);
/// ```
#[derive(Clone, PartialEq)]
pub struct Axis(Values);

#[derive(Clone, Debug, PartialEq)]
enum Values {
    List(Vec<f64>),
    Uniform(RangeInclusive<f64>),
    LogUniform(RangeInclusive<f64>),
}

/// `[0.1, 0.2]`, `Uniform(0.0..=1.0)`
impl fmt::Debug for Axis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Values::List(values) => values.fmt(formatter),
            range => range.fmt(formatter),
        }
    }
}

impl Axis {
    /// Numbers of the range, each equally likely.
    pub const fn uniform(range: RangeInclusive<f64>) -> Self {
        Self(Values::Uniform(range))
    }

    /// Numbers of the range whose logarithms are equally likely, as for learning rates. Both ends are above 0.
    pub const fn log_uniform(range: RangeInclusive<f64>) -> Self {
        Self(Values::LogUniform(range))
    }

    /// The listed values, or `None` for a range.
    pub(super) fn list(&self) -> Option<&[f64]> {
        match &self.0 {
            Values::List(values) => Some(values),
            Values::Uniform(_) | Values::LogUniform(_) => None,
        }
    }

    /// Draws a value.
    pub(super) fn draw(&self, rng: &mut Rng) -> f64 {
        match &self.0 {
            Values::List(values) => values[below(values.len(), rng)],
            Values::Uniform(range) => between(range, rng),
            Values::LogUniform(range) => {
                let value = libm::exp(between(&(libm::log(*range.start())..=libm::log(*range.end())), rng));
                value.clamp(*range.start(), *range.end())
            }
        }
    }

    /// The reason why there are no values to try, if so.
    pub(super) fn flaw(&self) -> Option<String> {
        match &self.0 {
            Values::List(values) if values.is_empty() => Some("has no values: pass at least one".into()),
            Values::List(values) => {
                let wrong = values.iter().find(|value| !value.is_finite())?;
                Some(format!("has the value {wrong}: pass finite numbers"))
            }
            Values::Uniform(range) if !(range.end() - range.start()).is_finite() || range.is_empty() => {
                Some(format!("is the range {range:?}: pass finite numbers, the smaller one first"))
            }
            Values::LogUniform(range) if !range.end().is_finite() || *range.start() <= 0.0 || range.is_empty() => Some(
                format!("is the range {range:?} of logarithms: pass finite numbers above 0, the smaller one first"),
            ),
            Values::Uniform(_) | Values::LogUniform(_) => None,
        }
    }
}

fn between(range: &RangeInclusive<f64>, rng: &mut Rng) -> f64 {
    let (start, end) = (*range.start(), *range.end());
    (start + (end - start) * rng.uniform()).clamp(start, end)
}

/// A number below `length`.
pub(super) fn below(length: usize, rng: &mut Rng) -> usize {
    ((rng.uniform() * length as f64) as usize).min(length.saturating_sub(1))
}

impl<const N: usize> From<[f64; N]> for Axis {
    fn from(values: [f64; N]) -> Self {
        Self(Values::List(values.into()))
    }
}

impl From<&[f64]> for Axis {
    fn from(values: &[f64]) -> Self {
        Self(Values::List(values.into()))
    }
}

impl From<Vec<f64>> for Axis {
    fn from(values: Vec<f64>) -> Self {
        Self(Values::List(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_fill_the_range_and_stay_in_it() {
        let mut rng = Rng::new(3);
        for (axis, range, middle) in
            [(Axis::uniform(-1.0..=3.0), -1.0..=3.0, 1.0), (Axis::log_uniform(1e-4..=1e-2), 1e-4..=1e-2, 1e-3)]
        {
            let draws: Vec<f64> = (0..4000).map(|_| axis.draw(&mut rng)).collect();
            assert!(draws.iter().all(|draw| range.contains(draw)));
            let lower = draws.iter().filter(|draw| **draw < middle).count();
            assert!((1800..2200).contains(&lower), "{lower}");
        }
        assert_eq!(Axis::uniform(2.0..=2.0).draw(&mut rng), 2.0);
        assert_eq!(Axis::log_uniform(0.1..=0.1).draw(&mut rng), 0.1);
    }

    #[test]
    fn flaws_name_the_values() {
        for (axis, flaw) in [
            (Axis::from([]), "has no values"),
            (Axis::from([0.1, f64::NAN]), "NaN"),
            (Axis::uniform(1.0..=0.0), "1.0..=0.0"),
            (Axis::uniform(-1e308..=1e308), "finite"),
            (Axis::uniform(f64::NAN..=1.0), "NaN"),
            (Axis::log_uniform(0.0..=1.0), "above 0"),
            (Axis::log_uniform(f64::NAN..=1.0), "NaN"),
        ] {
            assert!(axis.flaw().is_some_and(|text| text.contains(flaw)), "{axis:?}");
        }
        assert_eq!(Axis::from([0.1]).flaw(), None);
    }
}
