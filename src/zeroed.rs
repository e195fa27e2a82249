//! Types for which zero bytes are a valid value. A network of megabytes can thus be created in place, in a `Box` or in
//! `.bss`, without a copy on the stack.

#[cfg(feature = "std")]
use core::alloc::Layout;
use core::mem::{ManuallyDrop, MaybeUninit, needs_drop};
#[cfg(feature = "std")]
use std::{alloc::handle_alloc_error, boxed::Box};

use bytemuck::Zeroable;
#[cfg(feature = "std")]
use bytemuck::{TransparentWrapper, TransparentWrapperAlloc as _};

use crate::kernel::Tensor;

/// A type for which a value made of zero bytes is valid.
///
/// It corresponds to `bytemuck::Zeroable`, but covers the types of this crate and tuples of up to 16 fields.
/// `#[derive(Network)]`, `#[derive(Layer)]` and `#[derive(Parameters)]` implement it.
///
/// # Safety
///
/// A value whose bytes are all zero must be a valid value of the type.
///
/// ```
/// use shiplap::Zeroed;
///
/// #[derive(Debug, PartialEq)]
/// struct Scale {
///     factor: [f32; 4],
/// }
/// // SAFETY: an array of floats made of zero bytes is an array of 0.0.
/// unsafe impl Zeroed for Scale {}
///
/// assert_eq!(Scale::zeroed(), Scale { factor: [0.0; 4] });
/// ```
pub unsafe trait Zeroed: Sized + Send + Sync {
    /// Creates the value whose bytes are all zero on the stack. It does not compile for types above 256 KiB: use
    /// [`zeroed_box`](Self::zeroed_box).
    fn zeroed() -> Self {
        const {
            assert!(
                size_of::<Self>() <= ON_THE_STACK,
                "this value is too large for the stack (over 256 KiB): make it with `zeroed_box`"
            );
        }
        Self::zeroed_on_stack()
    }

    /// Like [`zeroed`](Self::zeroed) without the limit, for buffers whose size the caller has considered.
    #[doc(hidden)]
    #[inline(always)]
    fn zeroed_on_stack() -> Self {
        Cell::<Self>::zeroed().0
    }

    /// Makes all bytes of `place` zero. Unlike [`zeroed_on_stack`](Self::zeroed_on_stack), it needs no further copy on
    /// the stack in a build without optimization.
    #[doc(hidden)]
    #[inline(always)]
    fn zeroed_in(place: &mut MaybeUninit<Self>) -> &mut Self {
        // SAFETY: zero bytes are a valid value, as `Zeroed` promises.
        unsafe {
            place.as_mut_ptr().write_bytes(0, 1);
            place.assume_init_mut()
        }
    }

    /// Creates the value whose bytes are all zero in place on the heap, whatever its size. If there is not enough
    /// memory, the program ends with the standard library's allocation error, as for [`Box::new`].
    ///
    /// ```
    /// use shiplap::Zeroed;
    ///
    /// let megabytes = <[[f32; 1024]; 4096]>::zeroed_box();
    /// assert_eq!(megabytes[4095][1023], 0.0);
    /// ```
    #[cfg(feature = "std")]
    fn zeroed_box() -> Box<Self> {
        match bytemuck::try_zeroed_box::<Cell<Self>>() {
            Ok(value) => Cell::peel_box(value),
            Err(()) => handle_alloc_error(Layout::new::<Self>()),
        }
    }

    /// Creates `length` values whose bytes are all zero.
    #[cfg(feature = "rayon")]
    #[doc(hidden)]
    fn zeroed_vec(length: usize) -> std::vec::Vec<Self> {
        Cell::peel_vec(bytemuck::zeroed_vec::<Cell<Self>>(length))
    }
}

