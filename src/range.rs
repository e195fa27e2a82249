//! Ranges of settings.
//!
//! The formulas of networks in `f32` use settings as `f32`, so a setting must be in its range as `f32`, too.

/// An error with this text, unless the setting is in its range.
pub(crate) fn in_range(is: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if is { Ok(()) } else { Err(otherwise) }
}

/// Whether the number is finite and at least 0.
pub(crate) fn at_least_0(value: f64) -> bool {
    (0.0..=f64::from(f32::MAX)).contains(&value)
}

/// Whether the number is finite and above 0, and not subnormal, so that it is a safe divisor.
pub(crate) fn is_divisor(value: f64) -> bool {
    (f64::from(f32::MIN_POSITIVE)..=f64::from(f32::MAX)).contains(&value)
}

/// Whether the number is a valid decay of a moving average: in [0, 1).
pub(crate) fn is_decay(value: f64) -> bool {
    (0.0..1.0).contains(&value)
}

/// Whether the number is in [0, 1].
pub(crate) fn is_probability(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}
