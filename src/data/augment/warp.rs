//! Changes of images that interpolate between pixels.

use super::{Augmentation, symmetric};
use crate::{
    Rng,
    kernel::Element,
    layers::Image,
    range::in_range,
    zeroed::{fits_stack, large},
};

/// Rotates each image around its center by a random angle of up to this many degrees, from 0 to 180, in either direction.
/// Values between pixels are interpolated linearly. Pixels from outside the image are 0.
///
/// It needs a copy of the image, on the stack, or on the heap if it is above 256 KiB.
///
/// ```
/// use shiplap::{Rng, data::augment::{Augmentation, Rotate}};
///
/// let mut images = [[[[0.0f32]; 3], [[1.0]; 3], [[0.0]; 3]]; 20]; // a horizontal line
/// Rotate(90.0).augment(&mut images, &mut Rng::new(1))?;
/// assert!(images.iter().all(|image| (image[1][1][0] - 1.0).abs() < 1e-6));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotate(pub f64);

impl<T: Element, const H: usize, const W: usize, const C: usize> Augmentation<Image<H, W, C, T>> for Rotate {
    fn check(&self) -> Result<(), &'static str> {
        in_range((0.0..=180.0).contains(&self.0), "the angle of `Rotate` must be from 0 to 180 degrees")
    }

    fn apply(&self, image: &mut Image<H, W, C, T>, rng: &mut Rng) {
        rotate(image, symmetric(self.0, rng));
    }
}

/// Enlarges a random part of each image to its size: a part of the same proportions, whose height and width are a random
/// share, from this setting to 1, of those of the image. The setting is above 0 and at most 1. Values between pixels are
/// interpolated linearly.
///
/// It needs a copy of the image, on the stack, or on the heap if it is above 256 KiB.
///
/// ```
/// use shiplap::{Rng, data::augment::{Augmentation, Crop}};
///
/// let mut images = [[[[0.0f32], [1.0], [2.0], [3.0]]; 4]; 20];
/// Crop(0.5).augment(&mut images, &mut Rng::new(1))?;
/// assert!(images.iter().all(|image| image[0][3][0] - image[0][0][0] <= 3.0)); // a smaller range of columns
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crop(pub f64);

impl<T: Element, const H: usize, const W: usize, const C: usize> Augmentation<Image<H, W, C, T>> for Crop {
    fn check(&self) -> Result<(), &'static str> {
        in_range(self.0 > 0.0 && self.0 <= 1.0, "the share of `Crop` must be above 0 and at most 1")
    }

    fn apply(&self, image: &mut Image<H, W, C, T>, rng: &mut Rng) {
        let share = self.0 + (1.0 - self.0) * rng.uniform();
        let start = [H, W].map(|length| (1.0 - share) * length as f64 * rng.uniform());
        crop(image, share, start);
    }
}

/// Rotates an image clockwise.
fn rotate<T: Element, const H: usize, const W: usize, const C: usize>(image: &mut Image<H, W, C, T>, degrees: f64) {
    let radians = degrees.to_radians();
    let (sine, cosine) = (libm::sin(radians), libm::cos(radians));
    let center = [H, W].map(|length| (length as f64 - 1.0) / 2.0);
    warp(image, |[row, column]| {
        let (y, x) = (row - center[0], column - center[1]);
        [center[0] + cosine * y - sine * x, center[1] + sine * y + cosine * x]
    });
}

/// Enlarges the part of an image that begins at `start`, and whose sides are a `share` of those of the image.
fn crop<T: Element, const H: usize, const W: usize, const C: usize>(
    image: &mut Image<H, W, C, T>,
    share: f64,
    start: [f64; 2],
) {
    warp(image, |place| {
        let inside = |axis: usize, length: usize| {
            // The center of a pixel is half a pixel from its edge.
            let source = start[axis] + (place[axis] + 0.5) * share - 0.5;
            source.clamp(0.0, (length as f64 - 1.0).max(0.0))
        };
        [inside(0, H), inside(1, W)]
    });
}

/// Replaces the pixel at each place by that at the place `source` of the image before.
fn warp<T: Element, const H: usize, const W: usize, const C: usize>(
    image: &mut Image<H, W, C, T>,
    source: impl Fn([f64; 2]) -> [f64; 2],
) {
    if const { fits_stack(size_of::<Image<H, W, C, T>>()) } {
        let copy = *image;
        interpolate(&copy, image, source);
    } else {
        let mut copy = large::<Image<H, W, C, T>>();
        copy.copy_from_slice(&image[..]);
        interpolate(&copy, image, source);
    }
}

