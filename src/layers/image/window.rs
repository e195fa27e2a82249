//! The steps of a window over an image or a series, and its padding.

use core::{marker::PhantomData, ops::Range};

use crate::{Zeroed, kernel::Steps, layer::Sliding, message::Message};

/// How the window of a convolution or a pooling layer moves over an image or a series: [`Valid`], [`Same`], [`Padded`] or
/// [`Causal`].
///
/// The arrays are `[rows, columns]`; of a series, the first number counts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not describe how a window moves",
    label = "expected `Valid`, `Same`, `Padded` or `Causal`"
)]
pub trait Window: Send + Sync + 'static {
    /// The pixels from one position of the window to the next.
    const STRIDE: [usize; 2];
    /// The pixels from one weight of the window to the next.
    const DILATION: [usize; 2];
    /// The padding of the image.
    const PADDING: Padding;
    /// The padding of the rows, if it differs from that of the columns.
    #[doc(hidden)]
    const ROW_PADDING: Padding = Self::PADDING;
    /// The name in error messages.
    const NAME: &'static str;
    /// The number of axes along which the window moves: 1 if the image is a series, a single row.
    #[doc(hidden)]
    const AXES: usize = 2;
    /// An `X` for each row from one weight of the window to the next.
    #[doc(hidden)]
    type Interleaved<X: Zeroed + Copy>: Zeroed + Copy + AsMut<[X]>;
}

/// The zeros around an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// None: the window is inside the image.
    Valid,
    /// As many as it takes for `⌈length / stride⌉` positions; if their number is odd, one more after the image than
    /// before it.
    Same,
    /// None after the image, and as many before it as it takes for each window to end at its position.
    Causal,
    /// These before and after each `[rows, columns]`.
    Explicit([usize; 2]),
}

/// The window is always inside the image: along an axis of `n` pixels, a window of `k` has `⌊(n − k) / STRIDE⌋ + 1`
/// positions. `COLUMN_STRIDE` and `COLUMN_DILATION` are those along a row, if they differ.
#[derive(Clone, Copy, Debug)]
pub struct Valid<
    const STRIDE: usize = 1,
    const DILATION: usize = 1,
    const COLUMN_STRIDE: usize = STRIDE,
    const COLUMN_DILATION: usize = DILATION,
>;

/// The image is padded with zeros for `⌈n / STRIDE⌉` positions along an axis of `n` pixels; with a stride of 1, the
/// output is as large as the input. It is the rule of TensorFlow and Keras: an odd number of zeros has one more after
/// the image than before it.
#[derive(Clone, Copy, Debug)]
pub struct Same<
    const STRIDE: usize = 1,
    const DILATION: usize = 1,
    const COLUMN_STRIDE: usize = STRIDE,
    const COLUMN_DILATION: usize = DILATION,
>;

/// A window sees no pixels after its position: the zeros are before the image. Along the steps of a series, an output
/// thus depends on no later input, as with the padding `causal` of Keras.
#[derive(Clone, Copy, Debug)]
pub struct Causal<
    const STRIDE: usize = 1,
    const DILATION: usize = 1,
    const COLUMN_STRIDE: usize = STRIDE,
    const COLUMN_DILATION: usize = DILATION,
>;

/// The image is padded with `ZEROS` zeros before and after each axis, as by the argument `padding` of PyTorch.
/// `COLUMN_ZEROS` are those before and after each row, if they differ.
#[derive(Clone, Copy, Debug)]
pub struct Padded<
    const ZEROS: usize,
    const STRIDE: usize = 1,
    const DILATION: usize = 1,
    const COLUMN_ZEROS: usize = ZEROS,
    const COLUMN_STRIDE: usize = STRIDE,
    const COLUMN_DILATION: usize = DILATION,
>;

