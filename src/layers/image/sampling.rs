//! The places of the pixels of a resized image.

/// Where the pixels of a [resized](super::Resize2d) image lie in the image: [`HalfPixel`], [`Corners`] or [`TopLeft`].
/// Along each axis, the size of the image is `N`, and that of the resized one `M`.
pub trait Sampling: Send + Sync + 'static {
    /// Whether the centers of the pixels at both ends lie at those of the image.
    const CORNERS: bool;
    /// Whether pixels have their place in the middle.
    const MIDDLE: bool;
}

/// The areas of both images are the same: pixel `i` is at `(i + ½)·N/M − ½`. It is the `half_pixel_centers` of
/// TensorFlow Lite, and the default of PyTorch and Keras.
#[derive(Clone, Copy, Debug)]
pub struct HalfPixel;

/// The corner pixels of both images are the same: pixel `i` is at `i·(N − 1)/(M − 1)`. It is `align_corners`.
#[derive(Clone, Copy, Debug)]
pub struct Corners;

/// The top left pixels of both images are the same: pixel `i` is at `i·N/M`.
#[derive(Clone, Copy, Debug)]
pub struct TopLeft;

impl Sampling for HalfPixel {
    const CORNERS: bool = false;
    const MIDDLE: bool = true;
}

impl Sampling for Corners {
    const CORNERS: bool = true;
    const MIDDLE: bool = false;
}

impl Sampling for TopLeft {
    const CORNERS: bool = false;
    const MIDDLE: bool = false;
}

/// Two pixels of an axis, and the share of the second one.
#[derive(Clone, Copy)]
pub(super) struct Between {
    pub(super) pixels: [usize; 2],
    pub(super) share: f64,
}

/// The place of each pixel of an axis.
pub(super) const fn places<M: Sampling, const N: usize, const TO: usize>() -> [Between; TO] {
    let mut places = [Between { pixels: [0; 2], share: 0.0 }; TO];
    let (last, mut pixel) = (N.saturating_sub(1), 0);
    while pixel < TO {
        let place = if M::CORNERS && TO > 1 {
            (pixel * last) as f64 / (TO - 1) as f64
        } else if M::MIDDLE {
            ((2 * pixel + 1) * N) as f64 / (2 * TO) as f64 - 0.5
        } else {
            (pixel * N) as f64 / TO as f64
        };
        let place = if place < 0.0 { 0.0 } else { place };
        let first = if place as usize > last { last } else { place as usize };
        let second = if first < last { first + 1 } else { last };
        places[pixel] =
            Between { pixels: [first, second], share: if first < last { place - first as f64 } else { 0.0 } };
        pixel += 1;
    }
    places
}