/// [`Zeroed::zeroed_on_stack`] in constants.
pub(crate) const fn zeros<Z: Zeroed>() -> Z {
    // SAFETY: zero bytes are a valid value, as `Zeroed` promises.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Sets all bytes of a value to zero in place, whatever its size.
pub(crate) fn clear<Z: Zeroed>(value: &mut Z) {
    const { assert!(!needs_drop::<Z>(), "the old value would not be dropped") };
    // SAFETY: zero bytes are a valid value, as `Zeroed` promises, and the old value has nothing to drop.
    unsafe { core::ptr::from_mut(value).write_bytes(0, 1) };
}

/// Memory for an `A` or a `B`.
#[doc(hidden)]
#[repr(C)]
pub union Either<A, B> {
    a: ManuallyDrop<A>,
    b: ManuallyDrop<B>,
}

/// Memory that tensors use in turn. It is zeroed once; a tensor starts with the bytes of the one before it.
#[doc(hidden)]
pub struct Memory<'a, P>(&'a mut MaybeUninit<P>);

impl<'a, P> Memory<'a, P> {
    /// Makes all bytes of `place` zero.
    #[inline(always)]
    pub fn zeroed_in(place: &'a mut MaybeUninit<P>) -> Self {
        // SAFETY: any bytes are a valid `MaybeUninit`.
        unsafe { place.as_mut_ptr().write_bytes(0, 1) };
        Self(place)
    }

    /// The tensors at the beginning of the memory, which is large enough for them.
    #[inline(always)]
    pub fn tensors<X: Tensor, const N: usize>(&mut self) -> &mut [X; N] {
        const { assert!(size_of::<[X; N]>() <= size_of::<P>() && align_of::<X>() <= align_of::<P>()) };
        // SAFETY: the assertion says that the memory has the size and the alignment of the array. Its bytes were zero at
        // first, and were since then only written as tensors, which are sealed: numbers without padding between them.
        // So all bytes are initialized, and any bytes are a valid number.
        unsafe { &mut *self.0.as_mut_ptr().cast() }
    }
}

/// Makes a `Z` of zero bytes at the beginning of `place`, which is large enough for it.
#[doc(hidden)]
#[inline(always)]
pub fn zeroed_at<Z: Zeroed, P>(place: &mut MaybeUninit<P>) -> &mut Z {
    const { assert!(size_of::<Z>() <= size_of::<P>() && align_of::<Z>() <= align_of::<P>()) };
    // SAFETY: the assertion says that `place` has the size and the alignment of a `MaybeUninit<Z>`, which may hold any
    // bytes. It is borrowed as long as the result.
    Z::zeroed_in(unsafe { &mut *place.as_mut_ptr().cast::<MaybeUninit<Z>>() })
}

/// A wrapper that implements `bytemuck`'s trait for a type that is [`Zeroed`].
#[repr(transparent)]
struct Cell<Z>(Z);

// SAFETY: `Cell<Z>` has the layout of `Z`, and `Z: Zeroed` promises that zero bytes are a `Z`.
unsafe impl<Z: Zeroed> Zeroable for Cell<Z> {}

// SAFETY: `Cell<Z>` is `repr(transparent)` over its only field, a `Z`.
#[cfg(feature = "std")]
unsafe impl<Z> TransparentWrapper<Z> for Cell<Z> {}

/// The maximum size in bytes of a network, trainer or explainer that is created on the stack.
pub(crate) const ON_THE_STACK: usize = 256 * 1024;

/// Whether buffers of `bytes` are on the stack. Larger ones are [`large`].
pub(crate) const fn fits_stack(bytes: usize) -> bool {
    bytes <= ON_THE_STACK
}

/// `count` zeros on the heap. Unlike `vec!`, it needs none of them on the stack.
#[cfg(feature = "std")]
pub(crate) fn zeros_on_heap<Z: Zeroed>(count: usize) -> std::vec::Vec<Z> {
    let mut all = std::vec::Vec::<Z>::with_capacity(count);
    // SAFETY: there is room for `count` values, for each of which zero bytes are valid.
    unsafe {
        all.as_mut_ptr().write_bytes(0, count);
        all.set_len(count);
    }
    all
}

/// A buffer that is too large for the stack of a thread: on the heap. Without `std`, it is on the stack.
#[cfg(feature = "std")]
pub(crate) fn large<Z: Zeroed>() -> Box<Z> {
    Z::zeroed_box()
}

