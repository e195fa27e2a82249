//! Layers that are one layer in this crate.

use super::{Layer, Scale, Window};

/// Makes one layer of those that this crate has as one: a layer and its activation, zeros and the window after them, and
/// a pool over all of an image.
pub fn merge(layers: &mut Vec<Layer>) {
    let mut merged: Vec<Layer> = Vec::new();
    for mut layer in layers.drain(..) {
        if let Layer::Branches { first, second, .. } = &mut layer {
            merge(first);
            merge(second);
        }
        if let Some(Layer::Reshape { from, to }) = merged.last()
            && from == to
        {
            merged.pop();
        }
        if merged.last_mut().is_none_or(|last| !absorbs(last, &mut layer)) {
            merged.push(layer);
        } else if let (Some(last), layer @ (Layer::Conv2d { .. } | Layer::DepthwiseConv2d { .. })) =
            (merged.last_mut(), layer)
        {
            // The layer has absorbed the zeros before it.
            *last = layer;
        }
    }
    if let [.., _, Layer::Reshape { from, to }] = &merged[..]
        && from == to
    {
        merged.pop();
    }
    output_last_states(&mut merged);
    *layers = merged;
}

/// Makes an LSTM of which only the last state is read output no other.
fn output_last_states(layers: &mut Vec<Layer>) {
    for place in 0..layers.len() {
        if let Some(
            [
                Layer::Lstm { series: [steps, _], units, all, .. },
                Layer::Reshape { .. },
                Layer::Crop { images: [image, cropped], before },
                Layer::Reshape { to, .. },
                ..,
            ],
        ) = layers.get_mut(place..)
            && (*image, *before, *cropped) == ([1, *steps, *units], [0, *steps - 1], [1, 1, *units])
            && to[..] == [*units]
        {
            *all = false;
            layers.drain(place + 1..place + 4);
        }
    }
}

/// Whether one of two layers in sequence includes the other from now on.
fn absorbs(last: &mut Layer, layer: &mut Layer) -> bool {
    match (last, layer) {
        (
            Layer::Dense { constants, .. }
            | Layer::Conv2d { constants, .. }
            | Layer::ConvTranspose2d { constants, .. }
            | Layer::DepthwiseConv2d { constants, .. },
            Layer::Activate { activation, output, .. },
        ) if constants.activation == "Linear" && includes(activation, *output) => {
            constants.activation = activation;
            true
        }
        (
            Layer::ZeroPad { images: zeros, before, zero },
            Layer::Conv2d { images, window, constants, .. } | Layer::DepthwiseConv2d { images, window, constants, .. },
        ) if *zero == constants.input.zero => {
            match window.is_inside().then(|| window.padded([zeros[0], images[1]], *before)).flatten() {
                Some(padded) => {
                    (images[0], *window) = (zeros[0], padded);
                    true
                }
                None => false,
            }
        }
        (last @ Layer::Pool { name: "AveragePool2d", .. }, Layer::Reshape { to, .. }) => {
            let Layer::Pool { images: [image, [1, 1, channels]], window: Window { kernel, .. }, .. } = last else {
                return false;
            };
            if to[..] != [*channels] || kernel[..] != image[..2] {
                return false;
            }
            *last = Layer::GlobalAveragePool { shape: image.to_vec(), rescale: None };
            true
        }
        (
            Layer::UpSample { images: [_, to], factors: [rows, columns] },
            Layer::UpSample { images: [_, last], factors: [more_rows, more_columns] },
        ) => {
            (*to, *rows, *columns) = (*last, *rows * *more_rows, *columns * *more_columns);
            true
        }
        (Layer::Reshape { to, .. }, Layer::Reshape { to: last, .. }) => {
            *to = std::mem::take(last);
            true
        }
        _ => false,
    }
}

/// Whether a layer with weights can end in this activation, whose output then has its usual scale.
fn includes(activation: &str, output: Scale) -> bool {
    // The table of these depends on the scale of their output.
    if matches!(activation, "Abs" | "HardSwish" | "Rsqrt") {
        return output == Scale::REAL;
    }
    let is_usual = Scale::of_activation(activation).is_none_or(|usual| output == usual || output == Scale::REAL);
    activation != "Requantize" && is_usual
}
