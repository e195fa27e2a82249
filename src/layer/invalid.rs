//! Numbers of a sample that a layer does not take.

/// A number of a sample for which a layer has no output. Its `place` counts the numbers of the sample from 0; those of the
/// second member of a [`Pair`](crate::Pair) follow those of the first.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Invalid {
    /// The number is not one of a vocabulary: see [`Embedding`](crate::layers::Embedding).
    Vocabulary {
        /// The place of the number.
        place: usize,
        /// The number.
        number: f64,
        /// The vocabulary contains the whole numbers from 0 up to this one, exclusive.
        vocabulary: usize,
    },
    /// The number is not the length of a series: see [`Masked`](crate::layers::Masked).
    Length {
        /// The place of the number.
        place: usize,
        /// The number.
        length: f64,
        /// The smallest length.
        least: usize,
        /// The largest length.
        most: usize,
    },
}

impl Invalid {
    /// The place of the number.
    #[must_use]
    pub fn place(self) -> usize {
        match self {
            Self::Vocabulary { place, .. } | Self::Length { place, .. } => place,
        }
    }

    /// The same in a sample of which the numbers from `start` on are the input of the layer.
    #[must_use]
    pub fn at(mut self, start: usize) -> Self {
        let (Self::Vocabulary { place, .. } | Self::Length { place, .. }) = &mut self;
        *place += start;
        self
    }
}
