//! The operations of a layer, for export.

use crate::{kernel::ElementwiseKernel, path::Path};

/// Receives the operations that a network applies to each sample, in order. Exporters implement this trait.
pub trait Operations<T> {
    /// `y[o] = Σᵢ x[i]·weights[i][o]`, with the parameter `name` of shape `[IN, OUT]`.
    fn product(&mut self, path: Path<'_>, name: &'static str, shape: [usize; 2], weights: &[T]);

    /// `y[n] = x[n] + addend[n]`, with the parameter `name`.
    fn add(&mut self, path: Path<'_>, name: &'static str, addend: &[T]);

    /// `y[n] = formula(x[n])`.
    fn elementwise(&mut self, path: Path<'_>, name: &'static str, formula: &impl ElementwiseKernel<0, 1>);

    /// `y[n] = formula(x[n], columns[0][n], columns[1][n], ...)`: each column of the input has its own numbers, in
    /// `READ − 1` named parameters.
    fn columnwise<const READ: usize>(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        columns: &[(&'static str, &[T])],
        formula: &impl ElementwiseKernel<READ, 1>,
    );

    /// `y[n] = e^x[n] / Σₖ e^x[k]`, along the last axis.
    fn softmax(&mut self, path: Path<'_>);

    /// An operation that is known only by name. Export fails with an error that contains the name.
    fn other(&mut self, path: Path<'_>, name: &'static str);
}
