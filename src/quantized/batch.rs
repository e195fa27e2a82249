//! Predictions of int8 networks of any size, for many samples.

use std::thread;

use super::{Entrance, Int8Layer, Quantize, Quantized, Run, write_real};
use crate::{
    Tensor,
    kernel::dispatch,
    network::LengthsDiffer,
    zeroed::{fits_stack, zeros_on_heap},
};

/// The samples of [`Quantized::predict_batch`] that are in int8 at once.
const ROWS: usize = 16;

/// The stack beside the activations: windows and sums of a layer.
const FRAMES: usize = 2 * 1024 * 1024;

impl<N: Quantize> Quantized<N> {
    /// Writes the int8 outputs for `samples` to `outputs`: those of [`predict_int8`](Self::predict_int8), also of a network
    /// whose activations take more than 256 KiB. They are then on the stack of a thread of their own.
    ///
    /// ```
    /// use shiplap::{prelude::*, quantized::Quantized};
    ///
    /// #[network(input = Image<160, 160, 3>)]
    /// type Net = (Conv2d<_, 16, 3, Relu, Same>, GlobalAveragePool<_>, Dense<_, 2, Softmax>);
    ///
    /// assert!(Quantized::<Net>::ACTIVATIONS > 160 * 160 * 16);
    /// let samples = [[[[0.5; 3]; 160]; 160]];
    /// let int8 = Quantized::<Net>::calibrate(&Net::new(1), &samples)?;
    /// let mut outputs = [[0; 2]];
    /// int8.predict_int8_batch(&[[[[int8.input.quantize(0.5); 3]; 160]; 160]], &mut outputs)?;
    /// let mut predictions = [[0.0; 2]];
    /// int8.predict_batch(&samples, &mut predictions)?;
    /// assert_eq!(predictions, [outputs[0].map(|y| int8.output.real(y))]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the slices differ in length; `outputs` is then unchanged.
    ///
    /// # Panics
    ///
    /// If the system has no thread for the activations.
    pub fn predict_int8_batch(
        &self,
        samples: &[<N::Int8 as Int8Layer>::Input],
        outputs: &mut [<N::Output as Tensor>::Int8],
    ) -> Result<(), LengthsDiffer>
    where
        <N::Int8 as Int8Layer>::Input: Sync,
    {
        if samples.len() != outputs.len() {
            return Err(LengthsDiffer { samples: samples.len(), predictions: outputs.len() });
        }
        let layers = &self.layers;
        let all = move || {
            for (x, y) in samples.iter().zip(outputs) {
                dispatch(Run { layers, x, y });
            }
        };
        if fits_stack(Self::ACTIVATIONS) {
            all();
        } else {
            thread::scope(|scope| {
                let thread = thread::Builder::new().stack_size(2 * Self::ACTIVATIONS + FRAMES);
                thread.spawn_scoped(scope, all).expect("the system has a thread for the activations");
            });
        }
        Ok(())
    }

    /// Writes the predictions for `samples`, which are quantized first, to `predictions`: those of
    /// [`predict`](Self::predict), also of a network whose activations take more than 256 KiB.
    ///
    /// # Errors
    ///
    /// If the slices differ in length; `predictions` is then unchanged.
    ///
    /// # Panics
    ///
    /// If the system has no thread for the activations.
    pub fn predict_batch(&self, samples: &[N::Input], predictions: &mut [N::Output]) -> Result<(), LengthsDiffer>
    where
        <N::Int8 as Int8Layer>::Input: Entrance<N::Input> + Sync,
    {
        if samples.len() != predictions.len() {
            return Err(LengthsDiffer { samples: samples.len(), predictions: predictions.len() });
        }
        let rows = ROWS.min(samples.len());
        let (mut x, mut y) = (zeros_on_heap::<<N::Int8 as Int8Layer>::Input>(rows), zeros_on_heap(rows));
        for (samples, predictions) in samples.chunks(ROWS).zip(predictions.chunks_mut(ROWS)) {
            let (x, y) = (&mut x[..samples.len()], &mut y[..samples.len()]);
            x.iter_mut().zip(samples).for_each(|(x, sample)| x.enter(sample, self.input));
            self.predict_int8_batch(x, y)?;
            predictions.iter_mut().zip(y).for_each(|(to, y)| write_real(y, self.output, to));
        }
        Ok(())
    }
}
