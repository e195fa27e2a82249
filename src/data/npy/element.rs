//! The types of elements in NPY files.

use core::fmt;
use std::string::String;

/// A number in a file.
#[derive(Clone, Copy)]
pub(super) struct Element {
    /// The number of bytes.
    pub size: usize,
    is_big_endian: bool,
    /// Converts the bytes, which are little-endian and followed by zeros.
    decode: fn([u8; 8]) -> f64,
}

impl Element {
    /// The type that `descr` describes: `<f4`. The error says what the type is, and what to do.
    pub fn new(descr: &str) -> Result<Self, String> {
        let (is_big_endian, code) = match descr.as_bytes() {
            [b'>', ..] => (true, &descr[1..]),
            [b'<' | b'=' | b'|', ..] => (false, &descr[1..]),
            _ => (false, descr),
        };
        macro_rules! numbers {
            ($($code:literal $number:ty),*) => {
                match code {
                    $($code => (size_of::<$number>(), |bytes| <$number>::from_le_bytes(first(bytes)) as f64),)*
                    "b1" => (1, |bytes| f64::from(u8::from(bytes[0] != 0))),
                    _ => return Err(remedy(code).into()),
                }
            };
        }
        let (size, decode): (usize, fn([u8; 8]) -> f64) = numbers!(
            "f4" f32, "f8" f64, "u1" u8, "i1" i8, "u2" u16, "i2" i16, "u4" u32, "i4" i32, "u8" u64, "i8" i64
        );
        Ok(Self { size, is_big_endian, decode })
    }

    /// The number in these bytes.
    pub fn number(&self, bytes: &[u8]) -> f64 {
        let mut padded = [0; 8];
        padded[..self.size].copy_from_slice(bytes);
        if self.is_big_endian {
            padded[..self.size].reverse();
        }
        (self.decode)(padded)
    }
}

fn first<const N: usize>(bytes: [u8; 8]) -> [u8; N] {
    core::array::from_fn(|index| bytes[index])
}

fn remedy(code: &str) -> &'static str {
    match code.as_bytes() {
        [b'M', ..] => "which are dates: save `array.astype('int64')`, numbers of the unit in brackets",
        [b'm', ..] => "which are durations: save `array.astype('int64')`, numbers of the unit in brackets",
        [b'U' | b'S' | b'a', ..] => {
            "which are texts: save `array.astype('float32')` if they are numbers, and \
             `numpy.unique(array, return_inverse=True)[1]` if they are classes"
        }
        [b'O', ..] => "which are Python objects: save `numpy.array(array.tolist(), dtype='float32')`",
        [b'c', ..] => "which are complex: save `array.real` and `array.imag`",
        [b'f', ..] => "which are floating-point numbers of another size: save `array.astype('float32')`",
        [b'V' | b'[' | b'(', ..] => "which are records: save each field as an array, `array['name']`",
        _ => "which is unknown: save `array.astype('float32')`",
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Element").field("size", &self.size).finish_non_exhaustive()
    }
}
