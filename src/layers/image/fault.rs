//! The reasons why layers of images and series do not fit, and the shapes that follow from their input.

use super::window::{Window, grown, slide};
use crate::{Tensor, layer::Sliding, message::Message};

/// What a layer takes: images, or series, which are images of one row.
#[derive(Clone, Copy)]
struct Words {
    axes: usize,
    one: &'static str,
    many: &'static str,
    pixels: &'static str,
    one_of_them: &'static str,
    written: &'static str,
}

impl Words {
    const fn of<P: Window>() -> Self {
        if P::AXES == 1 {
            return Self {
                axes: 1,
                one: "series",
                many: "series",
                pixels: "steps",
                one_of_them: "a series of at least 1 step",
                written: "a series `[[T; CHANNELS]; STEPS]`",
            };
        }
        Self {
            axes: 2,
            one: "image",
            many: "images",
            pixels: "pixels",
            one_of_them: "an image of at least 1 pixel",
            written: "an image `[[[T; CHANNELS]; WIDTH]; HEIGHT]`",
        }
    }

    /// Appends the lengths of the axes, or those of the axes and the number of channels.
    const fn list(self, message: Message, lengths: &[usize]) -> Message {
        message.text("[").list(lengths.split_at(2 - self.axes).1).text("]")
    }
}

/// The axes of an image: height, width and channels; a series has a height of 1. Those of another tensor are ones, so
/// that a layer that does not take it has a shape.
pub(super) const fn extents<X: Tensor, P: Window>() -> [usize; 3] {
    match (P::AXES, X::RANK) {
        (2, 3) => [X::AXES[0], X::AXES[1], X::AXES[2]],
        (1, 2) => [1, X::AXES[0], X::AXES[1]],
        _ => [1, 1, 1],
    }
}

/// The arguments of an inferred layer: the axes of the input, and the height and width of the output.
const fn completed([height, width, channels]: [usize; 3], [rows, columns]: [usize; 2]) -> [usize; 6] {
    [height, width, channels, if rows == 0 { 1 } else { rows }, if columns == 0 { 1 } else { columns }, 0]
}

/// The arguments of an inferred layer with a window.
pub(in crate::layers) const fn inferred<I: Tensor, P: Window>(kernel: [usize; 2]) -> [usize; 6] {
    let input = extents::<I, P>();
    completed(input, slide::<P>([input[0], input[1]], kernel).0)
}

/// The arguments of an inferred layer whose output is the input of a window.
pub(super) const fn inferred_grown<I: Tensor, P: Window>(kernel: [usize; 2]) -> [usize; 6] {
    let input = extents::<I, P>();
    completed(input, grown::<P>([input[0], input[1]], kernel))
}

/// The fault of a layer of images (or of series, depending on `P`) that is given an `X`, or `None` if it takes it.
pub(in crate::layers) const fn other_tensor<X: Tensor, P: Window>(layer: &str) -> Option<Message> {
    if X::RANK == P::AXES + 1 {
        return None;
    }
    let fault = but_given::<X>(Message::naming(layer).text("takes ").text(Words::of::<P>().written));
    Some(if P::AXES == 1 { fault.about_a_series() } else { fault })
}

/// The end of the fault of a layer that is given an `X`.
const fn but_given<X: Tensor>(message: Message) -> Message {
    match X::FORM.members() {
        None => message.text(", but is given a tensor of shape [").list(X::SHAPE).text("]"),
        Some(_) => {
            let message = X::FORM.written(message.text(", but is given `"));
            message.text("`: `First` and `Second` output its members")
        }
    }
}

/// The fault of a layer of channels that is given a pair.
pub(in crate::layers) const fn pair<X: Tensor>(layer: &str) -> Option<Message> {
    match X::FORM.members() {
        None => None,
        Some(_) => Some(but_given::<X>(Message::naming(layer).text("takes channels"))),
    }
}

/// The reason why a layer with this window does not take an `X`, or `None` if it does.
pub(in crate::layers) const fn misfit<X: Tensor, P: Window>(layer: &str, kernel: [usize; 2]) -> Option<Message> {
    if let Some(fault) = other_tensor::<X, P>(layer) {
        return Some(fault);
    }
    let [height, width, _] = extents::<X, P>();
    window_fault::<P>(layer, [height, width], kernel)
}