#[diagnostic::do_not_recommend]
impl<const S: usize, const D: usize, const CS: usize, const CD: usize> Window for Valid<S, D, CS, CD> {
    const STRIDE: [usize; 2] = [S, CS];
    const DILATION: [usize; 2] = [D, CD];
    const PADDING: Padding = Padding::Valid;
    const NAME: &'static str = "Valid";
    type Interleaved<X: Zeroed + Copy> = [X; D];
}

#[diagnostic::do_not_recommend]
impl<const S: usize, const D: usize, const CS: usize, const CD: usize> Window for Same<S, D, CS, CD> {
    const STRIDE: [usize; 2] = [S, CS];
    const DILATION: [usize; 2] = [D, CD];
    const PADDING: Padding = Padding::Same;
    const NAME: &'static str = "Same";
    type Interleaved<X: Zeroed + Copy> = [X; D];
}

#[diagnostic::do_not_recommend]
impl<const S: usize, const D: usize, const CS: usize, const CD: usize> Window for Causal<S, D, CS, CD> {
    const STRIDE: [usize; 2] = [S, CS];
    const DILATION: [usize; 2] = [D, CD];
    const PADDING: Padding = Padding::Causal;
    const NAME: &'static str = "Causal";
    type Interleaved<X: Zeroed + Copy> = [X; D];
}

#[diagnostic::do_not_recommend]
impl<const Z: usize, const S: usize, const D: usize, const CZ: usize, const CS: usize, const CD: usize> Window
    for Padded<Z, S, D, CZ, CS, CD>
{
    const STRIDE: [usize; 2] = [S, CS];
    const DILATION: [usize; 2] = [D, CD];
    const PADDING: Padding = Padding::Explicit([Z, CZ]);
    const NAME: &'static str = "Padded";
    type Interleaved<X: Zeroed + Copy> = [X; D];
}

/// The window `P` over a series, an image of one row.
pub(crate) struct Row<P>(PhantomData<P>);

impl<P: Window> Window for Row<P> {
    const STRIDE: [usize; 2] = [1, P::STRIDE[0]];
    const DILATION: [usize; 2] = [1, P::DILATION[0]];
    const PADDING: Padding = match P::PADDING {
        Padding::Explicit([zeros, _]) => Padding::Explicit([0, zeros]),
        padding => padding,
    };
    const NAME: &'static str = P::NAME;
    const AXES: usize = 1;
    type Interleaved<X: Zeroed + Copy> = [X; 1];
}

/// The window `P` over the newest rows of a stream of images, as many as it has.
pub(crate) struct Newest<P>(PhantomData<P>);

impl<P: Window> Window for Newest<P> {
    const STRIDE: [usize; 2] = [1, P::STRIDE[1]];
    const DILATION: [usize; 2] = [1, P::DILATION[1]];
    const PADDING: Padding = P::PADDING;
    const ROW_PADDING: Padding = Padding::Valid;
    const NAME: &'static str = P::NAME;
    type Interleaved<X: Zeroed + Copy> = [X; 1];
}

/// The positions of the window `P` of `kernel` pixels over an image of `input` pixels, 0 if the window is larger than the
/// image, and the window itself.
pub(crate) const fn slide<P: Window>(input: [usize; 2], kernel: [usize; 2]) -> ([usize; 2], Sliding) {
    let (mut positions, mut before, mut after) = ([0; 2], [0; 2], [0; 2]);
    let mut axis = 0;
    while axis < 2 {
        let (length, stride, dilation) = (input[axis], P::STRIDE[axis], P::DILATION[axis]);
        if kernel[axis] > 0 && stride > 0 && dilation > 0 {
            let reach = (kernel[axis] - 1).saturating_mul(dilation).saturating_add(1);
            let padding = if axis == 0 { P::ROW_PADDING } else { P::PADDING };
            let zeros = match padding {
                Padding::Valid => [0; 2],
                Padding::Same => {
                    let zeros =
                        (length.saturating_sub(1) / stride * stride).saturating_add(reach).saturating_sub(length);
                    [zeros / 2, zeros - zeros / 2]
                }
                Padding::Causal => [reach - 1, 0],
                Padding::Explicit(zeros) => [zeros[axis]; 2],
            };
            let padded = zeros[0].saturating_add(length).saturating_add(zeros[1]);
            if length > 0 && reach <= padded {
                positions[axis] = (padded - reach) / stride + 1;
                before[axis] = zeros[0];
                after[axis] = ((positions[axis] - 1) * stride + reach).saturating_sub(zeros[0].saturating_add(length));
            }
        }
        axis += 1;
    }
    (positions, Sliding { axes: P::AXES, kernel, stride: P::STRIDE, dilation: P::DILATION, before, after })
}

