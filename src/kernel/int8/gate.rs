//! The sigmoid and the hyperbolic tangent in 16 bits, for gates of recurrent layers.

/// The fraction bits of the argument of a gate: it reaches from −8 to 8.
pub(crate) const ARGUMENT_BITS: i32 = 12;
/// The fraction bits of the value of a gate: it reaches from −1 to 1.
pub(crate) const VALUE_BITS: i32 = 15;

/// `tanh(n / 32)` for `n` from 0 to 256, as values of gates.
static TANH: [i16; 257] = {
    const X: f64 = 1.0 / 32.0;
    // The series of tanh; the next term is below 1e−16.
    const STEP: f64 = X - X * X * X / 3.0 + 2.0 * X * X * X * X * X / 15.0 - 17.0 * X * X * X * X * X * X * X / 315.0
        + 62.0 * X * X * X * X * X * X * X * X * X / 2835.0;
    let (mut values, mut tanh, mut n) = ([0; 257], 0.0, 0);
    while n < values.len() {
        let value = tanh * (1 << VALUE_BITS) as f64 + 0.5;
        values[n] = if value > i16::MAX as f64 { i16::MAX } else { value as i16 };
        tanh = (tanh + STEP) / (1.0 + tanh * STEP);
        n += 1;
    }
    values
};

/// `tanh(x)`, between two numbers of the table, for `x` with `bits` fraction bits: 12 or more.
#[inline(always)]
fn tanh_of(x: i32, bits: i32) -> i32 {
    let (size, below) = (x.unsigned_abs(), bits - 5);
    let place = (size >> below) as usize;
    // The last two numbers of the table are equal.
    let (low, high) = match TANH.get(place..place + 2) {
        Some(&[low, high]) => (i32::from(low), i32::from(high)),
        _ => (i32::from(TANH[256]), i32::from(TANH[256])),
    };
    let rest = (size & ((1 << below) - 1)) as i32;
    let value = low + (((high - low) * rest + (1 << (below - 1))) >> below);
    if x < 0 { -value } else { value }
}

/// `tanh(x)`.
#[inline(always)]
pub(crate) fn tanh(x: i16) -> i16 {
    tanh_of(i32::from(x), ARGUMENT_BITS) as i16
}

/// `σ(x) = (1 + tanh(x / 2)) / 2`.
#[inline(always)]
pub(crate) fn sigmoid(x: i16) -> i16 {
    // At most 1 − 2⁻¹⁵.
    (((1 << VALUE_BITS) + tanh_of(i32::from(x), ARGUMENT_BITS + 1)) >> 1) as i16
}

/// The closest number of 16 bits.
#[inline(always)]
pub(crate) fn to_i16(x: i32) -> i16 {
    x.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// `x / 2^bits`, rounded half up.
#[inline(always)]
pub(crate) fn shifted(x: i32, bits: i32) -> i32 {
    (x + (1 << (bits - 1))) >> bits
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    /// Four steps of 2⁻¹⁵ from the functions, and never decreasing.
    #[test]
    fn gates_are_close_to_their_functions() {
        let (mut before, mut worst) = ([i16::MIN; 2], [0f64; 2]);
        for x in i16::MIN..=i16::MAX {
            let real = f64::from(x) / f64::from(1 << ARGUMENT_BITS);
            let values = [tanh(x), sigmoid(x)];
            for (n, exact) in [real.tanh(), 1.0 / (1.0 + (-real).exp())].into_iter().enumerate() {
                worst[n] = worst[n].max((f64::from(values[n]) - exact * f64::from(1 << VALUE_BITS)).abs());
                assert!(values[n] >= before[n], "{x}");
            }
            before = values;
        }
        assert!(worst[0] < 4.0 && worst[1] < 2.5, "{worst:?}");
        assert_eq!([tanh(0), sigmoid(0), tanh(i16::MAX), tanh(i16::MIN)], [0, 1 << 14, i16::MAX, -i16::MAX]);
    }
}
