//! Convolutions: the sums of some pixels and 16, 32 or 64 filters at a time.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::{arch::x86_64::*, mem::MaybeUninit};

use super::{
    LANES, Layer,
    area::{self, Area, Outputs},
    round::Rounding,
    unsigned,
};

/// The most products of a sum.
pub const MOST_PRODUCTS: usize = 4096;

/// The most registers of weights.
const PANEL: usize = MOST_PRODUCTS / 4;

/// Filters, 16 at a time: for each four products, a register.
type Panels = MaybeUninit<[__m512i; PANEL]>;

/// The outputs of a convolution whose windows have rows of `quads` times four products.
///
/// # Safety
///
/// The lengths are those of the shape.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
pub unsafe fn outputs(x: &[i8], layer: Layer<'_>, quads: usize, y: &mut [i8]) {
    let (mut area, mut panels) = (Area::new(), Panels::uninit());
    let (groups, length) = (layer.bias.len().div_ceil(LANES), quads * layer.shape.window[0]);
    let mut group = 0;
    while group < groups {
        let work = Work { x, layer, quads, group };
        let room = (PANEL / length).min(groups - group);
        // SAFETY: the panels have room for as many filters, and the outputs are those of the shape.
        group += unsafe {
            if room >= 4 {
                work.groups::<4, 6>(&mut area, &mut panels, y)
            } else if room >= 2 {
                work.groups::<2, 8>(&mut area, &mut panels, y)
            } else {
                work.groups::<1, 8>(&mut area, &mut panels, y)
            }
        };
    }
}

/// The filters from a group of 16 on.
#[derive(Clone, Copy)]
struct Work<'a> {
    x: &'a [i8],
    layer: Layer<'a>,
    quads: usize,
    group: usize,
}

/// Pixels of a row.
#[derive(Clone, Copy)]
struct Pixels {
    /// The window of the first one.
    x: *const u8,
    /// From a window to the next one.
    step: usize,
    /// From a row of a window to the next one.
    length: usize,
    y: *mut i8,
}

impl Work<'_> {
    /// The outputs of `N` groups, `P` pixels at a time. Returns `N`.
    ///
    /// # Safety
    ///
    /// The panels have room for the groups, and the lengths are those of the shape.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    unsafe fn groups<const N: usize, const P: usize>(
        self,
        area: &mut Area,
        panels: &mut Panels,
        y: &mut [i8],
    ) -> usize {
        let Self { x, layer, quads, group } = self;
        let shape = layer.shape;
        let (channels, outputs) = (shape.image[2], layer.bias.len());
        let (length, panel) = (quads * shape.window[0], panels.as_mut_ptr().cast::<__m512i>());
        let zero = _mm512_set1_epi8(unsigned(layer.zero) as i8);
        // SAFETY: the panels have room for the groups.
        let surplus = core::array::from_fn(|n| unsafe { self.pack(group + n, panel.add(n * length), zero) });
        let rounding = Rounding::new(&layer, group * LANES, surplus);
        let tile = Tile::<N> { panel, rows: shape.window[0], quads, rounding, outputs };
        for Outputs { first, size } in area::all::<u8>(shape) {
            let (from, bytes) = area.copy::<u8>(x, shape, Outputs { first, size }, layer.zero);
            let [down, right] = shape.slide.stride;
            for i in 0..size[0] {
                let at = ((first[0] + i) * shape.output[1] + first[1]) * outputs + group * LANES;
                let mut pixels = Pixels {
                    x: from.wrapping_add(i * down * bytes),
                    step: right * channels,
                    length: bytes,
                    y: y[at..].as_mut_ptr(),
                };
                let mut rest = size[1];
                // SAFETY: the area has the windows of the pixels, and `y` their outputs.
                unsafe {
                    while rest >= P {
                        rest -= tile.pixels::<P>(&mut pixels);
                    }
                    if rest >= 4 {
                        rest -= tile.pixels::<4>(&mut pixels);
                    }
                    if rest >= 2 {
                        rest -= tile.pixels::<2>(&mut pixels);
                    }
                    if rest >= 1 {
                        tile.pixels::<1>(&mut pixels);
                    }
                }
            }
        }
        N
    }

    /// Writes the filters of a group in the order of the instruction, with zeros at the end of each row. Returns their
    /// sums times `zero`.
    ///
    /// # Safety
    ///
    /// The panel has room for them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    unsafe fn pack(&self, group: usize, panel: *mut __m512i, zero: __m512i) -> __m512i {
        let [rows, columns] = self.layer.shape.window;
        let row = columns * self.layer.shape.image[2];
        let filters = &self.layer.weights[group * LANES * rows * row..];
        let count = (filters.len() / (rows * row)).min(LANES);
        for u in 0..rows {
            let mut k = 0;
            while k < row {
                // Up to 16 times four weights of each filter; no filter has weights of 0.
                let rest = row - k;
                let mask = if rest >= 4 * LANES { !0 } else { (1u64 << rest) - 1 };
                let mut square = [_mm512_setzero_si512(); LANES];
                for (n, square) in square.iter_mut().enumerate().take(count) {
                    // SAFETY: only the weights of the mask are read.
                    *square = unsafe { _mm512_maskz_loadu_epi8(mask, filters[(n * rows + u) * row + k..].as_ptr()) };
                }
                let square = transposed(square);
                let first = u * self.quads + k / 4;
                for (quad, square) in square[..rest.div_ceil(4).min(LANES)].iter().enumerate() {
                    // SAFETY: the panel has room for it.
                    unsafe { _mm512_storeu_si512(panel.add(first + quad).cast(), *square) };
                }
                k += 4 * LANES;
            }
        }
        let mut sums = _mm512_setzero_si512();
        for k in 0..rows * self.quads {
            // SAFETY: the registers have been written.
            sums = unsafe { _mm512_dpbusd_epi32(sums, zero, _mm512_loadu_si512(panel.add(k).cast())) };
        }
        sums
    }
}

