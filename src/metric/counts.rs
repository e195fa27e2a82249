//! Metrics that derive from true and false positives and negatives.

use crate::kernel::Element;

/// The number of true and false positives and negatives over all outputs. An output is positive above ½.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// `[label][prediction]`
    pub seen: [[u64; 2]; 2],
    /// Whether a prediction or a label was NaN.
    pub has_nan: bool,
}

impl Counts {
    pub fn update<T: Element, const N: usize>(&mut self, prediction: &[T; N], label: &[T; N]) {
        for (prediction, label) in prediction.iter().zip(label) {
            self.has_nan |= prediction.to_f64().is_nan() || label.to_f64().is_nan();
            self.seen[usize::from(label.to_f64() > 0.5)][usize::from(prediction.to_f64() > 0.5)] += 1;
        }
    }
}

/// Defines a metric as a function of the true positives, true negatives, false positives and false negatives.
macro_rules! counted {
    ($(#[$doc:meta])* $metric:ident, $name:literal, $value:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $metric($crate::metric::counts::Counts);

        impl $metric {
            /// The value, from 0 to 1, or NaN if a prediction or a label was NaN. It is 0 if it is undefined, such as
            /// without samples.
            pub fn value(&self) -> f64 {
                if self.0.has_nan {
                    return f64::NAN;
                }
                let [[tn, fp], [fn_, tp]] = self.0.seen.map(|row| row.map(|count| count as f64));
                let value: fn(f64, f64, f64, f64) -> f64 = $value;
                value(tp, tn, fp, fn_)
            }
        }

        impl<T: $crate::kernel::Element, const N: usize> $crate::metric::Metric<[T; N], [T; N]> for $metric {
            fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
                self.0.update(prediction, label);
            }
        }

        impl $crate::metric::Named for $metric {
            fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
                show($name, self.value());
            }
        }
    };
}
pub(super) use counted;