/// A buffer that is too large for the stack of a thread. Without a heap, it is on the stack nevertheless.
#[cfg(not(feature = "std"))]
#[inline(always)]
pub(crate) fn large<Z: Zeroed>() -> Aligned<Z> {
    Aligned::zeroed_on_stack()
}

/// A value at the start of a cache line, so that no register is loaded across two lines. Without `std`, where memory is
/// scarce, it has its natural alignment.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "std", repr(align(64)))]
pub(crate) struct Aligned<Z>(Z);

// SAFETY: the field is `Zeroed`, and padding may hold any byte.
unsafe impl<Z: Zeroed> Zeroed for Aligned<Z> {}

impl<Z> core::ops::Deref for Aligned<Z> {
    type Target = Z;

    #[inline(always)]
    fn deref(&self) -> &Z {
        &self.0
    }
}

impl<Z> core::ops::DerefMut for Aligned<Z> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Z {
        &mut self.0
    }
}

macro_rules! zeroed {
    ($($plain:ty),*) => {
        $(
            // SAFETY: a primitive number (or truth value) of zero bytes is 0 (or false).
            unsafe impl Zeroed for $plain {}
        )*
    };
}
zeroed!(f32, f64, u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, bool, ());

// SAFETY: an array is its elements one after another, and has no bytes of its own.
unsafe impl<Z: Zeroed, const N: usize> Zeroed for [Z; N] {}

// SAFETY: any bytes are valid.
unsafe impl<T: Send + Sync> Zeroed for MaybeUninit<T> {}

// SAFETY: a marker has no bytes.
unsafe impl<T: ?Sized + Send + Sync> Zeroed for core::marker::PhantomData<T> {}

macro_rules! zeroed_tuples {
    ($($head:ident $($tail:ident)*)?) => {
        $(
            // SAFETY: a tuple is its fields and padding, and padding may hold any byte.
            unsafe impl<$head: Zeroed, $($tail: Zeroed),*> Zeroed for ($head, $($tail,)*) {}
            zeroed_tuples!($($tail)*);
        )?
    };
}
zeroed_tuples!(A B C D E F G H I J K L M N O P);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cleared_in_place() {
        let mut value = [[1.5f32, -0.0], [f32::NAN, 3.0]];
        clear(&mut value);
        assert_eq!(value.map(|row| row.map(f32::to_bits)), [[0; 2]; 2]);
    }

    #[test]
    fn zero_bytes_are_zero_values() {
        assert_eq!(<([f64; 3], (), bool, u16) as Zeroed>::zeroed(), ([0.0; 3], (), false, 0));
        const ZEROS: ([f32; 2], Option<bool>, [u8; 3]) = (zeros(), None, zeros());
        assert_eq!(ZEROS, ([0.0; 2], None, [0; 3]));
    }

    #[cfg(feature = "std")]
    #[test]
    fn zeros_are_on_the_heap() {
        assert_eq!(zeros_on_heap::<[u64; 100_000]>(3).as_flattened(), [0; 300_000]);
        assert_eq!(zeros_on_heap::<()>(2).len(), 2);
    }

    #[test]
    fn memory_holds_one_tensor_after_the_other() {
        let mut place = MaybeUninit::<Either<[f32; 2], Either<[[f64; 3]; 1], ()>>>::uninit();
        assert_eq!(size_of_val(&place), size_of::<[f64; 3]>());
        let mut memory = Memory::zeroed_in(&mut place);
        assert_eq!(*memory.tensors::<[f64; 3], 1>(), [[0.0; 3]]);
        memory.tensors::<f32, 6>().fill(1.5);
        assert_eq!(*memory.tensors::<[f32; 2], 2>(), [[1.5; 2]; 2]);
    }

    #[test]
    fn memory_holds_one_value_after_the_other() {
        let mut place = MaybeUninit::<Either<[f32; 2], Either<[f64; 3], ()>>>::uninit();
        assert_eq!(size_of_val(&place), size_of::<[f64; 3]>());
        let numbers = zeroed_at::<[f64; 3], _>(&mut place);
        numbers.fill(1.0);
        assert_eq!(*zeroed_at::<[f32; 2], _>(&mut place), [0.0; 2]);
    }
}
