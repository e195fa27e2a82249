//! Arrays of references.

use core::mem::{self, MaybeUninit};

/// `items.each_mut().map(f)`, which takes the compiler several times as long: walks over parameters have many of these.
#[inline(always)]
pub fn map_each<'a, X, Y, const N: usize>(items: &'a mut [X; N], f: impl Fn(&'a mut X) -> Y) -> [Y; N] {
    let mut results = [const { MaybeUninit::uninit() }; N];
    for (result, item) in results.iter_mut().zip(items) {
        result.write(f(item));
    }
    // SAFETY: both arrays have `N` items, so the loop has written each of `results`, which is forgotten without a drop.
    unsafe { mem::transmute_copy::<[MaybeUninit<Y>; N], [Y; N]>(&results) }
}

#[cfg(test)]
mod tests {
    use std::{string::String, vec, vec::Vec};

    use super::*;

    #[test]
    fn maps_each_item_once() {
        let mut words = [String::from("one"), String::from("two"), String::from("three")];
        let lengths: [(usize, Vec<char>); 3] = map_each(&mut words, |word| {
            word.push('!');
            (word.len(), word.chars().take(1).collect())
        });
        assert_eq!(lengths, [(4, vec!['o']), (4, vec!['t']), (6, vec!['t'])]);
        assert_eq!(words[2], "three!");
        assert_eq!(map_each(&mut [0u8; 0], |byte| *byte), [0u8; 0]);
    }
}
