//! Networks in read-only memory: on a microcontroller they stay in flash and take no RAM.
//!
//! `include_weights!` (feature `include-weights`) reads a file written by `io::save` at compile time, and compares it
//! with the type of the network. [`InFlash`](crate::layers::InFlash) makes such a network a layer of a trainable
//! network.
//!
//! `include_weights!` turns the file into constants, from which [`Stored`] constructs each layer.

mod checked;

use core::marker::PhantomData;

use bytemuck::{AnyBitPattern, must_cast};

pub use self::checked::Checked;
use crate::{
    kind::not_weights,
    layer::{Layer, Path},
    message::Message,
};

/// A file of weights at compile time.
#[doc(hidden)]
#[derive(Debug)]
pub struct File<T: 'static> {
    /// The name of the file, for error messages.
    pub name: &'static str,
    /// The activations of the saved network: `Relu, Sigmoid`.
    pub activations: Option<&'static str>,
    /// The layers of the saved network: `0: Dense<2, 4, Relu>, 1: Dense<4, 1, Sigmoid>`.
    pub network: Option<&'static str>,
    /// The tensors.
    pub tensors: &'static [Entry<T>],
}

/// A tensor in a file.
#[doc(hidden)]
#[derive(Debug)]
pub struct Entry<T: 'static> {
    /// The name of the tensor: `1.kernel`.
    pub name: &'static str,
    /// The shape, outermost axis first.
    pub shape: &'static [usize],
    /// The type of number, by its name in files: `F32`.
    pub element: &'static str,
    /// The numbers in row-major order, if they are of type `T`.
    pub values: Option<&'static [T]>,
    /// The index of the first negative number.
    pub negative: Option<usize>,
}

/// A type that stands for a file with numbers of type `T`.
#[doc(hidden)]
pub trait Weights<T: 'static> {
    /// The file.
    const FILE: File<T>;
}

/// A type that stands for a `static` network in read-only memory, for [`InFlash`](crate::layers::InFlash).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not stand for a network in flash",
    label = "stands for no network in flash",
    note = "`static NET: Net = include_weights!(\"net.safetensors\");`, then `struct Features;` and `impl Flash for Features {{ type Network = Net; const NETWORK: &'static Net = &NET; }}`"
)]
pub trait Flash: Send + Sync + 'static {
    /// The type of the network.
    type Network: Layer + 'static;
    /// The network.
    const NETWORK: &'static Self::Network;
}

/// The position of a layer in a network, as a type.
#[doc(hidden)]
pub trait Place {
    /// The position as a path.
    const PATH: &'static Path<'static>;
}

/// The network as a whole.
#[doc(hidden)]
#[derive(Debug)]
pub struct Root;

/// Layer `INDEX` of the sequence `N` at the position `P`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Field<P, N, const INDEX: usize>(PhantomData<fn() -> (P, N)>);

impl Place for Root {
    const PATH: &'static Path<'static> = &Path::ROOT;
}

impl<P: Place, N: Layer, const INDEX: usize> Place for Field<P, N, INDEX> {
    const PATH: &'static Path<'static> = &P::PATH.join(N::OUTLINE.children[INDEX].0);
}

/// A layer that can be constructed from the file `W` at compile time. `P` is its position in the network.
///
/// [`#[derive(Parameters)]`](crate::Parameters) implements it. All layers of the crate implement it; sequences
/// implement it if their layers do.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a file at compile time",
    label = "implement `flash::Stored` for it"
)]
pub trait Stored<W, P>: Sized {
    /// The layer with the numbers of the file.
    const STORED: Self;
}

