//! The operations of a layer, for export.

use core::fmt;

use crate::{kernel::ElementwiseKernel, path::Path};

/// Receives the operations that a network applies to each sample, in order. Exporters implement this trait. A method that
/// an exporter does not implement passes the operation, with its parameters, to [`other`](Self::other).
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

    /// `y[n] = x[n] − ln(Σₖ e^x[k])`, along the last axis.
    fn log_softmax(&mut self, path: Path<'_>) {
        self.other(path, "log softmax", format_args!(""), &[]);
    }

    /// `y[n] = x[n] / max(√Σₖ x[k]², least)`, along the last axis.
    fn unit_length(&mut self, path: Path<'_>, least: f64) {
        self.other(path, "unit length", format_args!("{least}"), &[]);
    }

    /// `y[i][j][f] = bias[f] + Σ x[i·s + u·d − p][j·s + v·d − p][c]·kernel[u][v][c][f]`, an image of `f` channels. The
    /// kernel has the shape `[rows, columns, channels, filters]`. It is followed by the addition of the bias, if there is
    /// one.
    fn convolution(&mut self, path: Path<'_>, name: &'static str, window: Sliding, shape: [usize; 4], kernel: &[T]) {
        self.other(path, "convolution", format_args!("{shape:?} {window:?}"), &[(name, kernel)]);
    }

    /// `y[i][j][c] = bias[c] + Σ x[i·s + u·d − p][j·s + v·d − p][c]·kernel[u][v][c]`: each channel of an image has a filter
    /// of its own. The kernel has the shape `[rows, columns, channels]`. It is followed by the addition of the bias, if
    /// there is one.
    fn depthwise(&mut self, path: Path<'_>, name: &'static str, window: Sliding, shape: [usize; 3], kernel: &[T]) {
        self.other(path, "depthwise convolution", format_args!("{shape:?} {window:?}"), &[(name, kernel)]);
    }

    /// `y = (x − mean[c]) / √(variance[c] + epsilon)·scale[c] + shift[c]` for each channel `c` of a tensor of shape
    /// `shape`. The parameters are scale, shift, mean and variance, each with its name.
    fn batch_norm(
        &mut self,
        path: Path<'_>,
        shape: &'static [usize],
        parameters: [(&'static str, &[T]); 4],
        epsilon: f64,
    ) {
        self.other(path, "batch norm", format_args!("{shape:?} {epsilon}"), &parameters);
    }

    /// `y = (x − mean) / √(variance + epsilon)·scale[c] + shift[c]` for each channel `c` of a tensor of shape `shape`,
    /// where mean and variance are those of this many groups of channels in a sample, or those of each pixel. The
    /// parameters are scale and shift, each with its name.
    fn normalize(
        &mut self,
        path: Path<'_>,
        shape: &'static [usize],
        groups: Option<usize>,
        parameters: [(&'static str, &[T]); 2],
        epsilon: f64,
    ) {
        self.other(path, "normalization", format_args!("{shape:?} {groups:?} {epsilon}"), &parameters);
    }

    /// `y = x / √(mean(x²) + epsilon)·scale[c]` for each channel `c` of a pixel, with the mean of its channels.
    fn rms_norm(&mut self, path: Path<'_>, scale: (&'static str, &[T]), epsilon: f64) {
        self.other(path, "normalization", format_args!("by the root mean square {epsilon}"), &[scale]);
    }

    /// `y[t] = table[x[t]]`, with the parameter `name` of shape `[VOCABULARY, WIDTH]`.
    fn look_up(&mut self, path: Path<'_>, name: &'static str, shape: [usize; 2], table: &[T]) {
        self.other(path, "embedding", format_args!("{shape:?}"), &[(name, table)]);
    }

    /// The maximum or the mean of each channel in windows of an image.
    fn pool(&mut self, path: Path<'_>, pool: Pool, window: Sliding) {
        self.other(path, pool.name(), format_args!("{window:?}"), &[]);
    }

    /// The maximum or the mean of each channel of a tensor of shape `shape` over all other axes.
    fn global_pool(&mut self, path: Path<'_>, pool: Pool, shape: &'static [usize]) {
        self.other(path, "global pool", format_args!("{pool:?} {shape:?}"), &[]);
    }

    /// `y[i·s + u·d − p][j·s + v·d − p][f] = bias[f] + Σ x[i][j][c]·kernel[u][v][f][c]`, the transpose of a convolution,
    /// from an image of `from` pixels to one of `to` pixels, over which the window moves. The kernel has the shape
    /// `[rows, columns, filters, channels]`. It is followed by the addition of the bias, if there is one.
    #[expect(clippy::too_many_arguments, reason = "both sizes, which the window leaves open")]
    fn transposed_convolution(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        window: Sliding,
        from: [usize; 2],
        to: [usize; 2],
        shape: [usize; 4],
        kernel: &[T],
    ) {
        self.other(
            path,
            "transposed convolution",
            format_args!("{shape:?} from {from:?} to {to:?} {window:?}"),
            &[(name, kernel)],
        );
    }

    /// Each pixel of an image, repeated in `factors` rows and columns.
    fn up_sample(&mut self, path: Path<'_>, factors: [usize; 2]) {
        self.other(path, "upsampling", format_args!("{factors:?}"), &[]);
    }

    /// An image of another size, by bilinear interpolation; between the corners, or the centers, of pixels.
    fn resize(&mut self, path: Path<'_>, from: [usize; 2], to: [usize; 2], corners: bool, centers: bool) {
        self.other(path, "resizing", format_args!("{from:?} to {to:?} {corners} {centers}"), &[]);
    }

    /// An image whose rows are the columns of the input.
    fn transpose(&mut self, path: Path<'_>) {
        self.other(path, "transposition", format_args!(""), &[]);
    }

    /// An image with `before` rows and columns of zeros before it, and `after` after it.
    fn zero_pad(&mut self, path: Path<'_>, before: [usize; 2], after: [usize; 2]) {
        self.other(path, "padding", format_args!("{before:?} {after:?}"), &[]);
    }

    /// The part of an image of `size` rows and columns, after `before` rows and columns.
    fn crop(&mut self, path: Path<'_>, before: [usize; 2], size: [usize; 2]) {
        self.other(path, "crop", format_args!("{before:?} {size:?}"), &[]);
    }

    /// `y = x` where x is positive, else `y = alpha[c]·x` for each channel `c`, with the parameter `name`.
    fn p_relu(&mut self, path: Path<'_>, name: &'static str, alpha: &[T]) {
        self.other(path, "parametric rectifier", format_args!(""), &[(name, alpha)]);
    }

    /// A tensor of this shape that does not depend on the input: the parameter `name`.
    fn constant(&mut self, path: Path<'_>, name: &'static str, shape: &'static [usize], numbers: &[T]) {
        self.other(path, "constant", format_args!("{shape:?}"), &[(name, numbers)]);
    }

    /// The numbers of a tensor of shape `from` as one of shape `to`, in row-major order.
    fn reshape(&mut self, path: Path<'_>, from: &'static [usize], to: &'static [usize]) {
        self.other(path, "reshape", format_args!("{from:?} to {to:?}"), &[]);
    }

    /// The numbers of a tensor of shape `shape` as a vector, in row-major order.
    fn flatten(&mut self, path: Path<'_>, shape: &'static [usize]) {
        self.other(path, "flatten", format_args!("{shape:?}"), &[]);
    }

    /// The states of a recurrent layer that reads a sequence. The parameters are the kernel `[gate][feature][unit]`, the
    /// recurrent kernel `[gate][unit before][unit]`, the bias `[gate][unit]`, and the recurrent bias, which is empty if
    /// there is none, each with its name.
    fn recurrent(&mut self, path: Path<'_>, recurrence: Recurrence, parameters: [(&'static str, &[T]); 4]) {
        self.other(path, "recurrent layer", format_args!("{recurrence:?}"), &parameters);
    }

    /// The steps of a series in the opposite order.
    fn reverse(&mut self, path: Path<'_>) {
        self.other(path, "reversed series", format_args!(""), &[]);
    }

    /// The operations that follow are for series of shape `shape` whose lengths vary: the first member of a
    /// [`Pair`](crate::Pair), of which the second one is the length. Numbers after the length count as 0.
    fn of_length(&mut self, path: Path<'_>, shape: &'static [usize]) {
        self.other(path, "series of varying length", format_args!("{shape:?}"), &[]);
    }

    /// The output for the steps of a series of shape `shape` up to the length. The first step is that of `delay` frames
    /// after the first, and the next ones follow after `period` frames each.
    fn up_to_length(&mut self, path: Path<'_>, shape: &'static [usize], end: SeriesEnd, [delay, period]: [usize; 2]) {
        self.other(path, "end of the series", format_args!("{shape:?} {end:?} {delay} {period}"), &[]);
    }

    /// The operations that follow apply to each step of a sequence of shape `shape`, whose first axis is that of the
    /// steps.
    fn each_step(&mut self, path: Path<'_>, shape: &'static [usize]) {
        self.other(path, "layers of each step", format_args!("{shape:?}"), &[]);
    }

    /// The steps are a sequence of shape `shape` again.
    fn all_steps(&mut self, path: Path<'_>, shape: &'static [usize]) {
        self.other(path, "end of each step", format_args!("{shape:?}"), &[]);
    }

    /// Self-attention. The parameters are the kernel `[part][output][input]` of queries, keys and values, their bias
    /// `[part][output]`, the kernel `[input][output]` of the output, and its bias, each with its name.
    fn attention(&mut self, path: Path<'_>, attention: Attention, parameters: [(&'static str, &[T]); 4]) {
        self.other(path, "attention", format_args!("{attention:?}"), &parameters);
    }

    /// `y = x + table`, with the parameter `name` of shape `[STEPS, WIDTH]`.
    fn add_positions(&mut self, path: Path<'_>, name: &'static str, shape: &'static [usize], table: &[T]) {
        self.other(path, "positions", format_args!("{shape:?}"), &[(name, table)]);
    }

    /// `y = x + waves`, with constants of shape `[STEPS, WIDTH]`.
    fn add_waves(&mut self, path: Path<'_>, shape: &'static [usize], waves: &'static [f32]) {
        self.other(path, "positions", format_args!("{shape:?} of {} waves", waves.len()), &[]);
    }

    /// Two branches begin, which take the current value. The operations of the first one follow.
    fn fork(&mut self, path: Path<'_>) {
        self.other(path, "branches", format_args!(""), &[]);
    }

    /// The first branch ends. The operations of the second one follow.
    fn next_branch(&mut self, path: Path<'_>) {
        self.other(path, "second branch", format_args!(""), &[]);
    }

    /// The output of the second branch, a number for each channel, is for each pixel of the first, whose shape has this
    /// rank. The operation [`join`](Self::join) follows.
    fn for_each_pixel(&mut self, path: Path<'_>, rank: usize) {
        self.other(path, "numbers for each pixel", format_args!("{rank}"), &[]);
    }

    /// The second branch ends, and the outputs of both are joined.
    fn join(&mut self, path: Path<'_>, junction: Junction) {
        self.other(path, "junction", format_args!("{junction:?}"), &[]);
    }

    /// The first (0) or second (1) member of a [`Pair`](crate::Pair).
    fn member(&mut self, path: Path<'_>, index: usize) {
        self.other(path, "member of a pair", format_args!("{index}"), &[]);
    }

    /// An operation that the implementation does not know, or that is known only by name, such as that of a layer that
    /// does not list its operations. `details` has all else on which the result depends, and `parameters` each with its
    /// name. Export fails with an error that contains the name.
    fn other(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        details: fmt::Arguments<'_>,
        parameters: &[(&'static str, &[T])],
    );
}

/// A window that moves over an image. The arrays are `[rows, columns]`.
#[derive(Clone, Copy, Debug)]
pub struct Sliding {
    /// 2, or 1 if the image is a series `[[T; CHANNELS]; STEPS]`: a row, whose columns are the steps.
    pub axes: usize,
    /// The size of the window.
    pub kernel: [usize; 2],
    /// The pixels from one position to the next.
    pub stride: [usize; 2],
    /// The pixels from one weight to the next.
    pub dilation: [usize; 2],
    /// The rows and columns of padding before the image.
    pub before: [usize; 2],
    /// The rows and columns of padding after the image. Those that no position of the window reaches are left out.
    pub after: [usize; 2],
}

/// A recurrent layer.
#[derive(Clone, Copy, Debug)]
pub struct Recurrence {
    /// The formula of a step.
    pub cell: Cell,
    /// The length of a frame.
    pub features: usize,
    /// The number of units.
    pub units: usize,
    /// Whether the output is all states, or the last one.
    pub all: bool,
}

/// The formula of a recurrent layer, which also determines the order of its gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cell {
    /// That of [`SimpleRnn`](crate::layers::SimpleRnn).
    SimpleRnn,
    /// That of [`Gru`](crate::layers::Gru).
    Gru,
    /// That of [`Lstm`](crate::layers::Lstm).
    Lstm,
}

