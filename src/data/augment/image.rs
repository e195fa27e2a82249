//! Changes of images that move or replace pixels.

use super::{Augmentation, index, symmetric};
use crate::{
    Rng,
    kernel::Element,
    layers::Image,
    range::{at_least_0, in_range},
};

/// Flips each image with probability ½ along each of the chosen axes.
///
/// ```
/// use shiplap::{Rng, data::augment::{Augmentation, Flip}};
///
/// let mut images = [[[[1.0f32, 10.0], [2.0, 20.0]]]; 20]; // 1×2 pixels of two channels
/// Flip::HORIZONTAL.augment(&mut images, &mut Rng::new(1))?;
/// assert!(images.contains(&[[[2.0, 20.0], [1.0, 10.0]]]) && images.contains(&[[[1.0, 10.0], [2.0, 20.0]]]));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flip {
    /// Whether left and right may be exchanged.
    pub horizontal: bool,
    /// Whether top and bottom may be exchanged.
    pub vertical: bool,
}

impl Flip {
    /// Exchanges left and right.
    pub const HORIZONTAL: Self = Self { horizontal: true, vertical: false };
    /// Exchanges top and bottom.
    pub const VERTICAL: Self = Self { horizontal: false, vertical: true };
    /// Exchanges left and right, and independently top and bottom.
    pub const BOTH: Self = Self { horizontal: true, vertical: true };
}

impl<T: Element, const H: usize, const W: usize, const C: usize> Augmentation<Image<H, W, C, T>> for Flip {
    fn apply(&self, image: &mut Image<H, W, C, T>, rng: &mut Rng) {
        if self.horizontal && rng.uniform() < 0.5 {
            image.iter_mut().for_each(|row| row.reverse());
        }
        if self.vertical && rng.uniform() < 0.5 {
            image.reverse();
        }
    }
}

/// Shifts each image by a random number of pixels along each axis, and fills the gap with zeros. In a network whose
/// input is padded, it is the random crop of a padded image.
///
/// ```
/// use shiplap::{Rng, data::augment::{Augmentation, Shift}};
///
/// let mut images = [[[[0.0f32], [0.0]], [[9.0], [0.0]]]; 50];
/// Shift::by(1).augment(&mut images, &mut Rng::new(1))?;
/// assert!(images.contains(&[[[0.0], [9.0]], [[0.0], [0.0]]])); // up and right
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The most rows, up or down.
    pub rows: usize,
    /// The most columns, left or right.
    pub columns: usize,
}

impl Shift {
    /// Shifts by up to `pixels` pixels along each axis.
    pub const fn by(pixels: usize) -> Self {
        Self { rows: pixels, columns: pixels }
    }
}

impl<T: Element, const H: usize, const W: usize, const C: usize> Augmentation<Image<H, W, C, T>> for Shift {
    fn apply(&self, image: &mut Image<H, W, C, T>, rng: &mut Rng) {
        let mut draw = |most: usize, length: usize| {
            let most = most.min(length);
            index(2 * most + 1, rng) as isize - most as isize
        };
        let (down, right) = (draw(self.rows, H), draw(self.columns, W));
        let empty = [T::zero(); C];
        for number in 0..H {
            // Rows are moved before they are overwritten.
            let row = if down > 0 { H - 1 - number } else { number };
            match row.checked_add_signed(-down).filter(|&from| from < H) {
                Some(from) => image.copy_within(from..=from, row),
                None => image[row].fill(empty),
            }
            let (gap, pixels) = (right.unsigned_abs(), &mut image[row]);
            if right > 0 {
                pixels.copy_within(..W - gap, gap);
                pixels[..gap].fill(empty);
            } else {
                pixels.copy_within(gap.., 0);
                pixels[W - gap..].fill(empty);
            }
        }
    }
}

/// Sets a rectangle of each image to 0. Its center is a random pixel, so that a part of it may be outside (DeVries and
/// Taylor 2017).
///
/// ```
/// use shiplap::{Rng, data::augment::{Augmentation, CutOut}};
///
/// let mut images = [[[[1.0f32]; 3]; 3]; 20];
/// CutOut::square(1).augment(&mut images, &mut Rng::new(1))?;
/// assert!(images.iter().all(|image| image.as_flattened().iter().filter(|pixel| pixel[0] == 0.0).count() == 1));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutOut {
    /// The height, at least 1.
    pub rows: usize,
    /// The width, at least 1.
    pub columns: usize,
}

impl CutOut {
    /// A square with sides of `pixels` pixels, at least 1.
    pub const fn square(pixels: usize) -> Self {
        Self { rows: pixels, columns: pixels }
    }
}

impl<T: Element, const H: usize, const W: usize, const C: usize> Augmentation<Image<H, W, C, T>> for CutOut {
    fn check(&self) -> Result<(), &'static str> {
        in_range(self.rows > 0 && self.columns > 0, "the sides of `CutOut` must be at least 1 pixel")
    }

    fn apply(&self, image: &mut Image<H, W, C, T>, rng: &mut Rng) {
        if H == 0 || W == 0 {
            return;
        }
        let mut draw = |size: usize, length: usize| {
            let center = index(length, rng);
            center.saturating_sub(size / 2)..center.saturating_add(size - size / 2).min(length)
        };
        let (rows, columns) = (draw(self.rows, H), draw(self.columns, W));
        image[rows].iter_mut().for_each(|row| row[columns.clone()].fill([T::zero(); C]));
    }
}