/// The values of the tensor `name` of the layer at `path`, in row-major order.
///
/// # Panics
///
/// Panics if there is no such tensor with numbers of type `T`. [`Checked`] has verified that there is one.
#[doc(hidden)]
pub const fn values<T>(file: &File<T>, path: &Path<'_>, name: &str) -> &'static [T] {
    match find(file, path, name) {
        Some(Entry { values: Some(values), .. }) => values,
        _ => panic!("the file lacks a tensor that the layer lists"),
    }
}

const fn find<T>(file: &File<T>, path: &Path<'_>, name: &str) -> Option<&'static Entry<T>> {
    let mut index = 0;
    while index < file.tensors.len() {
        if is_named(path, name, file.tensors[index].name) {
            return Some(&file.tensors[index]);
        }
        index += 1;
    }
    None
}

/// Whether `text` is the name of the tensor `name` of the layer at `path`.
const fn is_named(path: &Path<'_>, name: &str, text: &str) -> bool {
    is_path(&path.join(name), text.as_bytes())
}

const fn is_path(path: &Path<'_>, text: &[u8]) -> bool {
    let Some(before) = before(text, path.name.as_bytes()) else { return false };
    match path.parent {
        Some(parent) if !parent.name.is_empty() => match before {
            [before @ .., b'.'] => is_path(parent, before),
            _ => false,
        },
        _ => before.is_empty(),
    }
}

/// `text` without the suffix `end`, or `None` if it has another one.
const fn before<'a>(text: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    if text.len() < end.len() {
        return None;
    }
    let (before, after) = text.split_at(text.len() - end.len());
    if is_equal(after, end) { Some(before) } else { None }
}

const fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

/// Does not compile: the `file` with these bytes cannot be read as weights.
///
/// # Panics
///
/// Panics with the kind of the file, or with the `reason` if its kind is unknown.
#[doc(hidden)]
#[track_caller]
pub const fn refuse(file: &str, reason: &str, bytes: &[u8]) -> ! {
    let message = Message::<1024>::new().text(file).text(" is not a whole safetensors file: ");
    let message = match not_weights(bytes) {
        Some(kind) => message.text("it is ").text(kind.name).text(": ").text(kind.remedy),
        None => message.text(reason),
    };
    panic!("{}", message.as_str());
}

/// Reads the `N` numbers in `BYTES` bytes of a little-endian file, from the position `start`.
///
/// # Panics
///
/// Panics if the file ends before them.
#[doc(hidden)]
pub const fn numbers<T, const BYTES: usize, const N: usize>(file: &[u8], start: usize) -> [T; N]
where
    [T; N]: AnyBitPattern,
{
    match file.split_at(start).1.first_chunk::<BYTES>() {
        Some(bytes) if cfg!(target_endian = "big") => must_cast(reversed(*bytes, size_of::<T>())),
        Some(bytes) => must_cast(*bytes),
        None => panic!("the file has changed while it was read: compile again"),
    }
}

/// Reverses the bytes of each number of `width` bytes.
const fn reversed<const BYTES: usize>(bytes: [u8; BYTES], width: usize) -> [u8; BYTES] {
    let (mut reversed, mut index) = (bytes, 0);
    while index < BYTES {
        let start = index / width * width;
        reversed[start + width - 1 - (index - start)] = bytes[index];
        index += 1;
    }
    reversed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_from_the_end() {
        let encoder = Path::ROOT.join("encoder");
        let layer = encoder.join("1");
        assert!(is_named(&layer, "kernel", "encoder.1.kernel"));
        assert!(is_named(&Path::ROOT, "kernel", "kernel"));
        for other in ["1.kernel", "encoder.1kernel", "encoder.1.bias", "an.encoder.1.kernel", ".encoder.1.kernel", ""] {
            assert!(!is_named(&layer, "kernel", other), "{other}");
        }
    }

    #[test]
    fn the_bytes_of_each_number_are_reversed() {
        assert_eq!(reversed([1, 2, 3, 4, 5, 6, 7, 8], 4), [4, 3, 2, 1, 8, 7, 6, 5]);
        assert_eq!(reversed([1, 2, 3, 4, 5, 6, 7, 8], 8), [8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(numbers::<f32, 8, 2>(&[0xff, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], 1), [1.0, -2.0]);
    }
}