/// The height and the width of the image from which the window `P` of `kernel` pixels makes one of `output` pixels: the
/// largest one with [`Same`] and [`Valid`], the smallest one with [`Padded`]. 0 if there is none.
pub(super) const fn grown<P: Window>(output: [usize; 2], kernel: [usize; 2]) -> [usize; 2] {
    let (mut input, mut axis) = ([0; 2], 0);
    while axis < 2 {
        let (length, stride, dilation) = (output[axis], P::STRIDE[axis], P::DILATION[axis]);
        if length > 0 && kernel[axis] > 0 {
            let reach = (kernel[axis] - 1).saturating_mul(dilation).saturating_add(1);
            let last = match P::PADDING {
                Padding::Valid if reach < stride => stride,
                Padding::Valid | Padding::Explicit(_) => reach,
                Padding::Same | Padding::Causal => stride,
            };
            let zeros = if let Padding::Explicit(zeros) = P::PADDING { zeros[axis] } else { 0 };
            let steps = (length - 1).saturating_mul(stride);
            input[axis] = steps.saturating_add(last).saturating_sub(zeros.saturating_mul(2));
        }
        axis += 1;
    }
    input
}

/// The steps of the window over images of `H`×`W` pixels.
pub(in crate::layers) struct Over<P, const H: usize, const W: usize, const K: usize, const KW: usize>(PhantomData<P>);

impl<P: Window, const H: usize, const W: usize, const K: usize, const KW: usize> Steps for Over<P, H, W, K, KW> {
    const STRIDE: [usize; 2] = P::STRIDE;
    const DILATION: [usize; 2] = P::DILATION;
    const BEFORE: [usize; 2] = slide::<P>([H, W], [K, KW]).1.before;
}

/// Appends the window, the bias and the width of the kernel as they are written after other arguments, such as
/// `, Same<2>, Bias, 4`: without the last ones that have their default. The window `Valid` with a stride of `default` is
/// one, and a square kernel. The bias is empty if it is the default, which `bias` contains as well.
pub(in crate::layers) const fn named<P: Window>(
    message: Message<64>,
    [rows, columns]: [usize; 2],
    default: [usize; 2],
    bias: [&str; 2],
) -> Message<64> {
    let [[stride, column_stride], [dilation, column_dilation]] = [P::STRIDE, P::DILATION];
    let steps = [stride, dilation, column_stride, column_dilation];
    let is_default = matches!(P::PADDING, Padding::Valid)
        && matches!(P::DILATION, [1, 1])
        && stride == default[0]
        && column_stride == default[1];
    if is_default && rows == columns && bias[0].is_empty() {
        return message;
    }
    let message = message.text(", ").text(P::NAME);
    let message = match P::PADDING {
        Padding::Explicit([zeros, column_zeros]) => arguments(
            message,
            &[zeros, stride, dilation, column_zeros, column_stride, column_dilation],
            &[None, Some(1), Some(1), Some(zeros), Some(stride), Some(dilation)],
        ),
        _ => arguments(message, &steps, &[Some(1), Some(1), Some(stride), Some(dilation)]),
    };
    if rows == columns {
        return message.text(bias[0]);
    }
    message.text(bias[bias[0].is_empty() as usize]).text(", ").number(columns as u128)
}

