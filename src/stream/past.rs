//! The number of frames that a window needs besides the newest.

use crate::Zeroed;

/// A window of `K` frames. A [stream](super) keeps `K − 1` of them, [`Past`](Past::Of), and takes the newest.
#[derive(Clone, Copy, Debug)]
pub struct Taps<const K: usize>;

/// One item fewer than the frames of a window, which has 1 to 128 of them.
#[diagnostic::on_unimplemented(
    message = "the window of a stream has 1 to 128 frames, and not as many as `{Self}`",
    label = "a window of other lengths cannot be streamed"
)]
pub trait Past {
    /// The items.
    type Of<X: Zeroed + Copy>: Zeroed + Copy + AsMut<[X]>;
}

macro_rules! past {
    ($($frames:literal)*) => {
        $(impl Past for Taps<$frames> {
            type Of<X: Zeroed + Copy> = [X; $frames - 1];
        })*
    };
}
past!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
past!(33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64);
past!(65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96);
past!(97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122);
past!(123 124 125 126 127 128);