fn interpolate<T: Element, const H: usize, const W: usize, const C: usize>(
    from: &Image<H, W, C, T>,
    to: &mut Image<H, W, C, T>,
    source: impl Fn([f64; 2]) -> [f64; 2],
) {
    for (row, pixels) in to.iter_mut().enumerate() {
        for (column, pixel) in pixels.iter_mut().enumerate() {
            let place = source([row as f64, column as f64]);
            let [y, x] = place.map(libm::floor);
            let mut sum = [0.0; C];
            for (y, of_row) in [(y, 1.0 - (place[0] - y)), (y + 1.0, place[0] - y)] {
                for (x, of_column) in [(x, 1.0 - (place[1] - x)), (x + 1.0, place[1] - x)] {
                    let weight = of_row * of_column;
                    let is_inside = (0.0..H as f64).contains(&y) && (0.0..W as f64).contains(&x);
                    if weight > 0.0 && is_inside {
                        let neighbor = &from[y as usize][x as usize];
                        sum.iter_mut().zip(neighbor).for_each(|(sum, value)| *sum += weight * value.to_f64());
                    }
                }
            }
            *pixel = sum.map(T::from_f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{boxed::Box, vec};

    use super::*;

    fn is_close<const H: usize, const W: usize, const C: usize>(
        a: Image<H, W, C, f64>,
        b: Image<H, W, C, f64>,
    ) -> bool {
        let values = |image: &Image<H, W, C, f64>| image.as_flattened().as_flattened().to_vec();
        values(&a).iter().zip(values(&b)).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn rotations_by_right_angles_exchange_pixels() {
        let image = [[[1.0, 10.0], [2.0, 20.0]], [[3.0, 30.0], [4.0, 40.0]]];
        let rotated = |degrees| {
            let mut image = image;
            rotate(&mut image, degrees);
            image
        };
        assert!(is_close(rotated(0.0), image));
        assert!(is_close(rotated(90.0), [[[3.0, 30.0], [1.0, 10.0]], [[4.0, 40.0], [2.0, 20.0]]]));
        assert!(is_close(rotated(-90.0), [[[2.0, 20.0], [4.0, 40.0]], [[1.0, 10.0], [3.0, 30.0]]]));
        assert!(is_close(rotated(180.0), [[[4.0, 40.0], [3.0, 30.0]], [[2.0, 20.0], [1.0, 10.0]]]));
        // Pixels from outside are 0.
        let mut wide = [[[1.0], [2.0], [3.0]]];
        rotate(&mut wide, 90.0);
        assert!(is_close(wide, [[[0.0], [2.0], [0.0]]]));
    }

    #[test]
    fn values_between_pixels_are_interpolated() {
        let mut image = [[[0.0], [0.0], [0.0]], [[0.0], [8.0], [0.0]], [[0.0], [0.0], [0.0]]];
        rotate(&mut image, 45.0);
        // The neighbor above comes from (1 − √½, 1 + √½)·: 1 − √½ pixels from the center along both axes.
        let side = (1.0 - 0.5f64.sqrt()) * (1.0 - 0.5f64.sqrt()) * 8.0;
        assert!(is_close(image, [[[0.0], [side], [0.0]], [[side], [8.0], [side]], [[0.0], [side], [0.0]]]));
    }

    #[test]
    fn crops_are_enlarged() {
        let columns = [[[0.0, 1.0], [4.0, 1.0], [8.0, 1.0], [12.0, 1.0]]; 4];
        let cropped = |share, start| {
            let mut image = columns;
            crop(&mut image, share, start);
            image
        };
        assert!(is_close(cropped(1.0, [0.0; 2]), columns));
        // The middle half: columns 1 and 2, from edge to edge.
        assert!(is_close(cropped(0.5, [1.0; 2]), [[[3.0, 1.0], [5.0, 1.0], [7.0, 1.0], [9.0, 1.0]]; 4]));
        // At the edge of the image, the outermost pixel continues.
        assert!(is_close(cropped(0.5, [0.0; 2]), [[[0.0, 1.0], [1.0, 1.0], [3.0, 1.0], [5.0, 1.0]]; 4]));
    }

    #[test]
    fn random_changes_reach_their_limits_and_no_more() {
        let mut images = vec![[[[0.0f32], [1.0], [2.0], [3.0]]; 4]; 2000];
        Crop(0.5).augment(&mut images, &mut Rng::new(1)).unwrap();
        let middle = |image: &Image<4, 4, 1>| image[0][2][0] - image[0][1][0];
        let least = images.iter().map(middle).fold(1.0, f32::min);
        assert!((0.5 - 1e-6..0.51).contains(&least), "{least}");
        assert!(images.iter().map(middle).all(|step| step <= 1.0 + 1e-6));
        assert!(images.iter().any(|image| image[0][0] == [0.0]) && images.iter().any(|image| image[0][3] == [3.0]));

        let mut images = vec![[[[0.0f32]; 3], [[1.0]; 3], [[0.0]; 3]]; 2000];
        Rotate(10.0).augment(&mut images, &mut Rng::new(1)).unwrap();
        let rise = |image: &Image<3, 3, 1>| image[2][2][0] - image[0][2][0];
        let most = images.iter().map(|image| rise(image).abs()).fold(0.0, f32::max);
        let (sine, cosine) = 10f32.to_radians().sin_cos();
        // A corner comes from between the line and the row beside it, and from between the last column and the outside.
        let limit = (1.0 + sine - cosine) * (2.0 - sine - cosine);
        assert!(most > 0.95 * limit && most <= limit + 1e-6, "{most}");
        assert!(images.iter().any(|image| rise(image) > 0.1) && images.iter().any(|image| rise(image) < -0.1));
    }

    #[test]
    fn large_images_are_copied_to_the_heap() {
        let mut image = Box::<Image<300, 300, 3>>::new([[[1.0; 3]; 300]; 300]);
        rotate(&mut image, 90.0);
        assert!(image.as_flattened().as_flattened().iter().all(|value| (value - 1.0).abs() < 1e-5));
    }
}