/// Adds the same random number, at most this setting in magnitude, to all pixels and channels of an image. The setting is
/// finite and at least 0, in the unit of the pixels. The sums are not limited to a range.
///
/// ```
/// use shiplap::{Rng, data::augment::{Augmentation, Brightness}};
///
/// let mut images = [[[[0.5f32, 0.25]]]; 20];
/// Brightness(0.1).augment(&mut images, &mut Rng::new(1))?;
/// assert!(images.iter().all(|[[[a, b]]]| (a - b - 0.25).abs() < 1e-6 && (0.4..=0.6).contains(a)));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brightness(pub f64);

impl<T: Element, const H: usize, const W: usize, const C: usize> Augmentation<Image<H, W, C, T>> for Brightness {
    fn check(&self) -> Result<(), &'static str> {
        in_range(at_least_0(self.0), "the change of `Brightness` must be finite and at least 0 as `f32`")
    }

    fn apply(&self, image: &mut Image<H, W, C, T>, rng: &mut Rng) {
        let change = T::from_f64(symmetric(self.0, rng));
        image.as_flattened_mut().as_flattened_mut().iter_mut().for_each(|value| *value += change);
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, vec, vec::Vec};

    use super::*;

    /// 2×3 pixels of two channels: 1 to 6, and 10 to 60.
    const IMAGE: Image<2, 3, 2> = [[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]], [[4.0, 40.0], [5.0, 50.0], [6.0, 60.0]]];

    /// The distinct images, as the numbers of the first channel. The second channel holds ten times as much.
    fn seen(augmentation: impl Augmentation<Image<2, 3, 2>>) -> BTreeSet<Vec<u8>> {
        let mut images = vec![IMAGE; 500];
        augmentation.augment(&mut images, &mut Rng::new(2)).unwrap();
        let pixels = images.iter().map(|image| image.as_flattened());
        assert!(pixels.clone().flatten().all(|pixel| pixel[1] == 10.0 * pixel[0]));
        pixels.map(|pixels| pixels.iter().map(|pixel| pixel[0] as u8).collect()).collect()
    }

    #[test]
    fn flips_exchange_pixels_with_all_channels() {
        let (same, left_right) = (vec![1, 2, 3, 4, 5, 6], vec![3, 2, 1, 6, 5, 4]);
        let (top_bottom, both) = (vec![4, 5, 6, 1, 2, 3], vec![6, 5, 4, 3, 2, 1]);
        assert_eq!(seen(Flip::HORIZONTAL), [same.clone(), left_right.clone()].into());
        assert_eq!(seen(Flip::VERTICAL), [same.clone(), top_bottom.clone()].into());
        assert_eq!(seen(Flip::BOTH), [same, left_right, top_bottom, both].into());
    }

    #[test]
    fn shifts_take_every_offset_up_to_the_limit() {
        let rows = [[[0, 0, 0], [1, 2, 3]], [[1, 2, 3], [4, 5, 6]], [[4, 5, 6], [0, 0, 0]]];
        let column = |[a, b, c]: [u8; 3]| [[0, a, b], [a, b, c], [b, c, 0]];
        let expected = |rows: &[[[u8; 3]; 2]]| -> BTreeSet<Vec<u8>> {
            let moved = |[top, bottom]: [[u8; 3]; 2], by: usize| [column(top)[by], column(bottom)[by]].concat();
            rows.iter().flat_map(|&rows| [0, 1, 2].map(|by| moved(rows, by))).collect()
        };
        assert_eq!(seen(Shift::by(1)), expected(&rows));
        assert_eq!(seen(Shift { rows: 0, columns: 1 }), expected(&rows[1..2]));
        assert_eq!(seen(Shift::by(0)), [vec![1, 2, 3, 4, 5, 6]].into());
        // A limit beyond the size of the image shifts it out at most.
        assert_eq!(seen(Shift::by(usize::MAX)).len(), 3 * 5 + 1);
    }

    #[test]
    fn cut_outs_are_rectangles_around_each_pixel() {
        let of_one = (0..6).map(|cut| (0..6).map(|n| if n == cut { 0 } else { n + 1 }).collect());
        assert_eq!(seen(CutOut::square(1)), of_one.collect());
        // A width of 2 begins one pixel before the center.
        let wide: BTreeSet<Vec<u8>> = [
            [0, 2, 3, 4, 5, 6],
            [0, 0, 3, 4, 5, 6],
            [1, 0, 0, 4, 5, 6],
            [1, 2, 3, 0, 5, 6],
            [1, 2, 3, 0, 0, 6],
            [1, 2, 3, 4, 0, 0],
        ]
        .map(Vec::from)
        .into();
        assert_eq!(seen(CutOut { rows: 1, columns: 2 }), wide);
        assert_eq!(seen(CutOut::square(usize::MAX)), [vec![0; 6]].into());
    }

    #[test]
    fn brightness_is_the_same_for_all_values() {
        let mut images = vec![[[[0.5f64, 1.5]; 2]; 2]; 1000];
        Brightness(0.25).augment(&mut images, &mut Rng::new(1)).unwrap();
        let changes: Vec<f64> = images.iter().map(|image| image[0][0][0] - 0.5).collect();
        for (image, change) in images.iter().zip(&changes) {
            assert_eq!(*image, [[[0.5 + change, 1.5 + change]; 2]; 2]);
            assert!(change.abs() <= 0.25);
        }
        let most = changes.iter().fold(0.0, |most: f64, change| most.max(*change));
        let least = changes.iter().fold(0.0, |least: f64, change| least.min(*change));
        assert!(most > 0.24 && least < -0.24, "{least} to {most}");
    }
}
