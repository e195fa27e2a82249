//! Helpers for several tests.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::{Mutex, PoisonError};

use shiplap::{
    Rng, Zeroed,
    kernel::{Element, Level, Simd, Work, dispatch, level, set_level},
    layer::{Layer, Parameter, Path, Predictions, Visit, VisitMut},
};

/// Runs a check at each instruction set that the processor has. The choice applies to the whole process, so checks wait
/// for each other, and other tests in the process must not depend on it.
pub fn at_every_level(mut check: impl FnMut(Level)) {
    static CHOOSING: Mutex<()> = Mutex::new(());
    let _alone = CHOOSING.lock().unwrap_or_else(PoisonError::into_inner);
    let best = level();
    for &level in Level::ALL {
        if set_level(level).is_ok() {
            // Shown if the check fails.
            println!("{level:?}");
            check(level);
        }
    }
    set_level(best).unwrap();
}

struct Bits(Vec<u64>);

impl<T: Element> Visit<T> for Bits {
    fn visit(&mut self, _: Parameter<'_>, values: &[T]) {
        self.0.extend(values.iter().map(|value| value.to_f64().to_bits()));
    }
}

/// The bits of all weights.
pub fn bits<N: Layer>(network: &N) -> Vec<u64> {
    let mut bits = Bits(Vec::new());
    network.parameters(Path::ROOT, &mut bits);
    bits.0
}

/// The bits of values that correspond to the trainable parameters.
pub fn bits_of_trainable<N: Layer>(trainable: &N::Trainable) -> Vec<u64> {
    let mut bits = Bits(Vec::new());
    N::trainable(trainable, Path::ROOT, &mut bits);
    bits.0
}

/// Exchanges the parameters of a network with a list, of which the second field counts the numbers exchanged.
pub struct Exchange(pub Vec<f64>, pub usize);

impl VisitMut<f32, 1> for Exchange {
    fn visit(&mut self, _: Parameter<'_>, [values]: [&mut [f32]; 1]) {
        for value in values {
            let old = f64::from(*value);
            *value = self.0[self.1] as f32;
            self.0[self.1] = old;
            self.1 += 1;
        }
    }
}

/// The outputs of a layer in training.
pub fn recorded<N: Layer, const B: usize>(layer: &N, x: &[N::Input; B], rng: &mut Rng) -> [N::Output; B] {
    struct Record<'a, N: Layer, const B: usize>(&'a N, &'a [N::Input; B], &'a mut Rng);

    impl<N: Layer, const B: usize> Work for Record<'_, N, B> {
        type Output = [N::Output; B];

        fn run<S: Simd>(self, simd: S) -> Self::Output {
            let (mut tape, mut y) = (N::Tape::<B>::zeroed(), [N::Output::zeroed(); B]);
            self.0.record_batch::<S, Predictions, B>(simd, Some(self.2), self.1, &mut tape, &mut y);
            y
        }
    }

    dispatch(Record(layer, x, rng))
}
