//! Filters and feature maps as images.

use std::{format, string::String, vec::Vec};

use super::{Grid, HeatMap};
use crate::{Tensor, report::ReportError};

impl Grid {
    /// The filters of a convolution as images, negative weights in blue and positive ones in red: one image for each
    /// filter and channel. `kernel` has the shape `[rows, columns, channels, filters]`.
    ///
    /// ```
    /// use shiplap::{prelude::*, report::{Grid, Plot}};
    ///
    /// #[network(input = Image<28, 28, 1>)]
    /// type Net = (Conv2d<_, 8, 3, Relu>, Flatten<_>);
    ///
    /// let filters = Grid::filters(4, &Net::new(1).0.kernel)?;
    /// assert_eq!(filters.plots.len(), 8);
    /// # Ok::<(), shiplap::report::ReportError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the kernel has another number of axes, or a weight is not finite.
    pub fn filters<X: Tensor>(columns: usize, kernel: &X) -> Result<Self, ReportError> {
        let &[rows, width, channels, filters] = X::SHAPE else {
            return Err(ReportError::Data { expected: "a kernel of the shape [rows, columns, channels, filters]" });
        };
        Self::planes(columns, kernel, [rows * width, width, channels * filters], |plane| match channels {
            1 => format!("filter {plane}"),
            _ => format!("filter {}, channel {}", plane % filters, plane / filters),
        })
    }

    /// The channels of an image as images: the feature maps that a convolution computes.
    ///
    /// ```
    /// use shiplap::{prelude::*, report::{Grid, Plot}};
    ///
    /// #[network(input = Image<28, 28, 1>)]
    /// type Net = (Conv2d<_, 8, 3, Relu>, Flatten<_>);
    ///
    /// let maps = Grid::feature_maps(4, &Net::new(1).0.predict(&[[[0.5]; 28]; 28]))?;
    /// assert_eq!(maps.plots.len(), 8);
    /// # Ok::<(), shiplap::report::ReportError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if `image` is no image, or a number is not finite.
    pub fn feature_maps<X: Tensor>(columns: usize, image: &X) -> Result<Self, ReportError> {
        let &[rows, width, channels] = X::SHAPE else {
            return Err(ReportError::Data { expected: "an image of the shape [rows, columns, channels]" });
        };
        Self::planes(columns, image, [rows * width, width, channels], |plane| format!("channel {plane}"))
    }

    fn planes<X: Tensor>(
        columns: usize,
        tensor: &X,
        [pixels, width, planes]: [usize; 3],
        title: impl Fn(usize) -> String,
    ) -> Result<Self, ReportError> {
        let numbers = X::flat(core::slice::from_ref(tensor));
        let mut grid = Self::new(columns);
        for plane in 0..planes {
            let values: Vec<X::Element> = numbers.iter().skip(plane).step_by(planes).take(pixels).copied().collect();
            grid = grid.with(HeatMap::of_values(title(plane), width, &values)?);
        }
        Ok(grid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Plot as _;

    #[test]
    fn filters_and_maps_have_an_image_for_each_plane() {
        let kernel = [[[[1.0f32, 2.0], [3.0, 4.0]]; 3]; 2];
        let filters = Grid::filters(2, &kernel).unwrap();
        assert_eq!(filters.plots.len(), 4);
        assert!(filters.svg().unwrap().contains("filter 1, channel 1"));
        assert_eq!(Grid::feature_maps(3, &[[[0.5f32; 5]; 2]; 2]).unwrap().plots.len(), 5);
        assert!(Grid::feature_maps(3, &[[0.5f32; 5]; 2]).is_err() && Grid::filters(3, &[0.5f32; 2]).is_err());
        assert!(Grid::feature_maps(3, &[[[f32::NAN; 5]; 2]; 2]).is_err());
    }
}