/// A layer of attention.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// The number of heads.
    pub heads: usize,
    /// The length of a frame: the sum of the widths of all heads.
    pub width: usize,
    /// The number of steps.
    pub steps: usize,
    /// Whether a step attends only to itself and to the steps before it.
    pub is_causal: bool,
    /// The cosines and the sines, `[pair][step]`, by which queries and keys are rotated.
    pub rotary: Option<[&'static [f32]; 2]>,
}

/// How two branches are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Junction {
    /// Their numbers are added.
    Add,
    /// The numbers of the second are subtracted from those of the first.
    Subtract,
    /// Their numbers are multiplied.
    Multiply,
    /// The squares of their differences.
    SquaredDifference,
    /// The larger of both.
    Maximum,
    /// The smaller of both.
    Minimum,
    /// The matrices of the first are multiplied by those of the second.
    MatMul,
    /// The channels of the second follow those of the first.
    Concat,
    /// They are the two members of a [`Pair`](crate::Pair).
    Both,
}

/// What becomes of the steps of a series whose length varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesEnd {
    /// The last step.
    LastStep,
    /// The last step of the first half of the channels, and the first step of the others.
    BothEnds,
    /// The mean or the maximum of the steps.
    Pool(Pool),
    /// All steps, and zeros instead of those after the length.
    AllSteps,
}

/// The operation of a pooling layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// The maximum.
    Max,
    /// The mean of the pixels that are inside the image.
    Average,
}

impl Pool {
    const fn name(self) -> &'static str {
        match self {
            Self::Max => "max pool",
            Self::Average => "average pool",
        }
    }
}