/// [`misfit`] for a pooling layer.
pub(in crate::layers) const fn misfit_of_pool<X: Tensor, P: Window>(
    layer: &str,
    kernel: [usize; 2],
) -> Option<Message> {
    if let Some(fault) = misfit::<X, P>(layer, kernel) {
        return Some(fault);
    }
    let [height, width, _] = extents::<X, P>();
    blind::<P>(layer, [height, width], kernel)
}

/// [`misfit`] for a layer whose output is the input of the window.
pub(super) const fn misfit_of_transposed<X: Tensor, P: Window>(layer: &str, kernel: [usize; 2]) -> Option<Message> {
    if let Some(fault) = other_tensor::<X, P>(layer) {
        return Some(fault);
    }
    let [height, width, _] = extents::<X, P>();
    transposed_fault::<P>(layer, [height, width], kernel)
}

/// The fault of an image or a window without pixels, or of one that makes no steps.
const fn settings_fault<P: Window>(layer: &str, input: [usize; 2], kernel: [usize; 2]) -> Option<Message> {
    let (message, words) = (Message::naming(layer), Words::of::<P>());
    if input[0] == 0 || input[1] == 0 {
        let message = message.text("takes ").text(words.one_of_them).text(", but is given one of ");
        return Some(words.list(message, &input).text(" ").text(words.pixels));
    }
    if kernel[0] == 0 || kernel[1] == 0 {
        return Some(message.text("has a window without ").text(words.pixels).text(": its size is at least 1"));
    }
    if P::STRIDE[0] == 0 || P::STRIDE[1] == 0 || P::DILATION[0] == 0 || P::DILATION[1] == 0 {
        let message = message.text("has a stride or a dilation of 0 ").text(words.pixels);
        return Some(message.text(": both are at least 1"));
    }
    None
}

/// The fault of a window that has no position in the image, or makes no steps.
const fn window_fault<P: Window>(layer: &str, input: [usize; 2], kernel: [usize; 2]) -> Option<Message> {
    if let Some(fault) = settings_fault::<P>(layer, input, kernel) {
        return Some(fault);
    }
    let words = Words::of::<P>();
    let (output, _) = slide::<P>(input, kernel);
    if output[0] == 0 || output[1] == 0 {
        let message = Message::naming(layer).text("has a window of ");
        let message = words.list(message, &kernel).text(" ").text(words.pixels);
        let message = if P::DILATION[0] > 1 || P::DILATION[1] > 1 {
            words.list(message.text(" at dilations of "), &P::DILATION)
        } else {
            message
        };
        let message = words.list(message.text(", larger than the ").text(words.one).text(" of "), &input);
        let padding = if words.axes == 1 { "pad it, `Causal` or `Same`" } else { "pad it, `Same`" };
        return Some(message.text(": ").text(padding).text(", or pool less"));
    }
    None
}

/// The fault of a transposed convolution that cuts off the whole image.
const fn transposed_fault<P: Window>(layer: &str, input: [usize; 2], kernel: [usize; 2]) -> Option<Message> {
    if let Some(fault) = settings_fault::<P>(layer, input, kernel) {
        return Some(fault);
    }
    let output = grown::<P>(input, kernel);
    if output[0] == 0 || output[1] == 0 {
        return Some(Message::naming(layer).text("cuts off all pixels of its output: reduce the padding"));
    }
    None
}

/// The fault of a pooling window that, at one of its positions, sees only padding.
const fn blind<P: Window>(layer: &str, input: [usize; 2], kernel: [usize; 2]) -> Option<Message> {
    let (positions, Sliding { before, .. }) = slide::<P>(input, kernel);
    let mut axis = 0;
    while axis < 2 {
        let dilation = P::DILATION[axis];
        let mut position = 0;
        while position < positions[axis] {
            let start = position * P::STRIDE[axis];
            // The first pixel of the window that is not before the image.
            let outside = if start < before[axis] { (before[axis] - start).div_ceil(dilation) } else { 0 };
            let first = outside.saturating_mul(dilation).saturating_add(start);
            if outside >= kernel[axis] || first >= before[axis] + input[axis] {
                let message = Message::naming(layer).text("has a window that sees only padding");
                return Some(message.text(": reduce the padding or the dilation"));
            }
            position += 1;
        }
        axis += 1;
    }
    None
}

