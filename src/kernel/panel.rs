//! A block of columns of a matrix, packed in the order in which a product reads them.

use core::{mem::MaybeUninit, slice};

/// Half of a first-level cache; the left operand uses the other half. Without `std`, memory is scarce rather than slow.
const BYTES: usize = if cfg!(feature = "std") { 16 * 1024 } else { 1024 };

/// An aligned cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "only its alignment matters")] [u8; 64]);

/// Uninitialized memory for a panel, on the stack.
pub(super) struct Panel([MaybeUninit<Line>; BYTES / 64]);

impl Panel {
    #[inline(always)]
    pub const fn new() -> Self {
        Self([MaybeUninit::uninit(); BYTES / 64])
    }

    /// The maximum number of groups of `C` registers.
    pub const fn capacity<V, const C: usize>() -> usize {
        BYTES / size_of::<[V; C]>()
    }

    /// An empty panel of groups of `C` registers.
    #[inline(always)]
    pub fn clear<V: Copy, const C: usize>(&mut self) -> Packing<'_, V, C> {
        const { assert!(align_of::<V>() <= align_of::<Line>()) };
        let place = self.0.as_mut_ptr().cast();
        // SAFETY: this number of groups takes at most `BYTES`, the alignment was checked, and any bytes are a valid
        // `MaybeUninit`.
        let places = unsafe { slice::from_raw_parts_mut(place, Self::capacity::<V, C>()) };
        Packing { places, filled: 0 }
    }
}

/// A panel that is being filled.
pub(super) struct Packing<'a, V, const C: usize> {
    places: &'a mut [MaybeUninit<[V; C]>],
    filled: usize,
}

impl<'a, V: Copy, const C: usize> Packing<'a, V, C> {
    /// Adds a group.
    ///
    /// # Panics
    ///
    /// If the panel is full.
    #[inline(always)]
    pub fn push(&mut self, group: [V; C]) {
        self.places[self.filled].write(group);
        self.filled += 1;
    }

    /// The groups added.
    #[inline(always)]
    pub fn finish(self) -> &'a [[V; C]] {
        let groups = &self.places[..self.filled];
        // SAFETY: `push` has written each of these groups.
        unsafe { slice::from_raw_parts(groups.as_ptr().cast(), groups.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains_all_pushed_groups() {
        let mut panel = Panel::new();
        let mut packing = panel.clear::<f64, 3>();
        for group in 0..20 {
            packing.push([f64::from(group); 3]);
        }
        let groups = packing.finish();
        assert_eq!(groups.len(), 20);
        assert_eq!(groups.as_ptr().addr() % 64, 0);
        assert!((0..20).zip(groups).all(|(number, group)| *group == [f64::from(number); 3]));
        assert!(panel.clear::<u64, 1>().finish().is_empty());
        assert_eq!(Panel::capacity::<u8, 64>() * 64, BYTES);
    }

    #[test]
    #[should_panic(expected = "index out of bounds")]
    fn a_full_panel_panics() {
        let mut panel = Panel::new();
        let mut packing = panel.clear::<[u8; 64], 1>();
        (0..=Panel::capacity::<[u8; 64], 1>()).for_each(|_| packing.push([[0; 64]]));
    }
}