/// Appends constant arguments, `<2, 1, 3>`, up to the last that does not have its default.
const fn arguments(mut message: Message<64>, numbers: &[usize], defaults: &[Option<usize>]) -> Message<64> {
    let mut count = numbers.len();
    while count > 0 && matches!(defaults[count - 1], Some(default) if default == numbers[count - 1]) {
        count -= 1;
    }
    let mut index = 0;
    while index < count {
        message = message.text(if index == 0 { "<" } else { ", " }).number(numbers[index] as u128);
        index += 1;
    }
    if count == 0 { message } else { message.text(">") }
}

/// The rows and the columns of the window at the position `at` that are inside the image.
#[inline(always)]
pub(crate) fn inside<P: Window, const H: usize, const W: usize, const K: usize, const KW: usize>(
    at: [usize; 2],
) -> [Range<usize>; 2] {
    let Sliding { before, after, .. } = const { slide::<P>([H, W], [K, KW]).1 };
    let (length, kernel) = ([H, W], [K, KW]);
    let mut taps = [0..0, 0..0];
    for axis in 0..2 {
        if before[axis] == 0 && after[axis] == 0 {
            // A constant range, so that loops over it are unrolled.
            taps[axis] = 0..kernel[axis];
            continue;
        }
        let start = at[axis] * P::STRIDE[axis];
        let first = before[axis].saturating_sub(start).div_ceil(P::DILATION[axis]);
        let end = (before[axis] + length[axis]).saturating_sub(start).div_ceil(P::DILATION[axis]);
        taps[axis] = first..kernel[axis].min(end);
    }
    taps
}

/// The pixel under row and column `tap` of the window at the position `at`, which is inside the image.
#[inline(always)]
pub(crate) fn pixel<P: Window, const H: usize, const W: usize, const K: usize, const KW: usize>(
    at: [usize; 2],
    tap: [usize; 2],
) -> [usize; 2] {
    [0, 1].map(|axis| place::<P, H, W, K, KW>(axis, at[axis], tap[axis]))
}

/// The row or column, depending on `axis`, of such a pixel.
#[inline(always)]
pub(crate) fn place<P: Window, const H: usize, const W: usize, const K: usize, const KW: usize>(
    axis: usize,
    at: usize,
    tap: usize,
) -> usize {
    let before = const { slide::<P>([H, W], [K, KW]).1.before };
    at * P::STRIDE[axis] + tap * P::DILATION[axis] - before[axis]
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};

    use super::*;

    fn written<P: Window>(kernel: [usize; 2], default: [usize; 2]) -> String {
        named::<P>(Message::new(), kernel, default, ["", ""]).as_str().to_string()
    }

    #[test]
    fn windows_are_named_as_they_are_written() {
        let same = [1, 1];
        assert_eq!(written::<Valid>([3, 3], same), "");
        assert_eq!(written::<Valid<2>>([2, 2], [2, 2]), "");
        assert_eq!(written::<Valid>([2, 2], [2, 2]), ", Valid");
        assert_eq!(written::<Valid>([3, 2], same), ", Valid, 2");
        assert_eq!(written::<Valid<2, 1, 3>>([3, 3], same), ", Valid<2, 1, 3>");
        assert_eq!(written::<Valid<1, 1, 3>>([3, 3], same), ", Valid<1, 1, 3>");
        assert_eq!(written::<Same<1, 2>>([3, 3], same), ", Same<1, 2>");
        assert_eq!(written::<Same<1, 2, 1, 1>>([10, 4], same), ", Same<1, 2, 1, 1>, 4");
        assert_eq!(written::<Padded<1>>([3, 3], same), ", Padded<1>");
        assert_eq!(written::<Padded<0, 2>>([3, 3], same), ", Padded<0, 2>");
        assert_eq!(written::<Padded<1, 2, 1, 0>>([3, 3], same), ", Padded<1, 2, 1, 0>");
        assert_eq!(written::<Padded<1, 1, 1, 1, 1, 5>>([3, 3], same), ", Padded<1, 1, 1, 1, 1, 5>");
    }
}