/// The columns of a square of dwords.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
fn transposed(rows: [__m512i; LANES]) -> [__m512i; LANES] {
    let mut squares = rows;
    // Within each quarter of the registers: the columns of four rows, one after the other.
    for (four, to) in rows.as_chunks::<4>().0.iter().zip(squares.as_chunks_mut::<4>().0) {
        let [a, b, c, d] = *four;
        let (low, high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (next_low, next_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        *to = [
            _mm512_unpacklo_epi64(low, next_low),
            _mm512_unpackhi_epi64(low, next_low),
            _mm512_unpacklo_epi64(high, next_high),
            _mm512_unpackhi_epi64(high, next_high),
        ];
    }
    // Then the quarters.
    let mut columns = rows;
    for n in 0..4 {
        let [a, b, c, d] = [squares[n], squares[n + 4], squares[n + 8], squares[n + 12]];
        let (even, odd) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xdd>(a, b));
        let (next_even, next_odd) = (_mm512_shuffle_i32x4::<0x88>(c, d), _mm512_shuffle_i32x4::<0xdd>(c, d));
        columns[n] = _mm512_shuffle_i32x4::<0x88>(even, next_even);
        columns[n + 4] = _mm512_shuffle_i32x4::<0x88>(odd, next_odd);
        columns[n + 8] = _mm512_shuffle_i32x4::<0xdd>(even, next_even);
        columns[n + 12] = _mm512_shuffle_i32x4::<0xdd>(odd, next_odd);
    }
    columns
}

/// The filters of `N` groups.
struct Tile<const N: usize> {
    panel: *const __m512i,
    rows: usize,
    quads: usize,
    rounding: Rounding<N>,
    outputs: usize,
}

impl<const N: usize> Tile<N> {
    /// The outputs of `P` pixels. Goes on to the next ones, and returns `P`.
    ///
    /// # Safety
    ///
    /// There are so many pixels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")]
    unsafe fn pixels<const P: usize>(&self, pixels: &mut Pixels) -> usize {
        let Pixels { x, step, length, y } = *pixels;
        let (mut sums, mut panel) = ([self.rounding.bias(); P], self.panel);
        let next = self.rows * self.quads;
        for u in 0..self.rows {
            let x = x.wrapping_add(u * length);
            for k in 0..self.quads {
                let mut weights = [_mm512_setzero_si512(); N];
                // SAFETY: the caller promises the windows, and four bytes after each of their rows may be read.
                unsafe {
                    for n in 0..N {
                        weights[n] = _mm512_loadu_si512(panel.add(n * next).cast());
                    }
                    for p in 0..P {
                        let x = _mm512_set1_epi32(x.add(p * step + 4 * k).cast::<i32>().read_unaligned());
                        for n in 0..N {
                            sums[p][n] = _mm512_dpbusd_epi32(sums[p][n], x, weights[n]);
                        }
                    }
                }
                panel = panel.wrapping_add(1);
            }
        }
        for p in 0..P {
            // SAFETY: the caller promises the outputs.
            unsafe { self.rounding.store(sums[p], y.add(p * self.outputs)) };
        }
        pixels.x = x.wrapping_add(P * step);
        pixels.y = y.wrapping_add(P * self.outputs);
        P
    }
}