/// The fault of a layer with this window from an image `input` to an image `output` of `channels` channels, or `None`.
pub(in crate::layers) const fn mismatch<P: Window>(
    layer: &str,
    input: [usize; 3],
    kernel: [usize; 2],
    output: [usize; 3],
    channels: usize,
) -> Option<Message> {
    if let Some(fault) = window_fault::<P>(layer, [input[0], input[1]], kernel) {
        return Some(fault);
    }
    let ([height, width], _) = slide::<P>([input[0], input[1]], kernel);
    unlike::<P>(layer, input, [height, width, channels], output)
}

/// [`mismatch`] for a pooling layer.
pub(in crate::layers) const fn mismatch_of_pool<P: Window>(
    layer: &str,
    input: [usize; 3],
    kernel: [usize; 2],
    output: [usize; 3],
) -> Option<Message> {
    if let Some(fault) = mismatch::<P>(layer, input, kernel, output, input[2]) {
        return Some(fault);
    }
    blind::<P>(layer, [input[0], input[1]], kernel)
}

/// [`mismatch`] for a layer whose output is the input of the window.
pub(super) const fn mismatch_of_transposed<P: Window>(
    layer: &str,
    input: [usize; 3],
    kernel: [usize; 2],
    output: [usize; 3],
    channels: usize,
) -> Option<Message> {
    if let Some(fault) = transposed_fault::<P>(layer, [input[0], input[1]], kernel) {
        return Some(fault);
    }
    let [height, width] = grown::<P>([input[0], input[1]], kernel);
    unlike::<P>(layer, input, [height, width, channels], output)
}

/// The fault of a layer that outputs images of the shape `output`, but whose type says `written`, or `None`.
pub(super) const fn unlike<P: Window>(
    layer: &str,
    input: [usize; 3],
    output: [usize; 3],
    written: [usize; 3],
) -> Option<Message> {
    let (message, words) = (Message::naming(layer), Words::of::<P>());
    if input[2] == 0 || output[2] == 0 {
        return Some(message.text("has no channels: there is at least 1"));
    }
    if output[0] == written[0] && output[1] == written[1] && output[2] == written[2] {
        return None;
    }
    let message = words.list(message.text("outputs ").text(words.many).text(" of "), &output);
    Some(words.list(words.list(message.text(" from "), &input).text(", but its type says "), &written))
}

/// The fault of a layer that pools all pixels of `I`, if `I` has none.
pub(super) const fn not_an_image<I: Tensor>(kind: &str) -> Option<Message> {
    if I::RANK < 2 || I::LEN == 0 { Some(but_given::<I>(Message::naming(kind).text("takes an image"))) } else { None }
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};

    use super::*;
    use crate::layers::image::{Padded, Same, Valid, window::Row};

    fn fault<P: Window>(input: [usize; 2]) -> String {
        window_fault::<P>("Conv2d", input, [3, 3]).unwrap().as_str().to_string()
    }

    #[test]
    fn faults_of_extreme_windows_are_described() {
        const MOST: usize = usize::MAX;
        assert!(fault::<Valid<1, MOST>>([8, 8]).contains("larger than the image of [8, 8]"));
        assert!(fault::<Padded<1, 1, MOST>>([8, 8]).contains("larger than the image of [8, 8]"));
        assert!(
            fault::<Valid>([0, 8]).contains("takes an image of at least 1 pixel, but is given one of [0, 8] pixels")
        );
        assert!(fault::<Row<Valid<1, MOST>>>([1, 8]).contains("larger than the series of [8]"));
        assert!(transposed_fault::<Valid<MOST, MOST>>("ConvTranspose2d", [2, 2], [3, 3]).is_none());
        assert!(blind::<Same<1, MOST>>("MaxPool2d", [8, 8], [2, 2]).is_some());
    }
}
