//! Activations of int8 that TensorFlow Lite computes in `f32`, as tables of 256 numbers.

use super::{Layer, Parsed, Scale, graph::Graph};

/// How a result is brought to int8.
#[derive(Clone, Copy)]
pub enum Rounding {
    /// Times the inverse of the scale, as a table of TensorFlow Lite.
    Inverse,
    /// Divided by the scale, as by `QUANTIZE`.
    Quotient,
    /// Divided by the scale, without digits after the point.
    Truncated,
}

/// The function of an activation that is a table in int8.
pub fn function(activation: &str) -> Option<fn(f32) -> f32> {
    Some(match activation {
        "Abs" => f32::abs,
        "Elu" => elu,
        "Exp" => f32::exp,
        "Log" => log,
        "Negate" => |x| -x,
        "Sqrt" => f32::sqrt,
        "Square" => |x| x * x,
        _ => return None,
    })
}

impl Graph<'_> {
    /// An activation of one tensor, by its function.
    pub fn look_up(
        &self,
        activation: &'static str,
        function: fn(f32) -> f32,
        rounding: Rounding,
        [input, output]: [usize; 2],
    ) -> Parsed<Vec<Layer>> {
        let (from, shape, to) = (self.scale(input)?, self.shape(output)?, self.scale(output)?);
        if self.shape(input)? != shape {
            return Err("its output has another shape than its input".into());
        }
        Ok(vec![Layer::LookUp { activation, shape, table: table(from, function, to, rounding), output: to }])
    }
}

/// The outputs of a function for all int8 of the scale `input`.
pub fn table(input: Scale, function: impl Fn(f32) -> f32, output: Scale, rounding: Rounding) -> Vec<i8> {
    let outputs = (-128..=127).map(|q| {
        let value = function(input.scale * (q - i32::from(input.zero)) as f32);
        let steps = match rounding {
            Rounding::Inverse => value * (1.0 / output.scale),
            Rounding::Quotient => value / output.scale,
            Rounding::Truncated => (value / output.scale).trunc(),
        };
        (steps.round() as i32).saturating_add(i32::from(output.zero)).clamp(-128, 127) as i8
    });
    outputs.collect()
}

fn elu(x: f32) -> f32 {
    if x < 0.0 { x.exp_m1() } else { x }
}

/// The logarithm; the least number if there is none.
fn log(x: f32) -> f32 {
    if x > 0.0 { x.ln() } else { f32::NEG_INFINITY }
}

pub fn gelu(x: f32) -> f32 {
    0.5 * x * erfc(-x * std::f32::consts::FRAC_1_SQRT_2)
}

/// Approximated by the hyperbolic tangent.
pub fn gelu_by_tanh(x: f32) -> f32 {
    let factor = (std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2) as f32;
    0.5 * x * (1.0 + (factor * x * (1.0 + 0.044715 * x * x)).tanh())
}

/// The complementary error function, which the standard library does not have: a series near 0, and a continued fraction
/// elsewhere (Abramowitz and Stegun 1964, 7.1.6 and 7.1.14).
fn erfc(x: f32) -> f32 {
    let x = f64::from(x);
    let size = x.abs();
    let tail = if size < 3.0 {
        let (mut term, mut sum) = (size, size);
        for n in 1..100 {
            term *= 2.0 * size * size / f64::from(2 * n + 1);
            sum += term;
        }
        1.0 - std::f64::consts::FRAC_2_SQRT_PI * (-size * size).exp() * sum
    } else {
        let fraction = (1..100).rev().fold(size, |fraction, n| size + f64::from(n) / 2.0 / fraction);
        (-size * size).exp() / fraction * std::f64::consts::FRAC_2_SQRT_PI / 2.0
    };
    (if x < 0.0 { 2.0 - tail } else { tail }) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_functions_are_those_of_tables() {
        for (x, expected) in
            [(0.0, 1.0), (0.5, 0.479_500_1), (1.0, 0.157_299_2), (3.5, 7.430_984e-7), (-2.0, 1.995_322_3)]
        {
            assert!((erfc(x) - expected).abs() <= 2e-7 * expected, "{x}: {}", erfc(x));
        }
    }
}
